package tenants

import (
	"cmp"
	"iter"
	"slices"

	"atrium/tenants/document"
)

// compiled is one result of compilation. Whoever depends on it remembers the pointer: another pointer is another input.
type compiled[V any] struct {
	revision int64 // of the document that it was compiled from
	value    V
}

// An entry is one document in a snapshot: as stored, and as it serves.
type entry[V, I any] struct {
	stored  Document
	serving *compiled[V]    // nil: no revision compiled yet
	issues  document.Issues // of stored; none means that stored is what serves
	inputs  I               // what the last try to compile depended on
}

// succeed returns the entry that follows old: what serves is the new value, or, when that has issues, what served before.
func succeed[V, I any](old *entry[V, I], doc Document, value V, issues document.Issues, inputs I) *entry[V, I] {
	e := &entry[V, I]{stored: doc, issues: issues.Sort(), inputs: inputs}
	switch {
	case len(issues) == 0:
		e.serving = &compiled[V]{revision: doc.Revision, value: value}
	case old != nil:
		e.serving = old.serving
	}
	return e
}

func (e *entry[V, I]) status() DocumentStatus {
	s := DocumentStatus{
		Kind: e.stored.Kind, Name: e.stored.Name, Path: e.stored.Path, Stored: e.stored.Revision, Issues: e.issues,
	}
	if e.serving != nil {
		s.Serving = e.serving.revision
	}
	return s
}

// none is the input of what depends on its own text only.
type none struct{}

// needs is what a tenant was last compiled with.
type needs[A any] struct {
	apiName, planName string
	api               *compiled[A]
	plan              *compiled[planLimits]
}

// planLimits is a compiled plan.
type planLimits struct {
	document *Plan // as written
	inForce  *Plan // over the defaults: what its tenants share that have no limits of their own
}

// served is a compiled tenant.
type served[R any] struct {
	tenant  *Tenant
	runtime R
}

type (
	specEntry[S any]      = entry[S, none]
	apiEntry[S, A any]    = entry[A, map[string]*compiled[S]]
	planEntry             = entry[planLimits, none]
	tenantEntry[A, R any] = entry[served[R], needs[A]]
)

// A snapshot is the immutable compiled state that requests are served from.
type snapshot[S, A, R any] struct {
	specs   index[*specEntry[S]]
	apis    index[*apiEntry[S, A]]
	plans   index[*planEntry]
	tenants index[*tenantEntry[A, R]]
	hosts   index[ID]           // exact hosts of the tenants that serve
	blocked map[string]struct{} // tenants to try again at each build: a host was taken, or a secret was missing
}

// document returns a document as stored, nil when there is none. It is not to be written to.
func (s *snapshot[S, A, R]) document(kind Kind, name string) *Document {
	switch kind {
	case KindSpecs:
		return storedIn(&s.specs, name)
	case KindAPIs:
		return storedIn(&s.apis, name)
	case KindPlans:
		return storedIn(&s.plans, name)
	case KindTenants:
		return storedIn(&s.tenants, name)
	}
	return nil
}

func storedIn[V, I any](ix *index[*entry[V, I]], name string) *Document {
	if e, ok := ix.get(name); ok {
		return &e.stored
	}
	return nil
}

// length is the number of documents.
func (s *snapshot[S, A, R]) length() int {
	return s.specs.len() + s.apis.len() + s.plans.len() + s.tenants.len()
}

// documents yields the documents of a kind as stored, in no particular order. They are not to be written to.
func (s *snapshot[S, A, R]) documents(kind Kind) iter.Seq[*Document] {
	switch kind {
	case KindSpecs:
		return allStored(&s.specs)
	case KindAPIs:
		return allStored(&s.apis)
	case KindPlans:
		return allStored(&s.plans)
	case KindTenants:
		return allStored(&s.tenants)
	}
	return func(func(*Document) bool) {}
}

func allStored[V, I any](ix *index[*entry[V, I]]) iter.Seq[*Document] {
	return func(yield func(*Document) bool) {
		for _, e := range ix.all() {
			if !yield(&e.stored) {
				return
			}
		}
	}
}

// statuses lists all documents in the order of Kinds, then of names.
func (s *snapshot[S, A, R]) statuses() []DocumentStatus {
	all := make([]DocumentStatus, 0, s.length())
	all = appendStatuses(all, &s.specs)
	all = appendStatuses(all, &s.apis)
	all = appendStatuses(all, &s.plans)
	return appendStatuses(all, &s.tenants)
}

func appendStatuses[V, I any](all []DocumentStatus, ix *index[*entry[V, I]]) []DocumentStatus {
	from := len(all)
	for _, e := range ix.all() {
		all = append(all, e.status())
	}
	slices.SortFunc(all[from:], func(a, b DocumentStatus) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// users lists the keys of the documents that need the given one, sorted.
func (s *snapshot[S, A, R]) users(kind Kind, name string) []string {
	var keys []string
	switch kind {
	case KindSpecs:
		for _, e := range s.apis.all() {
			if _, uses := e.inputs[name]; uses {
				keys = append(keys, e.stored.Key())
			}
		}
	case KindAPIs:
		for _, e := range s.tenants.all() {
			if e.inputs.apiName == name {
				keys = append(keys, e.stored.Key())
			}
		}
	case KindPlans:
		for _, e := range s.tenants.all() {
			if e.inputs.planName == name {
				keys = append(keys, e.stored.Key())
			}
		}
	case KindTenants:
	}
	slices.Sort(keys)
	return keys
}

// issuesOf returns the issues of a document.
func (s *snapshot[S, A, R]) issuesOf(kind Kind, name string) document.Issues {
	switch kind {
	case KindSpecs:
		return issuesIn(&s.specs, name)
	case KindAPIs:
		return issuesIn(&s.apis, name)
	case KindPlans:
		return issuesIn(&s.plans, name)
	case KindTenants:
		return issuesIn(&s.tenants, name)
	}
	return nil
}

func issuesIn[V, I any](ix *index[*entry[V, I]], name string) document.Issues {
	if e, ok := ix.get(name); ok {
		return e.issues
	}
	return nil
}

// stamp sets the time of a document that this snapshot, not yet published, has compiled.
func (s *snapshot[S, A, R]) stamp(saved Document) {
	switch saved.Kind {
	case KindSpecs:
		stampIn(&s.specs, saved)
	case KindAPIs:
		stampIn(&s.apis, saved)
	case KindPlans:
		stampIn(&s.plans, saved)
	case KindTenants:
		stampIn(&s.tenants, saved)
	}
}

func stampIn[V, I any](ix *index[*entry[V, I]], saved Document) {
	if e, ok := ix.get(saved.Name); ok {
		e.stored.Modified = saved.Modified
	}
}
