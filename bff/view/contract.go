package view

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"

	"atrium/clients"
	"atrium/clients/rawjson"
	"atrium/clients/schema"
	"atrium/tenants/document"
)

// A Breach is the first place found where an answer is not of the type that its operation declares. It shows no value.
type Breach struct {
	Pointer  string // RFC 6901, into the answer
	Expected string // such as "integer"
	Found    string // such as "string", "nothing"
}

// Error implements error.
func (b *Breach) Error() string {
	where := b.Pointer
	if where == "" {
		where = "the answer"
	}
	return where + ": want " + b.Expected + ", found " + b.Found
}

// A Witness is a Caller that is told of answers that break their contract where the view reads them. Such an answer is
// a failed call, whose error is a *clients.Error of kind Contract.
type Witness interface {
	Broken(ctx context.Context, s *Step, b *Breach)
}

// A contract is what a view reads of an answer: what it does not read may be as it likes.
type contract struct {
	scanners sync.Pool     // of *rawjson.Scanner, for each steps
	trie     *rawjson.Trie // of an each step, whose answers are scanned one by one; else the step's own
	whole    *schema.Type  // all of it is read; nil when only the checks are
	root     *schema.Type  // what the answer is
	reads    []read
}

// A read is a place in an answer, or in each element of a list.
type read struct {
	name     string // the last segment of its path
	column   int
	within   int // the read around it; -1 for the answer, or the element
	typ      *schema.Type
	required bool
	self     bool          // it is the answer itself
	deep     bool          // all that is in it is read
	rows     *rawjson.Trie // its elements are read; nil when they are not
	elem     *schema.Type
	reads    []read // of the elements
}

// check returns the first breach of an answer; nil when it is as promised.
func (c *contract) check(raw []byte, row rawjson.Row) *Breach {
	d := deep{}
	b := d.value(c.whole, raw)
	if c.whole == nil {
		if b = kindBreach(c.root, raw); b == nil && !rawjson.IsNull(raw) {
			b = d.row(c.reads, row)
		}
	}
	if b == nil {
		return nil
	}
	slices.Reverse(b.path)
	pointer := ""
	for _, name := range b.path {
		pointer = document.PointerTo(pointer, name)
	}
	return &Breach{Pointer: pointer, Expected: b.expected, Found: b.found}
}

// A breach is a Breach whose path is still being found, from its end.
type breach struct {
	path            []string
	expected, found string
}

func (b *breach) in(name string) *breach {
	b.path = append(b.path, name)
	return b
}

func (d *deep) row(reads []read, row rawjson.Row) *breach {
	for i := range reads {
		r := &reads[i]
		if b := d.read(reads, r, row); b != nil {
			if !r.self {
				b.in(r.name)
			}
			for at := r.within; at >= 0; at = reads[at].within {
				b.in(reads[at].name)
			}
			return b
		}
	}
	return nil
}

// read checks one place. Where what is around it is null, absent or of another kind, there is nothing to check.
func (d *deep) read(reads []read, r *read, row rawjson.Row) *breach {
	raw := row.Get(r.column)
	if raw == nil {
		around := row.Value()
		if r.within >= 0 {
			around = row.Get(reads[r.within].column)
		}
		if r.required && rawjson.Kind(around) == rawjson.Object {
			return &breach{expected: r.typ.String(), found: "nothing"}
		}
		return nil
	}
	if r.deep {
		return d.value(r.typ, raw)
	}
	if b := kindBreach(r.typ, raw); b != nil || r.rows == nil {
		return b
	}
	rows, _ := row.Rows(r.rows)
	for i := range rows.Len() {
		one := rows.At(i)
		b := kindBreach(r.elem, one.Value())
		if b == nil {
			b = d.row(r.reads, one)
		}
		if b != nil {
			name := strconv.Itoa(i)
			if key := one.Key(); key != nil {
				name = string(rawjson.AppendUnquoted(nil, key))
			}
			return b.in(name)
		}
	}
	return nil
}

// accords checks the answer of a step that was scanned already.
func (r *run) accords(ctx context.Context, pl *plan, raw []byte) error {
	if pl.contract == nil {
		return nil
	}
	row := rawjson.Row{}
	if b := r.p.roots[pl.slot]; b != nil {
		row = r.rows[b.row]
	}
	return r.broken(ctx, pl, pl.contract.check(raw, row))
}

