package expr

import (
	"slices"
	"sync"

	"atrium/clients/schema"

	"cel.dev/cel-go/checker"
)

// A Scope holds the names that holes may use, with their types and slots. It is immutable and safe for concurrent use.
type Scope struct {
	outer *Scope // without the name; nil for a Scope without names
	name  string
	typ   *schema.Type
	slot  int
	types *registry // shared by all Scopes that come from one

	checker func() (*checker.Env, error) // made when an expression needs it
}

// NewScope returns a Scope without names.
func NewScope() *Scope {
	s := &Scope{slot: -1, types: newRegistry()}
	s.checker = sync.OnceValues(s.newChecker)
	return s
}

// With returns a Scope that also has name, in a slot of its own; a name that is there already is shadowed.
// The name must be an identifier and no word of CEL's; a nil type is Any.
func (s *Scope) With(name string, t *schema.Type) *Scope {
	if t == nil {
		t = schema.Of(schema.Any)
	}
	in := &Scope{outer: s, name: name, typ: t, slot: s.slot + 1, types: s.types}
	in.checker = sync.OnceValues(in.newChecker)
	return in
}

// Slots returns how many slots an Env for this Scope needs.
func (s *Scope) Slots() int { return s.slot + 1 }

// Slot returns the slot of a name.
func (s *Scope) Slot(name string) (int, bool) {
	if found := s.find(name); found != nil {
		return found.slot, true
	}
	return 0, false
}

// Type returns the type of a name.
func (s *Scope) Type(name string) (*schema.Type, bool) {
	if found := s.find(name); found != nil {
		return found.typ, true
	}
	return nil, false
}

// find returns the Scope that added name, or nil.
func (s *Scope) find(name string) *Scope {
	for ; s.outer != nil; s = s.outer {
		if s.name == name {
			return s
		}
	}
	return nil
}

// names are all that may be used, sorted.
func (s *Scope) names() []string {
	var names []string
	for ; s.outer != nil; s = s.outer {
		names = append(names, s.name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Env is the raw JSON of each slot, which must be valid; nil is absent, which reads as null. It may be longer than a
// Scope needs.
type Env [][]byte

func (e Env) slot(i int) []byte {
	if i < len(e) {
		return e[i]
	}
	return nil
}
