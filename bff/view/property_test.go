package view

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A drawer draws values and templates that go over them.
type drawer struct{ *rapid.T }

var drawnNames = []string{"k", "l", "m", "list"}

func (d drawer) pick(what string, n int) int { return rapid.IntRange(0, n-1).Draw(d.T, what) }

// json draws a value.
func (d drawer) json(depth int) any {
	kind := d.pick("kind", 8)
	if depth == 0 {
		kind = d.pick("scalar", 4)
	}
	switch kind {
	case 0:
		return nil
	case 1:
		return rapid.Bool().Draw(d.T, "bool")
	case 2:
		return json.Number(rapid.SampledFrom([]string{"0", "-1", "10", "9", "1.50", "1e3", "9007199254740993"}).Draw(d.T, "number"))
	case 3:
		return rapid.SampledFrom([]string{"", "a", "b", "é\"\\\n", "${x}", "\u2028<>"}).Draw(d.T, "text")
	case 4, 5:
		list := make([]any, d.pick("length", 4))
		for i := range list {
			list[i] = d.json(depth - 1)
		}
		return list
	}
	object := map[string]any{}
	for _, name := range drawnNames {
		if rapid.Bool().Draw(d.T, "has "+name) {
			object[name] = d.json(depth - 1)
		}
	}
	return object
}

// path draws a path from a name that is in scope.
func (d drawer) path(names []string) string {
	var path strings.Builder
	path.WriteString(rapid.SampledFrom(names).Draw(d.T, "root"))
	for range d.pick("segments", 4) {
		if d.pick("index", 4) == 0 {
			fmt.Fprintf(&path, "[%d]", d.pick("i", 3))
		} else {
			path.WriteString("." + rapid.SampledFrom(drawnNames).Draw(d.T, "name"))
		}
	}
	return path.String()
}

func (d drawer) hole(names []string) string { return "${" + d.path(names) + "}" }

// template draws a template; guarded says that $if may leave it out.
func (d drawer) template(names []string, depth int, guarded bool) any {
	kind := d.pick("template", 10)
	if depth == 0 {
		kind = d.pick("leaf", 4)
	}
	switch kind {
	case 0:
		return rapid.SampledFrom([]any{nil, true, "plain", "a\"b"}).Draw(d.T, "constant")
	case 1, 2:
		return d.hole(names)
	case 3:
		return "a " + d.hole(names) + d.hole(names)
	case 4:
		list := make([]any, d.pick("items", 4))
		for i := range list {
			list[i] = d.template(names, depth-1, true)
		}
		return list
	case 5, 6:
		return d.each(names, depth, guarded)
	}
	object := d.object(names, depth)
	d.guard(object, names, guarded)
	return object
}

func (d drawer) guard(object map[string]any, names []string, guarded bool) {
	if guarded && rapid.Bool().Draw(d.T, "if") {
		object["$if"] = d.hole(names)
	}
}

func (d drawer) object(names []string, depth int) map[string]any {
	object := map[string]any{}
	if d.pick("spread", 4) == 0 {
		object["$spread"] = d.hole(names)
	}
	for _, name := range drawnNames {
		if rapid.Bool().Draw(d.T, "key "+name) {
			object[name] = d.template(names, depth-1, true)
		}
	}
	return object
}

func (d drawer) each(names []string, depth int, guarded bool) any {
	name := "v" + strings.Repeat("v", len(names))
	inside := append([]string{name}, names...)
	head := name
	var body map[string]any
	if rapid.Bool().Draw(d.T, "item") {
		body = map[string]any{"$item": d.template(inside, depth-1, false)}
	} else {
		body = d.object(inside, depth)
	}
	if d.pick("pairs", 4) == 0 {
		head = "k" + name + ", " + name
		if _, item := body["$item"]; !item {
			body["key"] = "${k" + name + "}"
		}
	}
	body["$each"] = head + " in " + d.hole(names)
	if d.pick("where", 3) == 0 {
		body["$where"] = d.hole(inside)
	}
	if d.pick("sort", 3) == 0 {
		body["$sort"] = d.hole(inside)
	}
	if d.pick("limit", 3) == 0 {
		body["$limit"] = d.pick("most", 3)
	}
	d.guard(body, names, guarded)
	return body
}

// For any template of path holes and any answers the program makes what the naive interpreter makes, and JSON in any case.
func TestProgramsEqualTheNaiveInterpreter(t *testing.T) {
	ops := loadOperations(t)
	rapid.Check(t, func(t *rapid.T) {
		d := drawer{t}
		template := d.template([]string{"a", "b"}, 4, false)
		answers := map[string]any{"a": d.json(4), "b": d.json(3)}
		text := `{"routes": {"GET /x": {"response": ` + string(encode(template)) + `, "steps": {` +
			`"a": {"call": "raw.get", "with": {"id": "a"}}, "b": {"call": "raw.get", "with": {"id": "b"}}}}}, ` +
			`"upstreams": {"raw": {"baseUrl": "http://raw", "operations": {"get": "GET /{id}"}}}}`
		p, issues := compileText(t, ops, text)
		if len(issues) > 0 {
			t.Fatalf("%s\n%v", text, issues)
		}
		caller := benchCaller{"a": {Body: encode(answers["a"])}, "b": {Body: encode(answers["b"])}}
		in, _ := p.Bind(&Request{})
		want, naiveErr := naive(answers).value(template)
		result, err := p.Run(t.Context(), in, caller)
		if (naiveErr != nil) != (err != nil) || err != nil && !errors.Is(err, errShape) {
			t.Fatalf("naive says %v, program says %v", naiveErr, err)
		}
		if err != nil {
			return
		}
		got, err := decode(result.Body)
		if err != nil {
			t.Fatalf("%v: %s", err, result.Body)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s of %s\n(-naive +program)\n%s", encode(template), encode(answers), diff)
		}
		if mistakes := p.Response.Check(result.Body, 3); len(mistakes) > 0 {
			t.Fatalf("%s is not of the type that was inferred: %v", result.Body, mistakes)
		}
	})
}
