package api

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"

	"atrium/clients/schema"
)

// The bounds of an example: how deep it goes, and how long it may get.
const (
	exampleDepth = 5
	exampleBytes = 4 << 10
)

// example is a value of a type to show to people, nil when none can be made that is valid. Text says what it is the value
// of; input leaves out what only answers have.
func example(t *schema.Type, input bool) json.RawMessage {
	if t == nil || t.Kind == schema.Any {
		return nil
	}
	w := exampleWriter{input: input}
	w.value(t, "text", exampleDepth)
	var compact bytes.Buffer
	if len(w.out) > exampleBytes || json.Compact(&compact, w.out) != nil {
		return nil
	}
	mistakes := t.Check
	if input {
		mistakes = t.CheckInput
	}
	if len(mistakes(compact.Bytes(), 1)) > 0 {
		return nil
	}
	return compact.Bytes()
}

type exampleWriter struct {
	out   []byte
	input bool
}

func (w *exampleWriter) value(t *schema.Type, name string, depth int) {
	switch {
	case len(w.out) > exampleBytes:
		w.add("null") // it is dropped anyway
	case t.Default != nil:
		w.add(string(t.Default))
	case len(t.Enum) > 0:
		w.add(t.Enum[0])
	case t.Nullable && depth <= 0:
		w.add("null")
	default:
		w.plain(t, name, depth)
	}
}

func (w *exampleWriter) add(text string) { w.out = append(w.out, text...) }

func (w *exampleWriter) plain(t *schema.Type, name string, depth int) {
	switch t.Kind {
	case schema.Bool:
		w.add("true")
	case schema.Integer, schema.Number:
		w.add(exampleNumber(t))
	case schema.String:
		quoted, _ := json.Marshal(exampleText(t, name)) //nolint:errchkjson // text marshals
		w.out = append(w.out, quoted...)
	case schema.Array:
		w.list(t, name, depth)
	case schema.Object:
		w.object(t, depth)
	case schema.Union:
		w.value(t.OneOf[0], name, depth)
	case schema.Any, schema.Null:
		w.add("null")
	}
}

func (w *exampleWriter) list(t *schema.Type, name string, depth int) {
	w.add("[")
	items := 1
	if depth <= 0 {
		items = 0
	}
	if t.Limits != nil {
		items = max(items, min(t.Limits.MinItems, 3))
	}
	for i := range items {
		if i > 0 {
			w.add(",")
		}
		if t.Elem == nil {
			w.add("null")
			continue
		}
		w.value(t.Elem, strings.TrimSuffix(name, "s"), depth-1)
	}
	w.add("]")
}

// object writes the members that are required, and near the top the others too.
func (w *exampleWriter) object(t *schema.Type, depth int) {
	w.add("{")
	first := true
	for _, f := range t.Fields {
		leftOut := w.input && f.ReadOnly || !w.input && f.WriteOnly
		if leftOut || !f.Required && depth <= exampleDepth-3 {
			continue
		}
		if !first {
			w.add(",")
		}
		first = false
		quoted, _ := json.Marshal(f.Name) //nolint:errchkjson // text marshals
		w.out = append(append(w.out, quoted...), ':')
		w.value(f.Type, f.Name, depth-1)
	}
	w.add("}")
}

func exampleNumber(t *schema.Type) string {
	n := 1.0
	if l := t.Limits; l != nil {
		switch {
		case l.Minimum != nil && n <= *l.Minimum:
			n = math.Ceil(*l.Minimum)
			if l.ExclusiveMinimum && n == *l.Minimum {
				n++
			}
		case l.Maximum != nil && n > *l.Maximum:
			n = math.Floor(*l.Maximum)
		}
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}

// exampleText is a text of the type's format, else the name of what it is the value of.
func exampleText(t *schema.Type, name string) string {
	known := map[string]string{
		"date-time": "2027-01-31T12:00:00Z", "date": "2027-01-31", "time": "12:00:00Z", "duration": "PT1H",
		"email": "someone@example.com", "uri": "https://example.com/", "url": "https://example.com/",
		"uri-reference": "/path", "hostname": "example.com", "ipv4": "192.0.2.1", "ipv6": "2001:db8::1",
		"uuid": "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "byte": "dGV4dA==",
	}
	if text, ok := known[t.Format]; ok {
		return text
	}
	text := name
	if l := t.Limits; l != nil {
		if missing := l.MinLength - len(text); missing > 0 && missing < 100 {
			text += strings.Repeat("x", missing)
		}
		if l.MaxLength != nil && len(text) > *l.MaxLength {
			text = text[:*l.MaxLength]
		}
	}
	return text
}
