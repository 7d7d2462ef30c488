package store

import (
	"context"
	"encoding/binary"
	"hash/maphash"
	"io/fs"
	"log/slog"
	"os"
	"syscall"
	"time"
)

// How the folder is watched.
const (
	pollEvery = 300 * time.Millisecond
	pollShare = 4               // at most one part in so many of the time goes into looking
	settleFor = 2               // looks that a change may go on before it is reported all the same
	tick      = 2 * time.Second // of the coarsest clock of a file system
)

// Watch implements tenants.Store. It looks at the files about three times a second. A change is reported once it has
// come to rest, so that a file is not read while an editor writes it; one that never rests is reported all the same.
func (f *Folder) Watch(ctx context.Context, changed func()) error {
	w := &watcher{dir: f.dir, seed: maphash.MakeSeed()}
	reported, err := w.look()
	if err != nil {
		return err
	}
	changed() // whatever changed before the first look
	pending, moving := reported, 0
	var trouble string
	var again time.Time // when to report once more what may have changed within one tick of the file system's clock
	wait := time.NewTimer(pollEvery)
	defer wait.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-wait.C:
		}
		start := time.Now()
		seen, err := w.look()
		switch {
		case err != nil:
			if err.Error() != trouble {
				f.log.WarnContext(ctx, "folder of documents cannot be read", slog.Any("error", err))
			}
			trouble = err.Error()
		case seen != reported && (seen == pending || moving >= settleFor):
			reported, pending, moving = seen, seen, 0
			again = start.Add(tick)
			changed()
		case seen != reported:
			pending = seen
			moving++
		case !again.IsZero() && start.After(again):
			again = time.Time{}
			changed()
		}
		if err == nil {
			trouble = ""
		}
		wait.Reset(max(pollEvery, pollShare*time.Since(start)))
	}
}

// A watcher sums up what the folder looks like.
type watcher struct {
	dir  string
	seed maphash.Seed
}

// look returns a number that is another whenever a file has come, gone or changed.
func (w *watcher) look() (uint64, error) {
	root, err := os.OpenRoot(w.dir)
	if err != nil {
		return 0, err
	}
	defer release(root)
	all, err := list(root)
	if err != nil {
		return 0, err
	}
	var h maphash.Hash
	h.SetSeed(w.seed)
	var number [8]byte
	for _, at := range all {
		_, _ = h.WriteString(at.path)
		_ = h.WriteByte(0)
		if at.info == nil {
			_, _ = h.WriteString(at.err.Error())
			continue
		}
		for _, n := range []int64{at.info.Size(), at.info.ModTime().UnixNano(), int64(at.info.Mode()), inode(at.info)} {
			binary.LittleEndian.PutUint64(number[:], uint64(n))
			_, _ = h.Write(number[:])
		}
	}
	return h.Sum64(), nil
}

// inode tells a file from another that took its name; 0 where there is no such thing.
func inode(info fs.FileInfo) int64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int64(stat.Ino)
	}
	return 0
}
