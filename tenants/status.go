package tenants

import (
	"time"

	"atrium/tenants/document"
)

// A Status says how the documents are: what serves, what does not, and whether the store is followed.
type Status struct {
	Documents []DocumentStatus `json:"documents"` // by kind in the order of Kinds, then by name
	Failing   int              `json:"failing"`   // documents with issues
	Reload    Reload           `json:"reload"`
	Degraded  string           `json:"degraded,omitempty"` // what the store does without for now; empty when all is well
}

// A DocumentStatus says which revision of a document serves.
type DocumentStatus struct {
	Kind    Kind            `json:"kind"`
	Name    string          `json:"name"`
	Path    string          `json:"path"`
	Stored  int64           `json:"stored"`           // the newest revision
	Serving int64           `json:"serving"`          // the revision in use; 0 when none is
	Issues  document.Issues `json:"issues,omitempty"` // why Stored does not serve
}

// A Reload says how the last reading of the store went.
type Reload struct {
	Time  time.Time `json:"time"` // zero before the first
	OK    bool      `json:"ok"`
	Error string    `json:"error,omitempty"` // the operator's; empty when OK
}

// Status returns how the documents are now.
func (d *Directory[S, A, R]) Status() Status {
	s := Status{
		Documents: d.current.Load().statuses(), Reload: *d.reloaded.Load(), Degraded: d.store.Degraded(),
	}
	for _, doc := range s.Documents {
		if len(doc.Issues) > 0 {
			s.Failing++
		}
	}
	return s
}

func (d *Directory[S, A, R]) failing() int64 {
	s := d.current.Load()
	return failingIn(&s.specs) + failingIn(&s.apis) + failingIn(&s.plans) + failingIn(&s.tenants)
}

func failingIn[V, I any](ix *index[*entry[V, I]]) int64 {
	n := int64(0)
	for _, e := range ix.all() {
		if len(e.issues) > 0 {
			n++
		}
	}
	return n
}
