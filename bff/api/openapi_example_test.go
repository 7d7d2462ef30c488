package api

import (
	"strings"
	"testing"

	"atrium/clients/schema"
	"atrium/tenants/document"
)

// TestExamples holds that an example shows what there is, is valid, and is left out where none can be made.
func TestExamples(t *testing.T) {
	order := schema.ObjectOf(
		schema.Field{Name: "id", Type: schema.Of(schema.String), Required: true, ReadOnly: true},
		schema.Field{Name: "note", Type: schema.Of(schema.String)},
	)
	tree := schema.ObjectOf(schema.Field{Name: "leaf", Type: schema.Of(schema.Bool), Required: true})
	tree.Name = "Tree"
	tree.Fields = append(tree.Fields, schema.Field{Name: "below", Type: schema.ArrayOf(tree), Required: true})
	endless := schema.ObjectOf()
	endless.Name = "Endless"
	endless.Fields = append(endless.Fields, schema.Field{Name: "next", Type: endless, Required: true})
	tests := []struct {
		name  string
		t     *schema.Type
		input bool
		want  string
	}{
		{"an answer", order, false, `{"id":"id","note":"note"}`},
		{"an input", order, true, `{"note":"note"}`},
		{"anything", schema.Of(schema.Any), false, ""},
		{"nothing known", nil, false, ""},
		{"a tree", tree, false, `{"leaf":true,"below":[{"leaf":true,"below":[{"leaf":true,"below":[]}]}]}`},
		{"without end", endless, false, ""},
		{
			"bounds", parsed(t, `{type: object, required: [a, b, c, d], properties: {a: {type: integer, minimum: 10}, b: {type: string, maxLength: 0},
			c: {type: string, format: date}, d: {type: array, minItems: 2, items: {enum: [x]}}}}`), false,
			`{"a":10,"b":"","c":"2027-01-31","d":["x","x"]}`,
		},
		{"a pattern", parsed(t, `{type: string, pattern: "^[0-9]{4}$"}`), false, ""},
		{"a default", parsed(t, `{type: string, default: red}`), false, `"red"`},
	}
	for _, tt := range tests {
		if got := string(example(tt.t, tt.input)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	wide := schema.ObjectOf()
	for i := range 300 {
		wide.Fields = append(wide.Fields, schema.Field{Name: "field" + strings.Repeat("x", i%50), Type: schema.Of(schema.String), Required: true})
	}
	if got := example(wide, false); got != nil {
		t.Errorf("an example of %d bytes", len(got))
	}
}

func parsed(t *testing.T, text string) *schema.Type {
	t.Helper()
	root, issues := document.Parse("schema", []byte(text))
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	typ, issues := schema.FromNode(root)
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	return typ
}
