package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"atrium/tenants"
)

// maxDocuments bounds how many documents a store holds.
const maxDocuments = 250_000

// A Folder keeps documents as files: DIR/{specs,apis,plans,tenants}/NAME.{yaml,yml,json}. Whoever edits the files by
// hand is followed; what the admin API changes is written back to them. It needs no closing.
type Folder struct {
	dir string
	log *slog.Logger

	mu       sync.Mutex
	journal  *journal
	files    map[string]*file // by path, as last read
	degraded string
}

var _ tenants.Store = (*Folder)(nil)

// FolderOptions configure a Folder.
type FolderOptions struct {
	Data string       // history and audit are kept in Data/history; empty: only as long as the process lives, without texts
	Log  *slog.Logger // nil: nothing is logged
}

// OpenFolder opens a folder of documents, which must exist; those of its kinds need not.
func OpenFolder(dir string, o FolderOptions) (*Folder, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open the folder of documents: %w", err)
	}
	info, err := os.Stat(absolute) //nolint:gosec // the folder is the operator's to name
	if err == nil && !info.IsDir() {
		err = &fs.PathError{Op: "open", Path: absolute, Err: syscall.ENOTDIR}
	}
	if err != nil {
		return nil, fmt.Errorf("open the folder of documents: %w", err)
	}
	path := ""
	if o.Data != "" {
		path = filepath.Join(o.Data, "history", "journal.jsonl")
	}
	j, err := openJournal(path)
	if err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Folder{dir: absolute, log: o.Log, journal: j, files: map[string]*file{}}, nil
}

// ReadFolder reads the documents of a folder once, without history: for checks.
func ReadFolder(ctx context.Context, dir string) ([]tenants.Document, error) {
	f, err := OpenFolder(dir, FolderOptions{})
	if err != nil {
		return nil, err
	}
	return f.Load(ctx)
}

// Load implements tenants.Store.
func (f *Folder) Load(ctx context.Context) ([]tenants.Document, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return nil, fmt.Errorf("open the folder of documents: %w", err)
	}
	defer release(root)
	if err := f.scan(ctx, root); err != nil {
		return nil, fmt.Errorf("read %s: %w", f.dir, err)
	}
	docs := make([]tenants.Document, 0, len(f.files))
	for _, file := range f.files {
		docs = append(docs, file.doc)
	}
	return docs, nil
}

// History implements tenants.Store.
func (f *Folder) History(_ context.Context, kind tenants.Kind, name string) ([]tenants.Revision, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.journal.entries[keyOf(kind, name)]
	if p == nil {
		return nil, fmt.Errorf("%w: %s", tenants.ErrNotFound, keyOf(kind, name))
	}
	all := make([]tenants.Revision, 0, len(p.revisions))
	for _, v := range slices.Backward(p.revisions) {
		all = append(all, v.Revision)
	}
	return all, nil
}

// At implements tenants.Store.
func (f *Folder) At(_ context.Context, kind tenants.Kind, name string, number int64) (tenants.Document, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r, err := f.journal.at(keyOf(kind, name), number)
	if err != nil {
		return tenants.Document{}, fmt.Errorf("%s at revision %d: %w", keyOf(kind, name), number, err)
	}
	return tenants.Document{
		Kind: kind, Name: name, Text: r.text(), Revision: number, Modified: r.Time,
		Path: tenants.DefaultPath(kind, name, r.text()),
	}, nil
}

// Audit implements tenants.Store.
func (f *Folder) Audit(_ context.Context, before int64, limit int) ([]tenants.Event, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var events []tenants.Event
	for _, e := range slices.Backward(f.journal.events) {
		if before != 0 && e.Sequence >= before {
			continue
		}
		if len(events) >= limit {
			break
		}
		events = append(events, e)
	}
	return events, nil
}

// Degraded implements tenants.Store.
func (f *Folder) Degraded() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.degraded
}

func keyOf(kind tenants.Kind, name string) string { return string(kind) + "/" + name }

// checkWrite says whether a document may be stored at all.
func checkWrite(kind tenants.Kind, name string, text []byte) error {
	if !kind.Valid() {
		return fmt.Errorf("%w: unknown kind %q", tenants.ErrName, kind)
	}
	if err := tenants.CheckName(kind, name); err != nil {
		return fmt.Errorf("%w: %w", tenants.ErrName, err)
	}
	if len(text) > kind.MaxText() {
		return fmt.Errorf("%w: %d bytes are allowed, found %d", tenants.ErrTooLarge, kind.MaxText(), len(text))
	}
	return nil
}

// writeError tells a folder that cannot be written from other trouble.
func (f *Folder) writeError(err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return fmt.Errorf("%w: the folder %s is read-only", tenants.ErrReadOnly, f.dir)
	}
	return fmt.Errorf("write to the folder %s: %w", f.dir, err)
}

func isJSONFile(path string) bool { return strings.HasSuffix(path, ".json") }
