package api

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"atrium/tenants/document"
)

func TestParsePattern(t *testing.T) {
	for text, want := range map[string][]Segment{
		"/":                 nil,
		"/a":                {{Literal: "a"}},
		"/a/{id}/b":         {{Literal: "a"}, {Param: "id"}, {Literal: "b"}},
		"/{a}/{b...}":       {{Param: "a"}, {Param: "b", Rest: true}},
		"/{path...?}":       {{Param: "path", Rest: true, Optional: true}},
		"/a.b-c_d~e/@me/$x": {{Literal: "a.b-c_d~e"}, {Literal: "@me"}, {Literal: "$x"}},
		"/v1/{order_id2}":   {{Literal: "v1"}, {Param: "order_id2"}},
	} {
		got, issues := ParsePattern(&document.Node{}, 0, text)
		if diff := cmp.Diff(Pattern{Text: text, Segments: want}, got); diff != "" || len(issues) > 0 {
			t.Errorf("%s: %v %s", text, issues, diff)
		}
		var parts []string
		for _, s := range got.Segments {
			parts = append(parts, s.String())
		}
		if written := "/" + strings.Join(parts, "/"); written != text {
			t.Errorf("%s is written back as %s", text, written)
		}
	}
	for _, text := range []string{
		"", "a", "//", "/a/", "/a//b", "/./a", "/..", "/{}", "/{...}", "/{a", "/a}", "/{a}b", "/x{a}", "/{a-b}", "/{1a}",
		"/{a}/{a}", "/{a...}/b", "/{a...?}/{b}", "/a b", "/a%20b", "/ä", "/a?b", "/a#b", "/a*", "/:a", "/a\\b", "/{a..}",
	} {
		if p, issues := ParsePattern(&document.Node{}, 0, text); len(issues) == 0 {
			t.Errorf("%q is taken as %v", text, p)
		}
	}
}

func TestHoles(t *testing.T) {
	for text, want := range map[string][]string{
		"":                           nil,
		"plain":                      nil,
		"${a}":                       {"a"},
		"x ${a.b} y ${c}":            {"a.b", "c"},
		"$${a}":                      nil,
		"$${a} ${b}":                 {"b"},
		`${ {"a": 1}.a }`:            {` {"a": 1}.a `},
		`${a == "}" ? '{' : "\"}"}!`: {`a == "}" ? '{' : "\"}"`},
		"${a":                        nil,
		"${a} ${b":                   {"a"},
		"${}":                        {""},
	} {
		var got []string
		for _, h := range holes(text) {
			got = append(got, h.source)
			if text[h.start:h.end] != h.source {
				t.Errorf("%q: hole at %d:%d is not %q", text, h.start, h.end, h.source)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
}

func TestMentions(t *testing.T) {
	a, issues := decode(`
upstreams:
  a: { baseUrl: "${vars.url}", headers: { X: "Bearer ${secrets.token} ${vars.?extra.orValue(\"\")}" } }
routes:
  GET /: { response: "${tenant.vars.brand} ${body.vars.no} vars.not" }
`)
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	var got []string
	for _, m := range a.Mentions() {
		if m.Node.Text[m.Offset:m.Offset+len(m.Name)] != m.Name {
			t.Errorf("%s.%s is not at %d of %q", m.Root, m.Name, m.Offset, m.Node.Text)
		}
		got = append(got, m.Root+"."+m.Name)
	}
	if diff := cmp.Diff([]string{"vars.url", "secrets.token", "vars.extra", "vars.brand"}, got); diff != "" {
		t.Error(diff)
	}
}
