package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
	"unicode/utf8"

	"atrium/tenants"
)

// What a store keeps.
const (
	keepRevisions = 100    // of a document
	keepEvents    = 10_000 // of the audit
)

// actionVoid takes back the record before it of the same document: its file could not be written.
const actionVoid = "void"

// digest identifies a text.
type digest [sha256.Size]byte

// A record is one line of the journal.
type record struct {
	tenants.Event
	Text   string `json:"text,omitempty"`
	Binary []byte `json:"binary,omitempty"` // instead of Text, when that is not UTF-8

	Dropped bool `json:"dropped,omitempty"` // the text is no longer kept: only the event is
}

func newRecord(e tenants.Event, text []byte) *record {
	r := &record{Event: e}
	if utf8.Valid(text) {
		r.Text = string(text)
	} else {
		r.Binary = text
	}
	return r
}

func (r *record) text() []byte {
	if r.Binary != nil {
		return r.Binary
	}
	return []byte(r.Text)
}

func (r *record) key() string { return string(r.Kind) + "/" + r.Name }

// A journal is an append-only file of records: the history of each document, and the audit. What is in memory is an
// index; texts stay in the file. It is not safe for use from several goroutines.
type journal struct {
	keepBytes   int64 // of texts of one document
	compactFrom int64 // bytes that must be worth dropping before the file is written anew

	path     string // empty: nothing is kept beyond the process
	info     fs.FileInfo
	size     int64 // bytes that the index covers
	torn     bool  // the file does not end in a whole line
	sequence int64
	garbage  int64 // bytes of texts that are no longer kept
	entries  map[string]*past
	events   []tenants.Event // oldest first
}

// A past is the history of one document, oldest first.
type past struct {
	last      int64 // highest revision ever used
	revisions []revision
}

type revision struct {
	tenants.Revision
	sum            digest
	offset, length int64 // of its line in the file
}

func (p *past) newest() *revision {
	if p == nil || len(p.revisions) == 0 {
		return nil
	}
	return &p.revisions[len(p.revisions)-1]
}

// openJournal reads the journal, or begins one. A line that a crash left unfinished does not count.
func openJournal(path string) (*journal, error) {
	j := &journal{keepBytes: 64 << 20, compactFrom: 16 << 20, path: path, entries: map[string]*past{}}
	if path == "" {
		return j, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the history: %w", err)
	}
	if err := j.read(); err != nil {
		return nil, fmt.Errorf("read the history %s: %w", path, err)
	}
	return j, nil
}

// append writes records, all or none, and returns when they are durable. It numbers and dates them.
func (j *journal) append(records ...*record) error {
	if len(records) == 0 {
		return nil
	}
	if err := j.catchUp(); err != nil {
		return err
	}
	var lines bytes.Buffer
	if j.torn {
		lines.WriteByte('\n')
	}
	starts := make([]int64, len(records)+1)
	encoder := json.NewEncoder(&lines)
	encoder.SetEscapeHTML(false)
	for i, r := range records {
		r.Sequence = j.sequence + int64(i) + 1
		starts[i] = int64(lines.Len())
		if err := encoder.Encode(r); err != nil {
			return fmt.Errorf("encode history: %w", err)
		}
	}
	starts[len(records)] = int64(lines.Len())
	if err := j.write(lines.Bytes()); err != nil {
		return fmt.Errorf("write the history: %w", err)
	}
	for i, r := range records {
		j.index(r, j.size+starts[i], starts[i+1]-starts[i])
	}
	j.size += int64(lines.Len())
	j.torn = false
	return j.compact()
}

func (j *journal) write(lines []byte) (err error) {
	if j.path == "" {
		return nil
	}
	//nolint:gosec // the folder is the operator's to name
	f, err := os.OpenFile(j.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(lines); err != nil {
		// Half a line may be there: cut it off, or else the next reader skips it.
		return errors.Join(err, f.Truncate(j.size))
	}
	if err := f.Sync(); err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	j.info = info
	return nil
}

// catchUp reads anew what another process wrote.
func (j *journal) catchUp() error {
	if j.path == "" {
		return nil
	}
	info, err := os.Stat(j.path) //nolint:gosec // the folder is the operator's to name
	if errors.Is(err, fs.ErrNotExist) && j.info == nil {
		return nil
	}
	if err == nil && j.info != nil && os.SameFile(info, j.info) && info.Size() == j.size {
		return nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the history %s is gone; restart to begin a new one", j.path)
	}
	if err != nil {
		return err
	}
	return j.read()
}

// index adds a record to what is in memory.
func (j *journal) index(r *record, offset, length int64) {
	j.sequence = max(j.sequence, r.Sequence)
	p := j.entries[r.key()]
	if p == nil {
		p = &past{}
		j.entries[r.key()] = p
	}
	p.last = max(p.last, r.Revision)
	if r.Action == actionVoid {
		j.void(p, r)
		return
	}
	j.events = append(j.events, r.Event)
	if len(j.events) > 2*keepEvents {
		j.events = slices.Clone(j.events[len(j.events)-keepEvents:])
	}
	if r.Dropped {
		return
	}
	p.revisions = append(p.revisions, revision{
		Revision: tenants.Revision{
			Revision: r.Revision, Modified: r.Time, By: r.By, Deleted: r.Action == tenants.ActionDelete,
		},
		sum: sha256.Sum256(r.text()), offset: offset, length: length,
	})
	j.forget(p)
}

func (j *journal) void(p *past, r *record) {
	p.revisions = slices.DeleteFunc(p.revisions, func(v revision) bool { return v.Revision.Revision == r.Revision })
	j.events = slices.DeleteFunc(j.events, func(e tenants.Event) bool {
		return e.Kind == r.Kind && e.Name == r.Name && e.Revision == r.Revision
	})
}

// forget drops the oldest revisions of a document beyond what is kept.
func (j *journal) forget(p *past) {
	total := int64(0)
	for i, v := range slices.Backward(p.revisions) {
		total += v.length
		if i < len(p.revisions)-1 && (len(p.revisions)-i > keepRevisions || total > j.keepBytes) {
			for _, old := range p.revisions[:i+1] {
				j.garbage += old.length
			}
			p.revisions = slices.Clone(p.revisions[i+1:])
			return
		}
	}
}

// at reads a revision's text from the file.
func (j *journal) at(key string, number int64) (*record, error) {
	p := j.entries[key]
	if p == nil {
		return nil, tenants.ErrNotFound
	}
	for _, v := range p.revisions {
		if v.Revision.Revision != number || v.Deleted || j.path == "" {
			continue
		}
		f, err := os.Open(j.path)
		if err != nil {
			return nil, fmt.Errorf("open the history: %w", err)
		}
		defer f.Close()
		var r record
		if err := json.NewDecoder(io.NewSectionReader(f, v.offset, v.length)).Decode(&r); err != nil {
			return nil, fmt.Errorf("read the history: %w", err)
		}
		if r.key() != key || r.Revision != number {
			return nil, fmt.Errorf("read the history: %s/%s@%d is not where it was", r.Kind, r.Name, r.Revision)
		}
		return &r, nil
	}
	return nil, tenants.ErrNotFound
}

func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }
