package store

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"
)

// Temporary files are hidden, so that nobody takes them for documents, and bear our name, so that we may remove them.
const (
	temporaryPrefix = ".atrium-"
	temporarySuffix = ".tmp"
	temporaryAge    = time.Minute // a temporary file that old was left over by a crash
)

func isTemporary(name string) bool {
	return strings.HasPrefix(name, temporaryPrefix) && strings.HasSuffix(name, temporarySuffix)
}

// release closes what was only read, or whose loss has been reported already.
func release(c io.Closer) { c.Close() }

// replaceFile writes a file below root so that, whatever happens, either the old or the new content is there, whole.
// It returns when the new one would survive a loss of power.
func replaceFile(root *os.Root, name string, mode fs.FileMode, fill func(io.Writer) error) error {
	dir := path.Dir(name)
	temporary := path.Join(dir, temporaryPrefix+rand.Text()+temporarySuffix)
	if err := writeSynced(root, temporary, mode, fill); err != nil {
		return errors.Join(err, removeIfThere(root, temporary))
	}
	if err := root.Rename(temporary, name); err != nil {
		return errors.Join(err, removeIfThere(root, temporary))
	}
	return syncFolder(root, dir)
}

func removeIfThere(root *os.Root, name string) error {
	if err := root.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func writeSynced(root *os.Root, name string, mode fs.FileMode, fill func(io.Writer) error) (err error) {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	buffered := bufio.NewWriterSize(f, 64<<10)
	if err := errors.Join(fill(buffered), buffered.Flush()); err != nil {
		return err
	}
	if err := f.Chmod(mode); err != nil { // what the umask took away from a file that had more
		return err
	}
	return f.Sync()
}

// syncFolder makes renames and removals in a folder durable.
func syncFolder(root *os.Root, dir string) error {
	f, err := root.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	return nil
}
