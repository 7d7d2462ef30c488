package schema

import (
	"slices"
	"strconv"

	"atrium/clients/rawjson"
)

// Defs collects the named types of emitted schemas, such as the components of one OpenAPI document. Types of equal name
// and content share an entry; of equal name and other content the later one gets a number behind its name.
type Defs struct {
	prefix  string
	entries []*definition // in the order met
	byType  map[*Type]*definition
	byName  map[string]*definition
}

type definition struct {
	name string
	of   *Type
	text []byte
}

// NewDefs returns an empty collection whose references start with prefix, such as "#/components/schemas/".
func NewDefs(prefix string) *Defs {
	return &Defs{prefix: prefix, byType: make(map[*Type]*definition), byName: make(map[string]*definition)}
}

// JSON returns the collected schemas as a JSON object, sorted by name; "{}" when there are none.
func (d *Defs) JSON() []byte {
	sorted := slices.SortedFunc(slices.Values(d.entries), func(a, b *definition) int {
		if a.name < b.name {
			return -1
		}
		return 1
	})
	out := []byte{'{'}
	for _, one := range sorted {
		out = member(out, one.name)
		out = append(out, one.text...)
	}
	return append(out, '}')
}

// JSONSchema returns t as JSON Schema 2020-12. Named types become references into defs, which gets to hold them.
func (t *Type) JSONSchema(defs *Defs) []byte { return defs.append(nil, t, maxLevel) }

// entry returns the definition of a named type, adding it first when it is new.
func (d *Defs) entry(t *Type) *definition {
	if known := d.byType[t]; known != nil {
		return known
	}
	name := t.Name
	for n := 2; ; n++ {
		other := d.byName[name]
		if other == nil {
			break
		}
		if Equal(other.of, t) {
			d.byType[t] = other
			return other
		}
		name = t.Name + strconv.Itoa(n)
	}
	one := &definition{name: name, of: t}
	d.byType[t], d.byName[name] = one, one
	d.entries = append(d.entries, one)
	one.text = d.appendBody(nil, t, maxLevel)
	return one
}

func (d *Defs) append(dst []byte, t *Type, depth int) []byte {
	switch {
	case depth == 0:
		return append(dst, "{}"...)
	case t.plain != nil && t.Name != "":
		dst = append(dst, `{"anyOf":[`...)
		dst = d.append(dst, t.plain, depth-1)
		return append(dst, `,{"type":"null"}]}`...)
	case t.Name != "":
		dst = append(dst, `{"$ref":`...)
		dst = rawjson.AppendQuoted(dst, d.prefix+d.entry(t).name)
		return append(dst, '}')
	}
	return d.appendBody(dst, t, depth)
}

// appendBody writes the schema itself, whether it has a name or not.
func (d *Defs) appendBody(dst []byte, t *Type, depth int) []byte {
	dst = append(dst, '{')
	dst = appendKind(dst, t)
	if t.Description != "" {
		dst = rawjson.AppendQuoted(member(dst, "description"), t.Description)
	}
	if t.Format != "" {
		dst = rawjson.AppendQuoted(member(dst, "format"), t.Format)
	}
	if len(t.Enum) > 0 {
		dst = appendEnum(member(dst, "enum"), t)
	}
	if t.Default != nil {
		dst = append(member(dst, "default"), t.Default...)
	}
	switch t.Kind {
	case Array:
		if t.Elem != nil {
			dst = d.append(member(dst, "items"), t.Elem, depth-1)
		}
	case Object:
		dst = d.appendMembers(dst, t, depth)
	case Union:
		dst = d.appendAlternatives(member(dst, "anyOf"), t, depth)
	case Any, Null, Bool, Integer, Number, String:
	}
	return append(appendLimits(dst, t.Limits), '}')
}

func appendKind(dst []byte, t *Type) []byte {
	if t.Kind == Any || t.Kind == Union {
		return dst
	}
	dst = member(dst, "type")
	name := t.Kind.String()
	if t.Kind == Array {
		name = "array"
	}
	if !t.Nullable {
		return rawjson.AppendQuoted(dst, name)
	}
	dst = rawjson.AppendQuoted(append(dst, '['), name)
	return append(dst, `,"null"]`...)
}

func appendEnum(dst []byte, t *Type) []byte {
	dst = append(dst, '[')
	for i, value := range t.Enum {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, value...)
	}
	if t.Nullable {
		dst = append(dst, ",null"...)
	}
	return append(dst, ']')
}

func (d *Defs) appendMembers(dst []byte, t *Type, depth int) []byte {
	if len(t.Fields) > 0 {
		dst = append(member(dst, "properties"), '{')
		for _, f := range t.Fields {
			dst = d.appendField(member(dst, f.Name), f, depth-1)
		}
		dst = append(dst, '}')
		dst = appendRequired(dst, t)
	}
	switch {
	case t.Closed:
		dst = append(member(dst, "additionalProperties"), "false"...)
	case t.Extra != nil && (t.Extra.Kind != Any || len(t.Fields) > 0):
		dst = d.append(member(dst, "additionalProperties"), t.Extra, depth-1)
	}
	return dst
}

// appendField writes a member's schema with what is said of the member rather than of its type.
func (d *Defs) appendField(dst []byte, f Field, depth int) []byte {
	dst = d.append(dst, f.Type, depth)
	dst = dst[:len(dst)-1]
	if f.Description != "" && (f.Type.Name != "" || f.Type.Description == "") {
		dst = rawjson.AppendQuoted(member(dst, "description"), f.Description)
	}
	if f.ReadOnly {
		dst = append(member(dst, "readOnly"), "true"...)
	}
	if f.WriteOnly {
		dst = append(member(dst, "writeOnly"), "true"...)
	}
	return append(dst, '}')
}

func appendRequired(dst []byte, t *Type) []byte {
	first := true
	for _, f := range t.Fields {
		if !f.Required {
			continue
		}
		if first {
			dst = append(member(dst, "required"), '[')
		} else {
			dst = append(dst, ',')
		}
		dst = rawjson.AppendQuoted(dst, f.Name)
		first = false
	}
	if first {
		return dst
	}
	return append(dst, ']')
}

func (d *Defs) appendAlternatives(dst []byte, t *Type, depth int) []byte {
	dst = append(dst, '[')
	for i, one := range t.OneOf {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = d.append(dst, one, depth-1)
	}
	if t.Nullable {
		dst = append(dst, `,{"type":"null"}`...)
	}
	return append(dst, ']')
}

// member begins another member of the object that dst ends in.
func member(dst []byte, name string) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	return append(rawjson.AppendQuoted(dst, name), ':')
}
