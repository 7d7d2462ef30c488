package rawjson

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func at(steps ...any) Path {
	var p Path
	for _, step := range steps {
		if index, ok := step.(int); ok {
			p = append(p, Seg{Index: index, IsIndex: true})
		} else {
			p = append(p, Seg{Name: step.(string)})
		}
	}
	return p
}

const sample = ` {"id": 9007199254740993, "na\u006de": "Ada", "big": 1e400,
	"items": [ {"sku":"a"} , {"sku":"b","tags":[]} ], "twice":{"a":1}, "twice":{"b":2}, "": null, "a.b": true} `

func TestGetAndTrieAgree(t *testing.T) {
	tests := []struct {
		name string
		path Path
		want string // "" leads nowhere
	}{
		{"a number keeps its digits", at("id"), "9007199254740993"},
		{"a number no float can hold", at("big"), "1e400"},
		{"an escaped name", at("name"), `"Ada"`},
		{"an element", at("items", 1), `{"sku":"b","tags":[]}`},
		{"through a list", at("items", 0, "sku"), `"a"`},
		{"an empty list", at("items", 1, "tags"), `[]`},
		{"past the end", at("items", 2), ""},
		{"before the start", at("items", -1), ""},
		{"the last of the same name wins", at("twice", "b"), "2"},
		{"what the last of the same name lacks", at("twice", "a"), ""},
		{"the empty name", at(""), "null"},
		{"through null", at("", "x"), ""},
		{"through text", at("name", "length"), ""},
		{"an index of an object", at("twice", 0), ""},
		{"a name of a list", at("items", "sku"), ""},
		{"a name with a point", at("a.b"), "true"},
		{"missing", at("nope"), ""},
		{"the escape itself is not the name", at(`na\u006de`), ""},
	}
	trie := NewTrie()
	columns := make([]int, len(tests))
	for i, tt := range tests {
		columns[i] = trie.Add(tt.path)
	}
	var s Scanner
	row, err := s.Scan(trie, []byte(sample))
	if err != nil {
		t.Fatal(err)
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			raw, ok := Get([]byte(sample), tt.path)
			if string(raw) != tt.want || ok != (tt.want != "") {
				t.Errorf("Get(%s) = %q, %v, want %q", tt.path, raw, ok, tt.want)
			}
			if got := row.Get(columns[i]); string(got) != tt.want || (got == nil) != (tt.want == "") {
				t.Errorf("Row.Get(%s) = %q, want %q", tt.path, got, tt.want)
			}
		})
	}
}

func TestKind(t *testing.T) {
	for text, want := range map[string]Type{
		"": Invalid, "  ": Invalid, "?": Invalid, " null": Null, "true": Bool, "false": Bool, "-1": Number, "0": Number,
		`"x"`: String, "[]": Array, "\n{}": Object,
	} {
		if got := Kind([]byte(text)); got != want {
			t.Errorf("Kind(%q) = %d, want %d", text, got, want)
		}
		if got := IsNull([]byte(text)); got != (want == Null || want == Invalid) {
			t.Errorf("IsNull(%q) = %v", text, got)
		}
	}
}

func TestIterate(t *testing.T) {
	var elems []string
	for raw := range Each([]byte(" [ 1 , {\"a\":[2]},\"x\" ] ")) {
		elems = append(elems, string(raw))
	}
	if diff := cmp.Diff([]string{"1", `{"a":[2]}`, `"x"`}, elems); diff != "" {
		t.Error(diff)
	}
	type pair struct{ Name, Value string }
	var pairs []pair
	for name, raw := range Members([]byte(` { "a" : 1 , "\u0062":[ ], "a":2 } `)) {
		pairs = append(pairs, pair{name, string(raw)})
	}
	if diff := cmp.Diff([]pair{{"a", "1"}, {"b", "[ ]"}, {"a", "2"}}, pairs); diff != "" {
		t.Error(diff)
	}
	for _, text := range []string{"", "null", "1", `{"a":1}`, `"["`} {
		if got := slices.Collect(Each([]byte(text))); got != nil {
			t.Errorf("Each(%s) yields %q", text, got)
		}
	}
	for _, text := range []string{"", "null", "[1]", `"{"`} {
		for name := range Members([]byte(text)) {
			t.Errorf("Members(%s) yields %s", text, name)
		}
	}
	for range Each([]byte("[1,2]")) {
		break
	}
}

func TestPathString(t *testing.T) {
	for want, p := range map[string]Path{
		"":                      nil,
		"items[0].id":           at("items", 0, "id"),
		`["a b"].x["1a"]["\""]`: at("a b", "x", "1a", `"`),
		"_a1":                   at("_a1"),
		`[""]`:                  at(""),
	} {
		if got := p.String(); got != want {
			t.Errorf("%#v is written %s, want %s", p, got, want)
		}
	}
}
