package store

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"atrium/tenants"
)

// Put implements tenants.Store.
func (f *Folder) Put(_ context.Context, doc tenants.Document, m tenants.Match, by string) (tenants.Document, error) {
	if err := checkWrite(doc.Kind, doc.Name, doc.Text); err != nil {
		return tenants.Document{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return tenants.Document{}, f.writeError(err)
	}
	defer release(root)
	old, err := f.current(root, doc.Kind, doc.Name)
	if err != nil {
		return tenants.Document{}, err
	}
	if err := conflict(old, m); err != nil {
		return tenants.Document{}, err
	}
	if old == nil && len(f.files) >= maxDocuments {
		return tenants.Document{}, fmt.Errorf("%w: there are %d documents", tenants.ErrTooLarge, len(f.files))
	}
	r := newRecord(f.event(doc.Kind, doc.Name, by, tenants.ActionUpdate), doc.Text)
	if old == nil {
		r.Action = tenants.ActionCreate
	}
	doc.Revision, doc.Modified, doc.Fault = r.Revision, r.Time, ""
	doc.Path = pathFor(doc, old)
	if err := f.logged(r, func() error { return writeDocument(root, doc, old) }); err != nil {
		return tenants.Document{}, err
	}
	if old != nil {
		delete(f.files, old.doc.Path)
	}
	f.files[doc.Path] = &file{doc: doc, sum: sha256.Sum256(doc.Text)} // no info: the next scan looks again
	return doc, nil
}

// Delete implements tenants.Store.
func (f *Folder) Delete(_ context.Context, kind tenants.Kind, name string, m tenants.Match, by string) error {
	if err := checkWrite(kind, name, nil); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return f.writeError(err)
	}
	defer release(root)
	old, err := f.current(root, kind, name)
	if err != nil {
		return err
	}
	if old == nil {
		return fmt.Errorf("%w: %s", tenants.ErrNotFound, keyOf(kind, name))
	}
	if err := conflict(old, m); err != nil {
		return err
	}
	err = f.logged(newRecord(f.event(kind, name, by, tenants.ActionDelete), nil), func() error {
		if err := root.Remove(old.doc.Path); err != nil {
			return err
		}
		return syncFolder(root, path.Dir(old.doc.Path))
	})
	if err == nil {
		delete(f.files, old.doc.Path)
	}
	return err
}

func conflict(old *file, m tenants.Match) error {
	switch {
	case old == nil && !m.Allows(0):
		return fmt.Errorf("%w: there is none", tenants.ErrConflict)
	case old != nil && (m.Absent || !m.Allows(old.doc.Revision)):
		return fmt.Errorf("%w: it is at revision %d", tenants.ErrConflict, old.doc.Revision)
	}
	return nil
}

func (f *Folder) event(kind tenants.Kind, name, by, action string) tenants.Event {
	e := tenants.Event{Time: now(), By: by, Action: action, Kind: kind, Name: name, Revision: 1}
	if p := f.journal.entries[keyOf(kind, name)]; p != nil {
		e.Revision = p.last + 1
	}
	return e
}

// logged records a change and then makes it. When it cannot be made the record is taken back; when a crash comes
// between the two, the next scan finds the file as it was and counts that as an edit by hand.
func (f *Folder) logged(r *record, change func() error) error {
	if err := f.journal.append(r); err != nil {
		return err
	}
	err := change()
	if err == nil {
		return nil
	}
	back := &record{Event: r.Event}
	back.Action = actionVoid
	return errors.Join(f.writeError(err), f.journal.append(back))
}

// pathFor chooses the document's file: the one it has, unless that is for JSON and the text is not.
func pathFor(doc tenants.Document, old *file) string {
	if old == nil {
		return tenants.DefaultPath(doc.Kind, doc.Name, doc.Text)
	}
	if isJSONFile(old.doc.Path) && !json.Valid(doc.Text) {
		return strings.TrimSuffix(old.doc.Path, ".json") + ".yaml"
	}
	return old.doc.Path
}

// writeDocument puts the text in the document's file. At each moment there is exactly one file of its name.
func writeDocument(root *os.Root, doc tenants.Document, old *file) error {
	if err := root.MkdirAll(string(doc.Kind), 0o755); err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	if doc.Kind == tenants.KindTenants {
		mode = 0o600 // it may hold secrets
	}
	if old != nil {
		if info, err := root.Lstat(old.doc.Path); err == nil && info.Mode().IsRegular() {
			mode = info.Mode().Perm()
		}
		if old.doc.Path != doc.Path {
			if err := root.Rename(old.doc.Path, doc.Path); err != nil {
				return err
			}
		}
	}
	return replaceFile(root, doc.Path, mode, func(w io.Writer) error {
		_, err := w.Write(doc.Text)
		return err
	})
}
