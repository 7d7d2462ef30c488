package expr

import (
	"context"
	"errors"
	"strings"
	"testing"

	"atrium/clients/rawjson"
	"atrium/clients/schema"

	"pgregory.net/rapid"
)

// FuzzValue compiles anything, and runs what compiles on any document: nothing panics, what comes out is JSON, and
// errors are of the known kinds.
func FuzzValue(f *testing.F) {
	for _, src := range []string{
		"${a.b[0].c}", "x ${a} y ${b.c}", "$${x}", `${"}"}`, "${a.b + 1}", `${a.?b.orValue("x")}`, "${a.map(i, i.x).size() > 1}",
		"${a[b]}", `${{"k": a, "l": [b]}}`, "${a == null ? b : a.c}", "${", "${}}", `${r"\"}`, `${'''a'''}`, "${a.exists(x, x in b)}",
		`${a.b.matches("^x+$")}`, "${has(a.b) && a.b > 1.5}", "${a[?0].?b.optMap(x, x + 1).orValue(2)}", "${`a`}", "${1u}", "${b'x'}",
	} {
		f.Add(src, `{"b":[{"c":1.50}]}`, `[1,"x",null,{"c":true}]`)
	}
	order := schema.ObjectOf(schema.Field{Name: "b", Type: schema.Of(schema.Number).OrNull(), Required: true},
		schema.Field{Name: "c", Type: schema.ArrayOf(schema.Of(schema.String))})
	s := NewScope().With("a", nil).With("b", nil).With("o", order)
	f.Fuzz(func(t *testing.T, src, a, b string) {
		if len(src) > 400 || rawjson.Valid([]byte(a)) != nil || rawjson.Valid([]byte(b)) != nil {
			return
		}
		v, issues := s.Value(text(src))
		if len(issues) > 0 {
			for _, issue := range issues {
				if issue.Line < 1 || issue.Column < 1 || issue.Message == "" || strings.Contains(issue.Message, "#") {
					t.Fatalf("%q: issue %+v", src, issue)
				}
			}
			return
		}
		env := Env{[]byte(a), []byte(b), []byte(`{"b":null}`)}
		raw, err := v.AppendJSON(context.Background(), nil, env)
		if err != nil {
			if !errors.Is(err, ErrEval) && !errors.Is(err, ErrCost) {
				t.Fatalf("%q: %v", src, err)
			}
			return
		}
		if err := rawjson.Valid(raw); err != nil {
			t.Fatalf("%q gives %q: %v", src, raw, err)
		}
		plain, err := v.AppendText(context.Background(), nil, env)
		if want := appendRaw(nil, raw, asText); err != nil || string(plain) != string(want) {
			t.Fatalf("%q as text is %q, %v, want %q", src, plain, err, want)
		}
	})
}

// FuzzSplit puts what was taken apart together again.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{"", "a", "${a}", "$${a}", "$$${a}", "x${a}y${b}z", `${"}"}`, "${{}}", "${a", "$", "${'''}'''}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		parts, wrong := split(s)
		if wrong != nil {
			if wrong.offset < 0 || wrong.offset >= len(s) {
				t.Fatalf("%q: misprint at %d", s, wrong.offset)
			}
			return
		}
		var again strings.Builder
		for _, p := range parts {
			if p.hole {
				if s[p.offset:p.offset+len(p.text)] != p.text {
					t.Fatalf("%q: the hole %q is not at %d", s, p.text, p.offset)
				}
				again.WriteString("${" + p.text + "}")
				continue
			}
			again.WriteString(strings.ReplaceAll(p.text, "${", "$${"))
		}
		if again.String() != s {
			t.Fatalf("%q became %q", s, again.String())
		}
	})
}

// TestQuickConditionsAgreeWithCEL holds what is decided without CEL to what CEL says.
func TestQuickConditionsAgreeWithCEL(t *testing.T) {
	s := NewScope().With("a", nil).With("b", nil).With("o", nil).With("p", nil)
	atom := rapid.Custom(func(r *rapid.T) string {
		path := rapid.SampledFrom([]string{"a", "o.x", "b", "p.y"}).Draw(r, "path")
		op := rapid.SampledFrom([]string{"==", "!=", "<", "<=", ">", ">="}).Draw(r, "operator")
		literal := rapid.SampledFrom([]string{"null", "true", `"x"`, `"a\"b"`, "1", "-2", "1.5", "9007199254740993", `""`}).
			Draw(r, "literal")
		switch rapid.IntRange(0, 4).Draw(r, "kind") {
		case 0:
			return literal + " " + op + " " + path
		case 1:
			return path
		case 2:
			return "has(" + rapid.SampledFrom([]string{"o.x", "p.y"}).Draw(r, "member") + ")"
		}
		return path + " " + op + " " + literal
	})
	value := rapid.SampledFrom([]string{
		"null", "true", "false", `"x"`, `"\u0078"`, `"a\"b"`, `""`, "1", "1.0", "-2", "1.5", "9007199254740993", "1e400", "[]", "{}",
	})
	object := rapid.Custom(func(r *rapid.T) []byte {
		name := rapid.SampledFrom([]string{"x", "y"}).Draw(r, "name")
		return []byte(`{"` + name + `":` + value.Draw(r, "member") + `}`)
	})
	quick := 0
	rapid.Check(t, func(r *rapid.T) {
		src := atom.Draw(r, "first")
		for range rapid.IntRange(0, 2).Draw(r, "more") {
			src = "(" + src + ")" + rapid.SampledFrom([]string{" && ", " || "}).Draw(r, "and") +
				rapid.SampledFrom([]string{"(", "!("}).Draw(r, "not") + atom.Draw(r, "next") + ")"
		}
		v, issues := s.Value(text("${" + src + "}"))
		if len(issues) > 0 {
			return // such as text compared with < and a number
		}
		n, ok := v.node.(*quickNode)
		if !ok {
			return
		}
		env := Env{[]byte(value.Draw(r, "a")), nil, object.Draw(r, "o"), object.Draw(r, "p")}
		holds, ok := n.test.quick(env)
		if !ok {
			return
		}
		quick++
		want, err := n.program.truth(t.Context(), env)
		if err != nil || holds != want {
			r.Fatalf("%s with %s: %v, CEL says %v, %v", src, env, holds, want, err)
		}
	})
	if quick == 0 {
		t.Error("nothing was decided without CEL")
	}
}
