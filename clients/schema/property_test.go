package schema_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"atrium/clients/rawjson"
	"atrium/clients/schema"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"
)

type object = map[string]any

// schemas draws JSON Schemas in which every keyword has the meaning that types keep. limits adds bounds on values,
// which AssignableTo leaves to run time.
func schemas(limits bool, depth int) *rapid.Generator[object] {
	return rapid.Custom(func(t *rapid.T) object {
		kinds := []string{"string", "integer", "number", "boolean", "null"}
		if depth > 0 {
			kinds = append(kinds, "array", "object", "object", "anyOf")
		}
		kind := rapid.SampledFrom(kinds).Draw(t, "kind")
		s := object{"type": kind}
		if kind != "null" && kind != "anyOf" && rapid.Bool().Draw(t, "nullable") {
			s["type"] = []string{kind, "null"}
		}
		switch kind {
		case "array":
			s["items"] = schemas(limits, depth-1).Draw(t, "items")
		case "object":
			drawObject(t, s, limits, depth)
		case "anyOf":
			return object{"anyOf": rapid.SliceOfN(schemas(limits, depth-1), 2, 3).Draw(t, "anyOf")}
		}
		if limits {
			drawLimits(t, s, kind)
		}
		return s
	})
}

func drawObject(t *rapid.T, s object, limits bool, depth int) {
	properties, required := object{}, []string{}
	names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c"}), 1, 3, rapid.ID)
	for _, name := range names.Draw(t, "names") {
		properties[name] = schemas(limits, depth-1).Draw(t, name)
		if rapid.Bool().Draw(t, "required") {
			required = append(required, name)
		}
	}
	s["properties"], s["required"] = properties, required
	switch rapid.IntRange(0, 2).Draw(t, "others") {
	case 1:
		s["additionalProperties"] = false
	case 2:
		s["additionalProperties"] = schemas(limits, 0).Draw(t, "additional")
	}
}

func drawLimits(t *rapid.T, s object, kind string) {
	if !rapid.Bool().Draw(t, "limited") {
		return
	}
	switch kind {
	case "string":
		s["minLength"], s["maxLength"], s["pattern"] = 1, 2, "^[xy]"
	case "integer":
		s["minimum"], s["exclusiveMaximum"] = 1, 3
	case "number":
		s["multipleOf"] = 0.5
		s["enum"] = []any{0.5, 1, 2, nil}
	case "array":
		s["minItems"], s["maxItems"], s["uniqueItems"] = 1, 2, true
	case "object":
		s["maxProperties"] = 2
	}
}

func values(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		n := 8
		if depth == 0 {
			n = 6
		}
		switch rapid.IntRange(0, n-1).Draw(t, "kind") {
		case 0:
			return nil
		case 1:
			return rapid.Bool().Draw(t, "bool")
		case 2, 3:
			return json.Number(rapid.SampledFrom([]string{"0", "1", "2", "3", "0.5", "1.25", "2.0", "-1"}).Draw(t, "number"))
		case 4, 5:
			return rapid.SampledFrom([]string{"", "x", "yz", "xyz", "é", "a"}).Draw(t, "text")
		case 6:
			return rapid.SliceOfN(values(depth-1), 0, 3).Draw(t, "list")
		}
		return rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c", "d"}), values(depth-1), 0, 4).Draw(t, "object")
	})
}

// oracle is a complete implementation of JSON Schema.
func oracle(t *rapid.T, text []byte) *jsonschema.Schema {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("mem:///s.json", doc); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	compiled, err := c.Compile("mem:///s.json")
	if err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return compiled
}

func marshal(t *rapid.T, v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestCheckAgreesWithJSONSchema(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := marshal(t, schemas(true, 2).Draw(t, "schema"))
		typ, err := schema.FromJSON(text)
		if err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		emitted := typ.JSONSchema(schema.NewDefs("#/$defs/"))
		again, err := schema.FromJSON(emitted)
		if err != nil || !schema.Equal(typ, again) {
			t.Fatalf("%s\nwas emitted as\n%s\n%v", text, emitted, err)
		}
		want, other := oracle(t, text), oracle(t, emitted)
		for range 5 {
			raw := marshal(t, values(3).Draw(t, "value"))
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
			if err != nil {
				t.Fatal(err)
			}
			invalid := want.Validate(value)
			mistakes := typ.Check(raw, 5)
			if (invalid == nil) != (mistakes == nil) {
				t.Fatalf("%s\nof %s:\n%v\nbut %v", raw, text, mistakes, invalid)
			}
			if (invalid == nil) != (other.Validate(value) == nil) {
				t.Fatalf("%s\nof %s\nis another matter for %s", raw, text, emitted)
			}
		}
	})
}

func TestWhatIsAssignableFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from, to := schemas(false, 2).Draw(t, "from"), schemas(false, 2).Draw(t, "to")
		if rapid.Bool().Draw(t, "same") {
			to = object{"anyOf": []any{from, to}}
		}
		a, err := schema.FromJSON(marshal(t, from))
		if err != nil {
			t.Fatal(err)
		}
		b, err := schema.FromJSON(marshal(t, to))
		if err != nil {
			t.Fatal(err)
		}
		if a.AssignableTo(b) != nil {
			t.Skip()
		}
		for range 5 {
			raw := marshal(t, values(3).Draw(t, "value"))
			if a.Check(raw, 1) == nil && b.Check(raw, 1) != nil && !undeclared(a, raw) {
				t.Fatalf("%s is %s, but not the %s that it should be assignable to", raw, marshal(t, from), marshal(t, to))
			}
		}
	})
}

// undeclared reports whether a value has members that its type says nothing about. What they hold only run time tells.
func undeclared(t *schema.Type, raw []byte) bool {
	switch rawjson.Kind(raw) {
	case rawjson.Array:
		for item := range rawjson.Each(raw) {
			if t.Elem != nil && undeclared(t.Elem, item) {
				return true
			}
		}
	case rawjson.Object:
		for name, value := range rawjson.Members(raw) {
			m, ok := t.Member(name)
			if !ok && t.Kind == schema.Object || ok && m.Type.Kind != schema.Any && undeclared(m.Type, value) {
				return true
			}
		}
	case rawjson.Invalid, rawjson.Null, rawjson.Bool, rawjson.Number, rawjson.String:
	}
	for _, one := range t.OneOf {
		if undeclared(one, raw) {
			return true
		}
	}
	return false
}

// FuzzRead wants that no schema and no value upsets anything, that types are emitted as schemas which read as the same
// types, and that reading ends.
func FuzzRead(f *testing.F) {
	f.Add([]byte(orderSchema), []byte(`{"id": 1, "lines": [{}]}`))
	f.Add([]byte(`{"$ref":"#"}`), []byte(`{}`))
	f.Add([]byte(`{"allOf":[{"$ref":"#"},{"type":"object","properties":{"a":{"$ref":"#"}}}]}`), []byte(`{"a":{}}`))
	f.Add([]byte(`{"oneOf":[{"$ref":"#"},{"type":"string"},{"properties":{"x":{"$ref":"#"}}}]}`), []byte(`{"x":"y"}`))
	f.Add([]byte(`{"anyOf":[{"type":"null"},{"$ref":"#/$defs/a"}],"$defs":{"a":{"items":{"$ref":"#"}}}}`), []byte(`[[1]]`))
	f.Add([]byte(`{"type":["string","null"],"enum":[null,1]}`), []byte(`null`))
	f.Fuzz(func(t *testing.T, text, raw []byte) {
		typ, err := schema.FromJSON(text)
		if err != nil {
			return
		}
		defs := schema.NewDefs("#/$defs/")
		emitted := typ.JSONSchema(defs)
		whole := fmt.Appendf(nil, `{"$defs":%s,"allOf":[%s]}`, defs.JSON(), emitted)
		if err := rawjson.Valid(whole); err != nil {
			t.Fatalf("%s is emitted as %s: %v", text, whole, err)
		}
		_ = typ.String()
		_ = typ.FieldNames()
		_ = typ.AssignableTo(typ.OrNull())
		if rawjson.Valid(raw) == nil {
			typ.Check(raw, 3)
		}
	})
}

func BenchmarkCheck(b *testing.B) {
	typ, err := schema.FromJSON([]byte(orderSchema))
	if err != nil {
		b.Fatal(err)
	}
	raw := []byte(`{"id": 12, "status": "paid", "note": "abc", "total": 12.5, "lines": [{"count": 1}, {"count": 2}],
		"labels": {"a": "b"}, "payment": {"card": "x"}}`)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if typ.Check(raw, 10) != nil {
			b.Fatal("it is right")
		}
	}
}
