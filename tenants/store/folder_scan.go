package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"atrium/tenants"
)

// A file is one document as last read.
type file struct {
	doc  tenants.Document
	info fs.FileInfo
	read time.Time
	sum  digest
}

// fresh says whether the file can be taken for what was read without reading it again. A file changed shortly before
// it was read may have been changed since within the same tick of the file system's clock.
func (f *file) fresh(info fs.FileInfo) bool {
	return f.info != nil && os.SameFile(f.info, info) && f.info.Size() == info.Size() && f.info.Mode() == info.Mode() &&
		f.info.ModTime().Equal(info.ModTime()) && f.read.Sub(info.ModTime()) > tick
}

// A found is one file that holds a document, before it is read.
type found struct {
	kind tenants.Kind
	name string
	path string // below the folder
	info fs.FileInfo
	err  error // why there is no info
}

// scan reads what has changed since the last scan and gives new revisions to what was changed by hand.
func (f *Folder) scan(ctx context.Context, root *os.Root) error {
	all, err := list(root)
	if err != nil {
		return err
	}
	files := make(map[string]*file, len(all))
	for _, at := range all {
		if err := ctx.Err(); err != nil {
			return err
		}
		files[at.path] = f.look(root, at)
	}
	f.number(files, slices.Collect(maps.Keys(f.journal.entries)))
	f.files = files
	return nil
}

// look returns a file as last read, or reads it.
func (f *Folder) look(root *os.Root, at found) *file {
	old := f.files[at.path]
	if old != nil && at.err == nil && old.fresh(at.info) {
		return old
	}
	return readDocument(root, at, old)
}

// current returns the document's file as it is now, nil when there is none. It looks at the file again, so that an edit
// by hand that nobody has noticed yet is a revision of its own, and not overwritten unseen.
func (f *Folder) current(root *os.Root, kind tenants.Kind, name string) (*file, error) {
	files := map[string]*file{}
	var last *file
	for _, extension := range extensions() {
		at := found{kind: kind, name: name, path: keyOf(kind, name) + extension}
		link, err := root.Lstat(at.path)
		if errors.Is(err, fs.ErrNotExist) {
			delete(f.files, at.path)
			continue
		}
		if err != nil {
			return nil, f.writeError(err)
		}
		if at.info = link; link.Mode()&fs.ModeSymlink != 0 {
			at.info, at.err = root.Stat(at.path)
		}
		last = f.look(root, at)
		files[at.path] = last
	}
	f.number(files, []string{keyOf(kind, name)})
	maps.Copy(f.files, files)
	if len(files) > 1 {
		return nil, fmt.Errorf("%w: there is more than one file: %s; remove all but one",
			tenants.ErrConflict, strings.Join(slices.Sorted(maps.Keys(files)), ", "))
	}
	return last, nil
}

