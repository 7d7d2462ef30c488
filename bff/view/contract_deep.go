package view

import (
	"bytes"
	"strconv"

	"atrium/clients/rawjson"
	"atrium/clients/schema"
)

// A deep checks values as a whole: shapes and what must be there, but no lengths, patterns or bounds, which are no part
// of a type.
type deep struct{ visits int }

// maxVisits bounds one check. Beyond it nothing more is found wrong.
const maxVisits = 1 << 19

func (d *deep) value(t *schema.Type, raw []byte) *breach {
	d.visits++
	if t == nil || t.Kind == schema.Any || d.visits > maxVisits {
		return nil
	}
	if b := kindBreach(t, raw); b != nil || rawjson.IsNull(raw) {
		return b
	}
	switch t.Kind {
	case schema.Array:
		return d.list(t, raw)
	case schema.Object:
		return d.object(t, raw)
	case schema.Union:
		return d.union(t, raw)
	case schema.Any, schema.Null, schema.Bool, schema.Integer, schema.Number, schema.String:
	}
	return nil
}

func (d *deep) list(t *schema.Type, raw []byte) *breach {
	if t.Elem == nil || t.Elem.Kind == schema.Any {
		return nil
	}
	i := 0
	for item := range rawjson.Each(raw) {
		if b := d.value(t.Elem, item); b != nil {
			return b.in(strconv.Itoa(i))
		}
		i++
	}
	return nil
}

// union wants one alternative that holds. When only one has the value's kind, what is wrong with it is what is wrong.
func (d *deep) union(t *schema.Type, raw []byte) *breach {
	kind := rawjson.Kind(raw)
	var last *breach
	tried := 0
	for _, one := range t.OneOf {
		if !kindFits(one, kind, raw) {
			continue
		}
		tried++
		if last = d.value(one, raw); last == nil {
			return nil
		}
	}
	if tried == 1 {
		return last
	}
	return &breach{expected: t.String(), found: kindName(t, kind) + " that is none of them"}
}

// seenFields are how many declared members of one object are told apart without allocating.
const seenFields = 64

func (d *deep) object(t *schema.Type, raw []byte) *breach {
	var few [seenFields]bool
	there := few[:]
	if len(t.Fields) > seenFields {
		there = make([]bool, len(t.Fields))
	}
	next := 0 // members mostly come in the order declared
	for name, value := range rawjson.Quoted(raw) {
		i := fieldNamed(t.Fields, name, next)
		of := t.Extra
		if i >= 0 {
			there[i], next, of = true, i+1, t.Fields[i].Type
		}
		if b := d.value(of, value); b != nil {
			return b.in(string(rawjson.AppendUnquoted(nil, name)))
		}
	}
	for i := range t.Fields {
		if f := &t.Fields[i]; f.Required && !there[i] {
			return (&breach{expected: f.Type.String(), found: "nothing"}).in(f.Name)
		}
	}
	return nil
}

// fieldNamed finds a member by its name as it is written, beginning with the one expected; -1 when there is none.
func fieldNamed(fields []schema.Field, quoted []byte, next int) int {
	name := bytes.Trim(quoted, " \t\r\n")
	name = name[1 : len(name)-1]
	if bytes.IndexByte(name, '\\') >= 0 {
		name = rawjson.AppendUnquoted(nil, quoted)
	}
	for k := range fields {
		i := next + k
		if i >= len(fields) {
			i -= len(fields)
		}
		if fields[i].Name == string(name) {
			return i
		}
	}
	return -1
}
