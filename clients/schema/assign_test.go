package schema_test

import (
	"slices"
	"testing"

	"atrium/clients/schema"

	"github.com/google/go-cmp/cmp"
)

func sortedStrings(list []string) []string { return slices.Sorted(slices.Values(list)) }

// defs reads types by name.
func defs(t *testing.T, text string) func(name string) *schema.Type {
	t.Helper()
	whole, err := schema.FromJSON([]byte(`{"properties": ` + text + `}`))
	if err != nil {
		t.Fatal(err)
	}
	return func(name string) *schema.Type {
		t.Helper()
		m, ok := whole.Member(name)
		if !ok {
			t.Fatalf("no type %s", name)
		}
		return m.Type
	}
}

func TestAssignableTo(t *testing.T) {
	of := defs(t, `{
		"text": {"type": "string"}, "textOrNull": {"type": ["string", "null"]}, "int": {"type": "integer"},
		"number": {"type": "number"}, "any": {}, "null": {"type": "null"},
		"ab": {"enum": ["a", "b"]}, "abc": {"enum": ["a", "b", "c"]},
		"ints": {"type": "array", "items": {"type": "integer"}}, "texts": {"type": "array", "items": {"type": "string"}},
		"list": {"type": "array"},
		"textOrInt": {"type": ["string", "integer"]},
		"customer": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "name": {"type": "string"}}},
		"larger": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "since": {"type": "string"}}},
		"optional": {"type": "object", "properties": {"id": {"type": "string"}}},
		"closed": {"type": "object", "additionalProperties": false, "properties": {"id": {"type": "string"}}},
		"created": {"type": "object", "required": ["id", "name"],
			"properties": {"id": {"type": "string", "readOnly": true}, "name": {"type": "string"}}},
		"map": {"type": "object", "additionalProperties": {"type": "string"}},
		"choice": {"oneOf": [{"$ref": "#/properties/customer"}, {"type": "string"}]}
	}`)
	text := schema.Field{Name: "name", Type: schema.Of(schema.String), Required: true}
	misspelt := schema.Field{Name: "nome", Type: schema.Of(schema.String), Required: true}
	for name, test := range map[string]struct {
		from, to *schema.Type
		want     []schema.Mismatch
	}{
		"same":                 {of("customer"), of("customer"), nil},
		"any fits":             {of("any"), of("customer"), nil},
		"fits any":             {of("null"), of("any"), nil},
		"integer is a number":  {of("int"), of("number"), nil},
		"number is no integer": {of("number"), of("int"), []schema.Mismatch{{Reason: "want integer, found number"}}},
		"null":                 {of("null"), of("textOrNull"), nil},
		"null where none goes": {of("null"), of("text"), []schema.Mismatch{{Reason: "want string, found null"}}},
		"may be null": {
			of("textOrNull"), of("text"),
			[]schema.Mismatch{
				{Reason: "want string, found string or null", Null: true},
			},
		},
		"enum in enum":           {of("ab"), of("abc"), nil},
		"enum too large":         {of("abc"), of("ab"), []schema.Mismatch{{Reason: `want one of "a", "b", found "c"`}}},
		"enum is text":           {of("ab"), of("text"), nil},
		"text may be of an enum": {of("text"), of("ab"), nil},
		"elements": {
			of("ints"), of("texts"),
			[]schema.Mismatch{
				{Pointer: "/-", Reason: "want string, found integer"},
			},
		},
		"list of anything": {of("ints"), of("list"), nil},
		"union into one": {
			of("textOrInt"), of("text"),
			[]schema.Mismatch{
				{Reason: "want string, found integer"},
			},
		},
		"one into union": {of("text"), of("textOrInt"), nil},
		"none of a union": {
			of("ints"), of("textOrInt"),
			[]schema.Mismatch{
				{Reason: "want string or integer, found list of integer"},
			},
		},
		"object into union": {
			of("optional"), of("choice"),
			[]schema.Mismatch{
				{Pointer: "/id", Reason: "want string, found string that may be absent", Null: true},
			},
		},
		"more members than asked": {of("larger"), of("customer"), nil},
		"more than allowed": {
			of("larger"), of("closed"),
			[]schema.Mismatch{
				{Pointer: "/since", Reason: "object has no member since; there is id"},
			},
		},
		"may be absent": {
			of("optional"), of("customer"),
			[]schema.Mismatch{
				{Pointer: "/id", Reason: "want string, found string that may be absent", Null: true},
			},
		},
		"map for members": {
			of("map"), of("customer"),
			[]schema.Mismatch{
				{Pointer: "/id", Reason: "want string, found string that may be absent", Null: true},
			},
		},
		"members for a map":       {of("customer"), of("map"), nil},
		"read only is not needed": {schema.ObjectOf(text), of("created"), nil},
		"misspelt": {schema.ObjectOf(misspelt), of("created"), []schema.Mismatch{
			{Pointer: "/name", Reason: "want string, found nothing"},
			{Pointer: "/nome", Reason: `object has no member nome; did you mean "name"?`},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, test.from.AssignableTo(test.to)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestMember(t *testing.T) {
	of := defs(t, `{
		"any": {}, "text": {"type": "string"},
		"open": {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": {"type": "integer"}},
		"person": {"type": "object", "required": ["id", "name"],
			"properties": {"id": {"type": "integer"}, "name": {"type": "string"}, "mail": {"type": "string"}}},
		"firm": {"type": "object", "required": ["id", "name"],
			"properties": {"id": {"type": "string"}, "name": {"type": "string"}, "vat": {"type": "string"}}},
		"party": {"oneOf": [{"$ref": "#/properties/person"}, {"$ref": "#/properties/firm"}]}
	}`)
	for _, test := range []struct{ typ, name, field, required string }{
		{"person", "id", "integer", "always"},
		{"person", "mail", "string or null", "maybe"},
		{"person", "age", "", ""},
		{"text", "length", "", ""},
		{"any", "x", "any", "maybe"},
		{"open", "a", "string or null", "maybe"},
		{"open", "b", "integer or null", "maybe"},
		{"party", "name", "string", "always"},
		{"party", "id", "integer or string", "always"},
		{"party", "vat", "string or null", "maybe"},
		{"party", "age", "", ""},
	} {
		got, required := "", ""
		if typ, ok := of(test.typ).Field(test.name); ok {
			got = typ.String()
		}
		if m, ok := of(test.typ).Member(test.name); ok {
			required = map[bool]string{true: "always", false: "maybe"}[m.Required]
		}
		if got != test.field || required != test.required {
			t.Errorf("%s.%s is %q (%s), want %q (%s)", test.typ, test.name, got, required, test.field, test.required)
		}
	}
	if got := of("party").FieldNames(); !slices.Equal(got, []string{"id", "name", "mail", "vat"}) {
		t.Errorf("names of a union: %v", got)
	}
}

func TestNullAndBack(t *testing.T) {
	customer := schema.ObjectOf(schema.Field{Name: "id", Type: schema.Of(schema.String)})
	nullable := customer.OrNull()
	if !nullable.AllowsNull() || customer.AllowsNull() || nullable.NotNull() != customer || nullable.OrNull() != nullable {
		t.Error("null is not added and taken away as it should")
	}
	for _, kind := range []schema.Kind{schema.Any, schema.Null} {
		if of := schema.Of(kind); of.OrNull() != of || of.NotNull() != of || !of.AllowsNull() {
			t.Errorf("%v changes when null is allowed", kind)
		}
	}
}

func TestUnionOf(t *testing.T) {
	text, number := schema.Of(schema.String), schema.Of(schema.Number)
	for want, types := range map[string][]*schema.Type{
		"null":                     nil,
		"string":                   {text, schema.Of(schema.String)},
		"string or null":           {text, schema.Of(schema.Null)},
		"string or number or null": {text.OrNull(), schema.UnionOf(number, text)},
		"any":                      {text, schema.Of(schema.Any)},
	} {
		if got := schema.UnionOf(types...).String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
