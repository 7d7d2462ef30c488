package expr

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"atrium/clients/rawjson"
	"atrium/clients/schema"

	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"
)

// TestTypesHold runs the golden holes on any documents that their schemas allow: results are of the inferred types, and
// what was checked never meets a null or a type that it cannot take.
func TestTypesHold(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		names, err := schema.FromJSON(section(t, archive, "names.json"))
		if err != nil {
			t.Fatal(err)
		}
		scope := NewScope()
		for _, f := range names.Fields {
			scope = scope.With(f.Name, f.Type)
		}
		values := map[string]*Value{}
		for hole := range strings.SplitSeq(string(section(t, archive, "holes")), "\n") {
			if v, issues := scope.Value(text(hole)); len(issues) == 0 {
				values[hole] = v
			}
		}
		t.Run(filepath.Base(file), rapid.MakeCheck(func(r *rapid.T) {
			env := make(Env, len(names.Fields))
			for i, f := range names.Fields {
				env[i] = []byte(drawn(r, f.Type, 0))
			}
			for hole, v := range values {
				holds(r, hole, v, env)
			}
		}))
	}
}

func holds(r *rapid.T, hole string, v *Value, env Env) {
	raw, err := v.AppendJSON(r.Context(), nil, env)
	if err != nil {
		if !strings.Contains(hole, "any") && strings.Contains(err.Error(), "schema says") {
			r.Fatalf("%s with %s: %v", hole, env, err)
		}
		return
	}
	if err := rawjson.Valid(raw); err != nil {
		r.Fatalf("%s with %s gives %s: %v", hole, env, raw, err)
	}
	if mistakes := v.Type.Check(raw, 1); len(mistakes) > 0 {
		r.Fatalf("%s with %s gives %s, which is not %s: %v", hole, env, raw, v.Type, mistakes)
	}
}

// drawn draws JSON of a type.
func drawn(r *rapid.T, t *schema.Type, depth int) string {
	pick := func(of ...string) string { return rapid.SampledFrom(of).Draw(r, "value") }
	if t.Nullable && rapid.Bool().Draw(r, "null") {
		return "null"
	}
	switch t.Kind {
	case schema.Bool:
		return pick("true", "false")
	case schema.Integer:
		return pick("0", "-1", "7", "9007199254740993", "12.0", "2e1")
	case schema.Number:
		return pick("0", "-1.5", "129.50", "1e3", "12")
	case schema.String:
		if len(t.Enum) > 0 {
			return pick(t.Enum...)
		}
		return pick(`""`, `"x"`, `"\u0041da"`, `"12"`)
	case schema.Array:
		return "[" + strings.Join(allDrawn(r, elemOf(t), depth), ",") + "]"
	case schema.Object:
		return drawnObject(r, t, depth)
	case schema.Union:
		return drawn(r, rapid.SampledFrom(t.OneOf).Draw(r, "alternative"), depth)
	case schema.Any, schema.Null:
	}
	return pick("null", "1", `"x"`, `{"a":1}`, `[1]`, "true")
}

func allDrawn(r *rapid.T, t *schema.Type, depth int) []string {
	var all []string
	if depth < 4 {
		for range rapid.IntRange(0, 3).Draw(r, "length") {
			all = append(all, drawn(r, t, depth+1))
		}
	}
	return all
}

func drawnObject(r *rapid.T, t *schema.Type, depth int) string {
	var all []string
	for _, f := range t.Fields {
		if f.Required || depth < 4 && rapid.Bool().Draw(r, "present") {
			all = append(all, quote(f.Name)+":"+drawn(r, f.Type, depth+1))
		}
	}
	if t.Extra != nil && t.Extra.Kind != schema.Any {
		for i, value := range allDrawn(r, t.Extra, depth) {
			all = append(all, quote(strconv.Itoa(i))+":"+value)
		}
	}
	return "{" + strings.Join(all, ",") + "}"
}