// number gives each file its revision: the journal's while the text is the journal's, else a new one, by hand.
// Those of the keys whose files are gone were deleted by hand.
func (f *Folder) number(files map[string]*file, keys []string) {
	f.degraded = ""
	if err := f.journal.catchUp(); err != nil {
		f.degrade(err)
	}
	names := map[string]int{} // files by key: two with one name have no history until one is gone
	for _, file := range files {
		names[file.doc.Key()]++
	}
	at := now()
	var changed []*record
	for _, p := range slices.Sorted(maps.Keys(files)) {
		file := files[p]
		past := f.journal.entries[file.doc.Key()]
		newest := past.newest()
		unreadable := file.doc.Fault != "" || names[file.doc.Key()] > 1
		switch {
		case newest != nil && (unreadable || !newest.Deleted && newest.sum == file.sum):
			file.doc.Revision, file.doc.Modified = newest.Revision.Revision, newest.Modified
		case !unreadable:
			e := f.event(file.doc.Kind, file.doc.Name, tenants.ByHand, tenants.ActionUpdate)
			if newest == nil || newest.Deleted {
				e.Action = tenants.ActionCreate
			}
			e.Time = at
			file.doc.Revision, file.doc.Modified = e.Revision, at
			changed = append(changed, newRecord(e, file.doc.Text))
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		newest := f.journal.entries[key].newest()
		if newest == nil || newest.Deleted || names[key] > 0 {
			continue
		}
		kind, name, _ := strings.Cut(key, "/")
		changed = append(changed, newRecord(f.event(tenants.Kind(kind), name, tenants.ByHand, tenants.ActionDelete), nil))
	}
	if err := f.journal.append(changed...); err != nil {
		f.degrade(err)
	}
}

func (f *Folder) degrade(err error) {
	f.degraded = fmt.Sprintf("the history of documents cannot be kept: %v", err)
}

// extensions are those of documents.
func extensions() []string { return []string{".yaml", ".yml", ".json"} }

// list finds the files that hold documents. Hidden files and other extensions are no documents. Temporary files that
// a crash left are removed.
func list(root *os.Root) ([]found, error) {
	var all []found
	for _, kind := range tenants.Kinds() {
		entries, err := readFolder(root, string(kind))
		if err != nil {
			return nil, fmt.Errorf("folder %s: %w", kind, err)
		}
		for _, e := range entries {
			if isTemporary(e.Name()) {
				removeStale(root, path.Join(string(kind), e.Name()), e)
				continue
			}
			extension := path.Ext(e.Name())
			if strings.HasPrefix(e.Name(), ".") || !slices.Contains(extensions(), extension) {
				continue
			}
			at := found{kind: kind, name: strings.TrimSuffix(e.Name(), extension), path: path.Join(string(kind), e.Name())}
			if e.Type()&fs.ModeSymlink != 0 {
				at.info, at.err = root.Stat(at.path)
			} else {
				at.info, at.err = e.Info()
			}
			if errors.Is(at.err, fs.ErrNotExist) && e.Type()&fs.ModeSymlink == 0 {
				continue // gone in between
			}
			all = append(all, at)
		}
		if len(all) > maxDocuments {
			return nil, fmt.Errorf("%w: there are more than %d files", tenants.ErrTooLarge, maxDocuments)
		}
	}
	return all, nil
}

// readFolder lists a kind's folder, sorted by name; a missing one is empty.
func readFolder(root *os.Root, name string) ([]fs.DirEntry, error) {
	dir, err := root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	entries, err := dir.ReadDir(maxDocuments + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

func removeStale(root *os.Root, name string, e fs.DirEntry) {
	if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > temporaryAge {
		_ = root.Remove(name) // in a read-only folder it stays, and stays ignored
	}
}

// readDocument reads a file, or says in the document's Fault why it cannot be read.
func readDocument(root *os.Root, at found, old *file) *file {
	f := &file{
		doc:  tenants.Document{Kind: at.kind, Name: at.name, Path: at.path},
		info: at.info, read: time.Now(),
	}
	text, err := readText(root, at)
	if err != nil {
		f.doc.Fault = err.Error()
		f.info = nil // look again next time
		return f
	}
	f.sum = sha256.Sum256(text)
	f.doc.Text = text
	if old != nil && old.doc.Fault == "" && old.sum == f.sum && bytes.Equal(old.doc.Text, text) {
		f.doc.Text = old.doc.Text // one copy, and quickly compared
	}
	return f
}

func readText(root *os.Root, at found) ([]byte, error) {
	switch {
	case at.err != nil && errors.Is(at.err, fs.ErrNotExist):
		return nil, errors.New("is a link that leads nowhere")
	case at.err != nil:
		return nil, refusal(at.err)
	case !at.info.Mode().IsRegular():
		return nil, errors.New("is not a regular file")
	}
	// Were it replaced by a pipe in between, opening must not wait for its other end.
	f, err := root.OpenFile(at.path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, refusal(err)
	}
	defer f.Close()
	most := at.kind.MaxText()
	text, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	if err != nil {
		return nil, refusal(err)
	}
	if len(text) > most {
		return nil, fmt.Errorf("has more than %d MiB", most>>20)
	}
	return text, nil
}

// refusal says why a file is not read.
func refusal(err error) error {
	e, ok := errors.AsType[*fs.PathError](err)
	switch {
	case ok && strings.Contains(e.Err.Error(), "escapes"):
		return errors.New("is a link that leaves the folder; links must be relative and stay inside")
	case ok:
		return fmt.Errorf("cannot be read: %w", e.Err)
	default:
		return fmt.Errorf("cannot be read: %w", err)
	}
}
