package document

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shop is a document type with one member of every sort.
type shop struct {
	shared
	Name    string            `json:"name" doc:"required"`
	Size    string            `json:"size" doc:"enum=small|large"`
	Open    bool              `json:"open"`
	Floors  int               `json:"floors" doc:"min=1,max=9"`
	Doors   uint8             `json:"doors"`
	Height  *float64          `json:"height"`
	Wait    Duration          `json:"wait"`
	Room    Size              `json:"room"`
	Visits  []Rate            `json:"visits"`
	Tags    []string          `json:"tags"`
	Labels  map[string]string `json:"labels"`
	Shelves map[string]*shelf `json:"shelves"`
	Owner   *shelf            `json:"owner"`
	Note    *Node             `json:"note"`
	Notes   map[string]*Node  `json:"notes"`
	Switch  onOff             `json:"switch"`
	Hidden  string            `json:"-"`

	Node *Node `doc:"node" json:"-"`
}

type shared struct {
	Region string `json:"region"`
}

type shelf struct {
	Books int    `json:"books" doc:"required"`
	Topic string `json:"topic"`

	Node *Node `doc:"node" json:"-"`
}

type onOff bool

func (o *onOff) DecodeNode(n *Node) Issues {
	if n.Text != "on" && n.Text != "off" {
		return Issues{n.Issue("want on or off")}
	}
	*o = n.Text == "on"
	return nil
}

func TestDecodeGolden(t *testing.T) {
	golden(t, "decode", func(t *testing.T, in map[string]string) map[string]string {
		root, issues := Parse("shop.yaml", []byte(in["in.yaml"]))
		var s shop
		issues = append(issues, Decode(root, &s)...)
		s.Node = nil
		for _, shelf := range s.Shelves {
			shelf.Node = nil
		}
		if s.Owner != nil {
			s.Owner.Node = nil
		}
		note := s.Note.JSON()
		s.Note, s.Notes = nil, nil
		text, err := json.MarshalIndent(struct {
			Shop shop
			Note json.RawMessage
		}{s, note}, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		return results(issues.Sort(), text)
	})
}

func TestDecodeKeepsNodes(t *testing.T) {
	root, issues := Parse("f", []byte("name: x\nnote: {a: [1, null]}\nnotes: {b: null, c: text}\nshelves:\n  s: {books: 1}\n"))
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	var s shop
	if issues := Decode(root, &s); len(issues) > 0 {
		t.Fatal(issues)
	}
	if s.Node != root || s.Shelves["s"].Node != root.At("/shelves/s") {
		t.Error("a node member does not hold its struct's own node")
	}
	if got := string(s.Note.JSON()); got != `{"a":[1,null]}` {
		t.Errorf("note = %s", got)
	}
	if n := s.Notes["b"]; n == nil || n.Kind != Null {
		t.Errorf("notes.b = %v, want a Null node", n)
	}
}

func TestDecodeBroken(t *testing.T) {
	// What a syntax error spoilt is there and is not complained about again.
	root, issues := Parse("f", []byte("name: @x\nfloors: `2\nshelves:\n  s: { books: ${x} }\n  t: @y\nwait: 1\n"))
	var s shop
	more := Decode(root, &s)
	if len(issues) != 4 || len(more) != 1 || !strings.Contains(more[0].Message, "duration") {
		t.Errorf("issues = %v\nand %v; want four of the text and one of the wait", issues, more)
	}
	if s.Shelves["s"] == nil || s.Shelves["t"] == nil {
		t.Errorf("shelves = %v, want both names", s.Shelves)
	}
}

func TestDecodeIntoWrongTypesPanics(t *testing.T) {
	root, _ := Parse("f", []byte("a: 1"))
	for name, into := range map[string]any{
		"no pointer": shop{},
		"nil":        (*shop)(nil),
		"channel": &struct {
			A chan int `json:"a"`
		}{},
		"unknown rule": &struct {
			A int `json:"a" doc:"requird"`
		}{},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			if issues := Decode(root, into); len(issues) > 0 {
				t.Error(issues)
			}
		})
	}
}

func TestSuggest(t *testing.T) {
	names := []string{"response", "routes", "retry", "baseUrl", "orders", "customer", "id"}
	for word, want := range map[string]string{
		"resp0nse": "response", "baseURL": "baseUrl", "base_url": "baseUrl", "ordres": "orders", "order": "orders",
		"Customer": "customer", "rout": "routes", "xyz": "", "": "", "i": "id", "zz": "", "tenants": "",
		"customerr": "customer", "somethingelse": "", strings.Repeat("a", 1000): "",
	} {
		if got := Suggest(word, names); got != want {
			t.Errorf("Suggest(%q) = %q, want %q", word, got, want)
		}
	}
	if got := Suggest("b", []string{"c", "a"}); got != "" {
		t.Errorf("a word that shares nothing suggests %q", got)
	}
	if got := Suggest("ab", []string{"ad", "ac"}); got != "ac" {
		t.Errorf("equally near: %q, want the first of the alphabet", got)
	}
}

func TestDidYouMean(t *testing.T) {
	for _, tt := range []struct {
		word  string
		among []string
		want  string
	}{
		{"ordres", []string{"orders", "customer"}, `; did you mean "orders"?`},
		{"stock", []string{"orders", "customer"}, "; there is customer, orders"},
		{"stock", nil, ""},
		{"stock", strings.Split("abcdefghi", ""), ""},
	} {
		if got := DidYouMean(tt.word, tt.among); got != tt.want {
			t.Errorf("DidYouMean(%q, %v) = %q, want %q", tt.word, tt.among, got, tt.want)
		}
	}
}

func TestAt(t *testing.T) {
	root, issues := Parse("f", []byte(`{"a/b": {"~": [1, {"c": "d"}]}, "": 2}`))
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	for pointer, want := range map[string]string{
		"": string(root.JSON()), "/a~1b/~0/1/c": `"d"`, "/": "2", "/a~1b/~0/0": "1",
		"/a~1b/~0/2": "null", "/a~1b/~0/-1": "null", "/a~1b/~0/01": "null", "/x": "null", "a": "null", "/a~1b/~0/1/c/d": "null",
	} {
		if got := string(root.At(pointer).JSON()); got != want {
			t.Errorf("At(%q) = %s, want %s", pointer, got, want)
		}
	}
	// Every node is found by its own pointer.
	var walk func(n *Node)
	walk = func(n *Node) {
		if root.At(n.Pointer) != n {
			t.Errorf("At(%q) is another node", n.Pointer)
		}
		for _, f := range n.Fields {
			walk(f.Value)
		}
		for _, item := range n.Items {
			walk(item)
		}
	}
	walk(root)
}

func TestIssues(t *testing.T) {
	issues := Issues{
		{File: "b", Line: 1, Column: 1, Message: "x"},
		{File: "a", Line: 2, Column: 1, Message: "y"},
		{File: "a", Line: 1, Column: 9, Message: "z"},
		{File: "a", Line: 1, Column: 9, Message: "z"},
		{File: "a", Message: "whole"},
	}
	want := "a: whole\na:1:9: z\na:2:1: y\nb:1:1: x"
	if diff := cmp.Diff(want, issues.Sort().Error()); diff != "" {
		t.Error(diff)
	}
	if Issues(nil).Err() != nil || issues.Err() == nil {
		t.Error("Err is nil for issues, or the other way round")
	}
}