// accordsAlone checks one answer of an each step.
func (r *run) accordsAlone(ctx context.Context, pl *plan, raw []byte) error {
	c := pl.contract
	switch {
	case c == nil:
		return nil
	case len(c.reads) == 0:
		return r.broken(ctx, pl, c.check(raw, rawjson.Row{}))
	}
	s, ok := c.scanners.Get().(*rawjson.Scanner)
	if !ok {
		s = new(rawjson.Scanner)
	}
	defer func() {
		s.Reset()
		c.scanners.Put(s)
	}()
	row, err := s.Scan(c.trie, raw)
	if err != nil {
		return unreadable(pl.step, err)
	}
	return r.broken(ctx, pl, c.check(raw, row))
}

// broken makes the error of a breach, and says so to who wants to know.
func (r *run) broken(ctx context.Context, pl *plan, b *Breach) error {
	if b == nil {
		return nil
	}
	if w, ok := r.caller.(Witness); ok {
		w.Broken(ctx, pl.step, b)
	}
	return &clients.Error{Kind: clients.Contract, Upstream: pl.step.Upstream, Operation: pl.step.Operation.ID, Err: b}
}

// kindBreach compares the kind of a value with its type, and looks no deeper.
func kindBreach(t *schema.Type, raw []byte) *breach {
	kind := rawjson.Kind(raw)
	if kindFits(t, kind, raw) {
		return nil
	}
	if kind == wordKind(t) && len(t.Enum) > 0 && (t.Kind != schema.Integer || whole(raw)) {
		return &breach{expected: "one of " + strings.Join(t.Enum[:min(len(t.Enum), shownEnum)], ", "), found: "another value"}
	}
	return &breach{expected: t.String(), found: kindName(t, kind)}
}

const shownEnum = 12

func kindFits(t *schema.Type, kind rawjson.Type, raw []byte) bool {
	if t == nil || t.Kind == schema.Any || kind == rawjson.Null && t.AllowsNull() {
		return true
	}
	if t.Kind == schema.Union {
		return slices.ContainsFunc(t.OneOf, func(one *schema.Type) bool { return kindFits(one, kind, raw) })
	}
	return kind == wordKind(t) && (t.Kind != schema.Integer || whole(raw)) && (len(t.Enum) == 0 || among(t.Enum, kind, raw))
}

// wordKind is the JSON kind that a type has but for null.
func wordKind(t *schema.Type) rawjson.Type {
	switch t.Kind {
	case schema.Null:
		return rawjson.Null
	case schema.Bool:
		return rawjson.Bool
	case schema.Integer, schema.Number:
		return rawjson.Number
	case schema.String:
		return rawjson.String
	case schema.Array:
		return rawjson.Array
	case schema.Object:
		return rawjson.Object
	case schema.Any, schema.Union:
	}
	return rawjson.Invalid
}

// whole reports whether a number has no fraction. One with an exponent may be larger than any number here, and passes.
func whole(raw []byte) bool {
	text := string(raw)
	if strings.ContainsAny(text, "eE") {
		return true
	}
	_, fraction, _ := strings.Cut(text, ".")
	return strings.Trim(fraction, "0 \t\r\n") == ""
}

// among compares a value with those that are allowed, however each is written.
func among(enum []string, kind rawjson.Type, raw []byte) bool {
	if slices.Contains(enum, string(raw)) {
		return true
	}
	return slices.ContainsFunc(enum, func(allowed string) bool {
		other := []byte(allowed)
		switch {
		case rawjson.Kind(other) != kind:
			return false
		case kind == rawjson.String:
			return string(rawjson.AppendUnquoted(nil, raw)) == string(rawjson.AppendUnquoted(nil, other))
		case kind == rawjson.Number:
			return compareNumbers(raw, other) == 0
		}
		return kind == rawjson.Array || kind == rawjson.Object // too rare to compare
	})
}

func kindName(t *schema.Type, kind rawjson.Type) string {
	switch kind {
	case rawjson.Null:
		return "null"
	case rawjson.Bool:
		return "boolean"
	case rawjson.Number:
		if t.Kind == schema.Integer {
			return "a number with a fraction"
		}
		return "number"
	case rawjson.String:
		return "string"
	case rawjson.Array:
		return "list"
	case rawjson.Object:
		return "object"
	case rawjson.Invalid:
	}
	return "nothing"
}
