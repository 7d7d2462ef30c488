package schema

import (
	"strconv"

	"atrium/clients/rawjson"
	"atrium/tenants/document"
)

// A Mistake is one place where JSON is not of its type. It names no value, so that it may be shown.
type Mistake struct {
	Pointer  string // RFC 6901
	Expected string // such as "integer", "at most 100 characters"
	Found    string // such as "string", "nothing", "" when Expected says it all
}

// String says what is wrong: "want integer, found string".
func (m Mistake) String() string {
	if m.Found == "" {
		return "want " + m.Expected
	}
	return "want " + m.Expected + ", found " + m.Found
}

// What bounds one check. Beyond it nothing more is found wrong.
const (
	maxVisits = 1 << 20 // values times the alternatives tried for them
	maxNest   = 4096    // alternatives inside alternatives, values of lists and objects included
)

// Check reports at most limit places where valid JSON is not of type t; nil when it is.
func (t *Type) Check(raw []byte, limit int) []Mistake { return check(t, raw, limit, false) }

// CheckInput is Check for what a caller sends: members that are ReadOnly need not be there.
func (t *Type) CheckInput(raw []byte, limit int) []Mistake { return check(t, raw, limit, true) }

func check(t *Type, raw []byte, limit int, input bool) []Mistake {
	c := &checker{limit: limit, input: input, visits: new(int)}
	c.value(t, raw, "")
	return c.mistakes
}

type checker struct {
	limit    int
	input    bool
	visits   *int
	nest     int // alternatives inside alternatives
	mistakes []Mistake
}

// full reports whether there is nothing left to find out.
func (c *checker) full() bool { return len(c.mistakes) >= c.limit || *c.visits > maxVisits }

func (c *checker) report(pointer, expected, found string) {
	if len(c.mistakes) < c.limit {
		c.mistakes = append(c.mistakes, Mistake{pointer, expected, found})
	}
}

func (c *checker) value(t *Type, raw []byte, pointer string) {
	*c.visits++
	if c.full() || t.Kind == Any || c.nest > maxNest {
		return
	}
	kind := rawjson.Kind(raw)
	if kind == rawjson.Null {
		if !t.AllowsNull() {
			c.report(pointer, t.String(), "null")
		}
		return
	}
	if t.Kind == Union {
		c.alternatives(t, raw, pointer)
		return
	}
	if !fits(t, kind, raw) {
		c.report(pointer, t.String(), foundKind(t, kind))
		return
	}
	if len(t.Enum) > 0 && !oneOf(t.Enum, raw) {
		c.report(pointer, inWords(t.Enum), "another value")
		return
	}
	switch t.Kind {
	case Integer, Number:
		c.number(t, raw, pointer)
	case String:
		c.text(t, raw, pointer)
	case Array:
		c.list(t, raw, pointer)
	case Object:
		c.object(t, raw, pointer)
	case Any, Null, Bool, Union:
	}
}

// fits compares the kind of a value with that of a type.
func fits(t *Type, kind rawjson.Type, raw []byte) bool {
	switch t.Kind {
	case Any:
		return true
	case Null:
		return kind == rawjson.Null
	case Bool:
		return kind == rawjson.Bool
	case Integer:
		return kind == rawjson.Number && isWhole(raw)
	case Number:
		return kind == rawjson.Number
	case String:
		return kind == rawjson.String
	case Array:
		return kind == rawjson.Array
	case Object:
		return kind == rawjson.Object
	case Union:
		for _, one := range t.OneOf {
			if one.Kind != Union && fits(one, kind, raw) {
				return true
			}
		}
	}
	return false
}

// foundKind names the JSON kind of a value that does not fit.
func foundKind(t *Type, kind rawjson.Type) string {
	switch kind {
	case rawjson.Null:
		return "null"
	case rawjson.Bool:
		return "boolean"
	case rawjson.Number:
		if t.Kind == Integer {
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

// alternatives tries each. When only one has the value's kind, what is wrong with it is what is wrong.
func (c *checker) alternatives(t *Type, raw []byte, pointer string) {
	kind := rawjson.Kind(raw)
	var near []Mistake
	tried := 0
	for _, one := range t.OneOf {
		if one.Kind != Union && !fits(one, kind, raw) {
			continue
		}
		tried++
		try := &checker{limit: c.limit - len(c.mistakes), input: c.input, visits: c.visits, nest: c.nest + 1}
		try.value(one, raw, pointer)
		if len(try.mistakes) == 0 {
			return
		}
		near = try.mistakes
	}
	if tried == 1 {
		c.mistakes = append(c.mistakes, near...)
		return
	}
	found := foundKind(t, kind)
	if tried > 1 {
		found += " that is none of them"
	}
	c.report(pointer, t.String(), found)
}

func (c *checker) list(t *Type, raw []byte, pointer string) {
	var seen map[string]bool
	if t.Limits != nil && t.Limits.UniqueItems {
		seen = make(map[string]bool)
	}
	count := 0
	for item := range rawjson.Each(raw) {
		at := pointer + "/" + strconv.Itoa(count)
		count++
		if seen[string(item)] {
			c.report(at, "different items", "one that is there already")
		} else if seen != nil {
			seen[string(item)] = true
		}
		if t.Elem != nil {
			c.value(t.Elem, item, at)
		}
		if c.full() {
			return
		}
	}
	if l := t.Limits; l != nil {
		c.count(pointer, count, l.MinItems, l.MaxItems, "items")
	}
}

func (c *checker) object(t *Type, raw []byte, pointer string) {
	there := make([]bool, len(t.Fields))
	count := 0
	for name, value := range rawjson.Members(raw) {
		count++
		at := document.PointerTo(pointer, name)
		i := t.fieldIndex(name)
		switch {
		case i >= 0:
			there[i] = true
			c.value(t.Fields[i].Type, value, at)
		case t.Extra != nil:
			c.value(t.Extra, value, at)
		case t.Closed:
			c.report(at, "no such member"+document.DidYouMean(name, t.FieldNames()), "")
		}
		if c.full() {
			return
		}
	}
	for i, f := range t.Fields {
		if f.Required && !there[i] && (!c.input || !f.ReadOnly) {
			c.report(document.PointerTo(pointer, f.Name), f.Type.String(), "nothing")
		}
	}
	if l := t.Limits; l != nil {
		c.count(pointer, count, l.MinProperties, l.MaxProperties, "members")
	}
}

func (t *Type) fieldIndex(name string) int {
	for i := range t.Fields {
		if t.Fields[i].Name == name {
			return i
		}
	}
	return -1
}

// count checks how many there are.
func (c *checker) count(pointer string, n, least int, most *int, what string) {
	if n < least {
		c.report(pointer, "at least "+strconv.Itoa(least)+" "+what, strconv.Itoa(n))
	}
	if most != nil && n > *most {
		c.report(pointer, "at most "+strconv.Itoa(*most)+" "+what, strconv.Itoa(n))
	}
}
