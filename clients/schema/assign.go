package schema

import (
	"slices"

	"atrium/tenants/document"
)

// A Mismatch is one place where a value of one type does not fit another.
type Mismatch struct {
	Pointer string // RFC 6901, from the value's root; elements of a list are "-"
	Reason  string // such as "want integer, found string"
	Null    bool   // the only fault is that it may be null
}

const maxMismatches = 20

// AssignableTo reports what keeps a value of type t from being used where want is wanted; nil when nothing does.
//
// Where nothing is known (Any) everything fits, and is left to be checked at run time. An object may have more members
// than want declares, unless want is Closed or the object was Written, which makes a member that nobody asked for a
// mistake. Members that are ReadOnly in want need not be there.
func (t *Type) AssignableTo(want *Type) []Mismatch {
	a := &assignment{seen: make(map[[2]*Type]bool)}
	a.assign(t, want, "", maxLevel)
	return a.found
}

// An assignment assumes of a pair it has begun to compare that it fits, which ends cycles.
type assignment struct {
	seen  map[[2]*Type]bool
	found []Mismatch
}

func (a *assignment) report(pointer, reason string, null bool) {
	if len(a.found) < maxMismatches {
		a.found = append(a.found, Mismatch{Pointer: pointer, Reason: reason, Null: null})
	}
}

func (a *assignment) assign(t, want *Type, pointer string, depth int) {
	if t == want || t.Kind == Any || want.Kind == Any || depth == 0 {
		return
	}
	pair := [2]*Type{t, want}
	if a.seen[pair] {
		return
	}
	a.seen[pair] = true
	if t.AllowsNull() && !want.AllowsNull() {
		a.report(pointer, "want "+want.String()+", found "+t.String(), t.Kind != Null)
		if t.Kind == Null {
			return
		}
	}
	switch {
	case t.Kind == Null:
	case t.Kind == Union:
		for _, one := range t.OneOf {
			a.assign(one.NotNull(), want, pointer, depth-1)
		}
	case want.Kind == Union:
		a.toUnion(t, want, pointer, depth)
	case t.Kind != want.Kind && (t.Kind != Integer || want.Kind != Number):
		a.report(pointer, "want "+want.NotNull().String()+", found "+t.NotNull().String(), false)
	default:
		a.sameKind(t, want, pointer, depth)
	}
}

// toUnion wants one alternative that takes all of t. When only one has the kind of t, what is wrong with it is told.
func (a *assignment) toUnion(t, want *Type, pointer string, depth int) {
	var near []Mismatch
	tried := 0
	for _, one := range want.OneOf {
		try := &assignment{seen: make(map[[2]*Type]bool)}
		for pair := range a.seen {
			try.seen[pair] = true
		}
		try.assign(t.NotNull(), one, pointer, depth-1)
		if len(try.found) == 0 {
			return
		}
		if one.Kind == t.Kind {
			near = try.found
			tried++
		}
	}
	if tried == 1 {
		for _, m := range near {
			a.report(m.Pointer, m.Reason, m.Null)
		}
		return
	}
	a.report(pointer, "want "+want.NotNull().String()+", found "+t.NotNull().String(), false)
}

func (a *assignment) sameKind(t, want *Type, pointer string, depth int) {
	switch t.Kind {
	case Bool, Integer, Number, String:
		if len(want.Enum) == 0 || len(t.Enum) == 0 {
			return
		}
		for _, value := range t.Enum {
			if !slices.Contains(want.Enum, value) {
				a.report(pointer, "want "+inWords(want.Enum)+", found "+value, false)
				return
			}
		}
	case Array:
		if t.Elem != nil && want.Elem != nil {
			a.assign(t.Elem, want.Elem, pointer+"/-", depth-1)
		}
	case Object:
		a.declared(t, want, pointer, depth)
		a.undeclared(t, want, pointer, depth)
	case Any, Null, Union:
	}
}

// declared compares the members that want declares.
func (a *assignment) declared(t, want *Type, pointer string, depth int) {
	for _, f := range want.Fields {
		at := document.PointerTo(pointer, f.Name)
		has, ok := t.Member(f.Name)
		needed := f.Required && !f.ReadOnly
		switch {
		case !ok && needed && t.Closed || !ok && needed && t.Written:
			a.report(at, "want "+f.Type.String()+", found nothing", false)
		case !ok && needed:
			a.report(at, "want "+f.Type.String()+", which "+t.String()+" does not declare", false)
		case !ok:
		case needed && !has.Required && has.Type.Kind != Any:
			a.report(at, "want "+f.Type.String()+", found "+has.Type.String()+" that may be absent", true)
			a.assign(has.Type.NotNull(), f.Type, at, depth-1)
		default:
			a.assign(has.Type, f.Type, at, depth-1)
		}
	}
}

// undeclared compares the members of t that want does not declare.
func (a *assignment) undeclared(t, want *Type, pointer string, depth int) {
	if t.Extra != nil && want.Extra != nil {
		a.assign(t.Extra, want.Extra, document.PointerTo(pointer, "*"), depth-1)
	}
	for _, f := range t.Fields {
		if want.fieldIndex(f.Name) >= 0 {
			continue
		}
		at := document.PointerTo(pointer, f.Name)
		switch {
		case want.Extra != nil:
			a.assign(f.Type, want.Extra, at, depth-1)
		case want.Closed || t.Written:
			a.report(at, want.NotNull().String()+" has no member "+f.Name+
				document.DidYouMean(f.Name, want.FieldNames()), false)
		}
	}
}
