package rest_test

import (
	"fmt"
	"strings"
	"testing"

	"atrium/clients/rest"
)

// largeSpec makes an OpenAPI document with as many operations as asked for, and schemas that refer to each other.
func largeSpec(operations int) []byte {
	var paths, schemas []string
	for i := range operations {
		paths = append(paths, fmt.Sprintf(`"/things%d/{id}": {"get": {"operationId": "get%d", "summary": "A thing",
			"parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string", "format": "uuid"}},
				{"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "default": 20}}],
			"responses": {"200": {"description": "ok", "content": {"application/json": {"schema":
				{"$ref": "#/components/schemas/Thing%d"}}}}, "404": {"description": "none"}}}}`, i, i, i))
		schemas = append(schemas, fmt.Sprintf(`"Thing%d": {"type": "object", "required": ["id"], "properties": {
			"id": {"type": "string"}, "name": {"type": ["string", "null"], "maxLength": 100},
			"kind": {"type": "string", "enum": ["a", "b", "c"]}, "price": {"type": "number", "minimum": 0},
			"next": {"$ref": "#/components/schemas/Thing%d"}, "tags": {"type": "array", "items": {"type": "string"}},
			"owner": {"type": "object", "properties": {"mail": {"type": "string", "format": "email"}}}}}`,
			i, (i+1)%operations))
	}
	return fmt.Appendf(nil, `{"openapi": "3.1.0", "info": {"title": "Large", "version": "1"}, "paths": {%s},
		"components": {"schemas": {%s}}}`, strings.Join(paths, ","), strings.Join(schemas, ","))
}

func TestHostileSpecs(t *testing.T) {
	deep := func(n int) string {
		return `{"openapi": "3.1.0", "x": ` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}`
	}
	var laughs strings.Builder
	laughs.WriteString("openapi: 3.1.0\na0: &a0 [x, x]\n")
	for i := range 40 {
		fmt.Fprintf(&laughs, "a%d: &a%d [*a%d, *a%d]\n", i+1, i+1, i, i)
	}
	for name, test := range map[string]struct{ text, says string }{
		"nothing":       {"", "want an OpenAPI document"},
		"a list":        {"[]", "want an OpenAPI document"},
		"HTML":          {"<html></html>", "want an OpenAPI document"},
		"not UTF-8":     {"\xff\xfe", "UTF-8"},
		"deep JSON":     {deep(100_000), "nested too deep"},
		"deep YAML":     {"openapi: 3.1.0\nx: " + strings.Repeat("[", 5000), "nested deeper"},
		"aliases":       {laughs.String(), "more than"},
		"too large":     {`{"x": "` + strings.Repeat("x", 33<<20) + `"}`, "larger than 32MiB"},
		"large YAML":    {"x: " + strings.Repeat("y", 5<<20), "as JSON a spec may be larger"},
		"broken JSON":   {`{"openapi": "3.1.0",`, "not JSON"},
		"two documents": {`{"openapi": "3.1.0"} {}`, "not JSON: want nothing behind"},
		"twice":         {`{"openapi": "3.1.0", "openapi": "3.0.0"}`, `1:31: not JSON: the key "openapi" is there twice`},
		"wrong shapes":  {`{"openapi": "3.1.0", "paths": [1]}`, "want a mapping of paths, found a list"},
		"null all over": {
			`{"openapi": "3.1.0", "info": null, "paths": {"/x": {"get": {"parameters": [null]}}}}`, "a parameter has a name",
		},
		"another OpenAPI": {`{"openapi": "4.0.0"}`, "want OpenAPI 3.0 or 3.1, found 4.0.0"},
	} {
		t.Run(name, func(t *testing.T) {
			spec, issues := rest.LoadSpec("spec.yaml", []byte(test.text))
			if spec != nil || !strings.Contains(issues.Error(), test.says) {
				t.Errorf("got %.200v, want something about %q", issues, test.says)
			}
		})
	}
}

func TestLargeSpec(t *testing.T) {
	spec, issues := rest.LoadSpec("large.json", largeSpec(300))
	if issues != nil {
		t.Fatal(issues)
	}
	if n := len(spec.OperationIDs()); n != 300 {
		t.Errorf("%d operations", n)
	}
	o, ok := spec.Operation("get7")
	if !ok || o.Response.String() != "Thing7" {
		t.Fatalf("get7 answers %v", o)
	}
	thing := o.Response
	for range 300 { // around the cycle
		thing, ok = thing.Field("next")
		if !ok {
			t.Fatal("the cycle is cut")
		}
		thing = thing.NotNull()
	}
	if thing != o.Response {
		t.Error("the cycle does not close")
	}
}

func FuzzLoadSpec(f *testing.F) {
	f.Add([]byte("openapi: 3.0.0\ninfo: {title: x, version: '1'}\npaths: {/x: {get: {responses: {200: {description: x}}}}}"))
	f.Add([]byte(`{"openapi":"3.1.0","paths":{"/{a}":{"$ref":"#/paths/~1{a}"}}}`))
	f.Add([]byte(`{"openapi":"3.1.0","paths":{"/x":{"parameters":[{"$ref":"#/paths/~1x/parameters/0"}]}}}`))
	f.Add(largeSpec(1))
	f.Fuzz(func(t *testing.T, text []byte) {
		spec, issues := rest.LoadSpec("spec.yaml", text)
		if (spec == nil) == (len(issues) == 0) {
			t.Errorf("spec %v with issues %v", spec, issues)
		}
		if spec == nil {
			return
		}
		for _, id := range spec.OperationIDs() {
			o, _ := spec.Operation(id)
			if _, err := o.Request(target(t, "https://example.com"), rest.Args{}); err != nil && o.Unsupported == "" {
				continue
			}
		}
	})
}

func BenchmarkLoadSpec(b *testing.B) {
	for _, operations := range []int{10, 200} {
		text := largeSpec(operations)
		b.Run(fmt.Sprintf("%d operations, %d KB", operations, len(text)>>10), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, issues := rest.LoadSpec("large.json", text); issues != nil {
					b.Fatal(issues)
				}
			}
		})
	}
}

func BenchmarkRequest(b *testing.B) {
	o := inline(b, "GET /customers/{id}/orders").WithQuery("limit")
	crm := target(b, "https://crm.example.com/v1")
	args := rest.Args{Params: [][]byte{[]byte(`"4711"`), []byte("20")}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := o.Request(crm, args); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCall(b *testing.B) {
	u := serve(b, rest.Settings{}, sends("application/json", `{"items": [`+strings.Repeat(`{"id": 1},`, 100)+`{}]}`))
	o := inline(b, "GET /customers/{id}")
	args := rest.Args{Params: [][]byte{[]byte(`"4711"`)}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := u.call(b.Context(), o, args); err != nil {
			b.Fatal(err)
		}
	}
}
