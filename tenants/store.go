package tenants

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// The states that a change or a look-up of documents can end in.
var (
	ErrNotFound = errors.New("no such document")
	// ErrConflict: the document is not at the revision that the caller expects.
	ErrConflict = errors.New("the document has changed")
	// ErrReadOnly: the store cannot be written; the error that wraps it names the folder.
	ErrReadOnly = errors.New("documents cannot be written")
	// ErrInUse: another document needs the one to be deleted; see InUseError.
	ErrInUse = errors.New("the document is in use")
	// ErrName: the document's kind or name is not one; the error that wraps it says what a name looks like.
	ErrName = errors.New("not a document's name")
	// ErrUnavailable: the store does not answer; whether a change was made is not known.
	ErrUnavailable = errors.New("the store of documents does not answer")
	// ErrTooLarge: the text exceeds Kind.MaxText, or the store its number of documents.
	ErrTooLarge = errors.New("too large to be stored")
)

// An InUseError says which documents need the one to be deleted. It is ErrInUse.
type InUseError struct {
	Kind Kind
	Name string
	By   []string // keys such as "tenants/acme", sorted; at most ten
	More int      // how many there are besides
}

// Error implements error.
func (e *InUseError) Error() string {
	text := fmt.Sprintf("%s/%s is in use by %s", e.Kind, e.Name, strings.Join(e.By, ", "))
	if e.More > 0 {
		text += fmt.Sprintf(" and %d more", e.More)
	}
	return text
}

// Is makes errors.Is(err, ErrInUse) true.
func (e *InUseError) Is(target error) bool { return target == ErrInUse }

// A Match is the condition under which a change is made. The zero value asks nothing.
type Match struct {
	Revision int64 // the document's current revision (If-Match); 0: any, and also none
	Absent   bool  // there is no such document (If-None-Match: *)
}

// Allows says whether a document at the revision fulfils the condition; revision is 0 when there is none.
func (m Match) Allows(revision int64) bool {
	if m.Absent {
		return revision == 0
	}
	return m.Revision == 0 || m.Revision == revision
}

// A Revision is one entry of a document's history.
type Revision struct {
	Revision int64     `json:"revision"`
	Modified time.Time `json:"modified"`
	By       string    `json:"by"`
	Deleted  bool      `json:"deleted,omitempty"`
}

// The actions of an Event.
const (
	ActionCreate = "create"
	ActionUpdate = "update"
	ActionDelete = "delete"
)

// An Event is one entry of the audit: who changed what, and when. It never holds the text.
type Event struct {
	Sequence int64     `json:"sequence"` // grows with each event
	Time     time.Time `json:"time"`
	By       string    `json:"by"` // ByHand when the file was edited outside of the admin API
	Action   string    `json:"action"`
	Kind     Kind      `json:"kind"`
	Name     string    `json:"name"`
	Revision int64     `json:"revision"`
}

// ByHand is who a change belongs to that was made to the files themselves.
const ByHand = "file"

// A Store keeps documents with their revisions and history. Its methods may be called at the same time.
// Kinds and names are checked: ErrName.
type Store interface {
	// Load returns all documents, sorted by nothing in particular. What cannot be read has a Fault; two
	// documents with one name are both returned. An error means that nothing is known.
	Load(ctx context.Context) ([]Document, error)
	// Put stores doc.Text as a new revision, durably, and returns it as stored. Of doc it reads Kind, Name and
	// Text. ErrConflict when m does not hold, ErrReadOnly, ErrUnavailable, ErrTooLarge.
	Put(ctx context.Context, doc Document, m Match, by string) (Document, error)
	// Delete removes a document; its history stays. ErrNotFound, ErrConflict, ErrReadOnly,
	// ErrUnavailable.
	Delete(ctx context.Context, kind Kind, name string, m Match, by string) error
	// History lists the revisions that are kept, newest first, those of a deleted document too. ErrNotFound when
	// there never was such a document.
	History(ctx context.Context, kind Kind, name string) ([]Revision, error)
	// At returns a document as it was at a revision. ErrNotFound when that is not kept, or was its deletion.
	At(ctx context.Context, kind Kind, name string, revision int64) (Document, error)
	// Audit lists events newest first: at most limit of those whose Sequence is below before; 0 means the newest.
	Audit(ctx context.Context, before int64, limit int) ([]Event, error)
	// Watch calls changed at its start, and then when anything may have changed, within a second of it, until ctx
	// ends; then it returns nil. changed must return soon.
	Watch(ctx context.Context, changed func()) error
	// Degraded says what the store does without for now, for the operator; empty when all is well.
	Degraded() string
}
