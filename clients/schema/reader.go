package schema

import (
	"net/url"
	"strings"

	"atrium/tenants/document"
)

const (
	maxTypes = 200_000 // of one document; one that needs more is built to
	maxLevel = 200     // of references to references, and of allOf inside allOf
)

// A Reader reads the schemas of one document. Equal references give the same *Type, so that cycles close.
// It serves one goroutine.
type Reader struct {
	root   *document.Node
	strict bool // an unknown keyword is an issue
	issues document.Issues

	types  map[string]*Type // by identity of what they were read from
	ids    map[*document.Node]int
	names  map[*document.Node]string // of what references lead to
	fresh  []fresh                   // to be filled, see finish
	unions []*Type                   // to be settled then
	nulls  []*Type                   // to be copied then from what they add null to
	full   bool                      // maxTypes was reached and reported
}

// A fresh type has its place and name, but no content yet.
type fresh struct {
	of    *Type
	parts conjunction
}

// NewReader returns a reader of schemas inside root, which "#" in references stands for. It takes OpenAPI 3.0 and 3.1
// and JSON Schema alike: what one of them writes differently means nothing in the others.
func NewReader(root *document.Node) *Reader {
	r := &Reader{
		root:  root,
		types: make(map[string]*Type),
		ids:   make(map[*document.Node]int),
		names: make(map[*document.Node]string),
	}
	r.nameTargets(root)
	return r
}

// Issues returns all that was wrong so far.
func (r *Reader) Issues() document.Issues { return r.issues }

// Read returns the type that a schema describes; nil reads as no schema: Any. It never fails: what is wrong becomes an
// issue and Any.
func (r *Reader) Read(n *document.Node) *Type {
	if n == nil {
		return Of(Any)
	}
	t := r.read(conjunction{{node: n}})
	r.finish()
	return t
}

// Deref follows a reference of the document, if n is one, through any further ones: to parameters, responses and the
// like. It is nil, after an issue, when it leads nowhere.
func (r *Reader) Deref(n *document.Node) *document.Node {
	for range maxLevel {
		ref := n.Get("$ref")
		if ref == nil || ref.Kind != document.String {
			return n
		}
		if n = r.target(ref); n == nil {
			return nil
		}
	}
	r.report(n, "the reference leads back to itself")
	return nil
}

func (r *Reader) report(n *document.Node, format string, args ...any) {
	r.issues = append(r.issues, n.Issue(format, args...))
}

// target finds what a $ref, the text of which is given, refers to; nil after an issue.
func (r *Reader) target(ref *document.Node) *document.Node {
	pointer, ok := strings.CutPrefix(ref.Text, "#")
	if !ok {
		r.report(ref, "the reference leaves the document; put what it refers to into the document itself")
		return nil
	}
	if plain, err := url.PathUnescape(pointer); err == nil {
		pointer = plain
	}
	if pointer != "" && !strings.HasPrefix(pointer, "/") {
		r.report(ref, "want a reference such as #/components/schemas/NAME; anchors are not supported")
		return nil
	}
	if n := r.root.At(pointer); n != nil {
		return n
	}
	r.report(ref, "there is nothing at %s%s", ref.Text, r.nearby(pointer))
	return nil
}

// nearby suggests a neighbour for a pointer that leads nowhere.
func (r *Reader) nearby(pointer string) string {
	slash := strings.LastIndexByte(pointer, '/')
	if slash < 0 {
		return ""
	}
	parent := r.root.At(pointer[:slash])
	if parent == nil {
		return ""
	}
	names := make([]string, 0, len(parent.Fields))
	for _, f := range parent.Fields {
		names = append(names, f.Key)
	}
	return document.DidYouMean(pointer[slash+1:], names)
}

// nameTargets finds all that references lead to and names it: cycles pass through references only, so every cycle of
// types has a name on it. What a reference says in an example is named in vain, which does no harm.
func (r *Reader) nameTargets(n *document.Node) {
	for _, f := range n.Fields {
		if f.Key == "$ref" && f.Value.Kind == document.String {
			if pointer, ok := strings.CutPrefix(f.Value.Text, "#"); ok {
				r.nameTarget(pointer)
			}
		}
		r.nameTargets(f.Value)
	}
	for _, item := range n.Items {
		r.nameTargets(item)
	}
}

func (r *Reader) nameTarget(pointer string) {
	if plain, err := url.PathUnescape(pointer); err == nil {
		pointer = plain
	}
	if n := r.root.At(pointer); n != nil && r.names[n] == "" {
		r.names[n] = componentName(n, pointer)
	}
}

// componentName makes a name of a pointer: its last part, with the characters that component names may have. A part
// that says nothing, such as schema, gets the one before it.
func componentName(n *document.Node, pointer string) string {
	parts := strings.Split(pointer, "/")
	name := parts[len(parts)-1]
	if len(parts) > 2 && (name == "schema" || name == "items" || isIndex(name)) {
		name = parts[len(parts)-2] + "." + name
	}
	if title := n.Get("title"); name == "" && title != nil {
		name = title.Text
	}
	name = strings.Map(func(c rune) rune {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '.', c == '-':
			return c
		}
		return '_'
	}, name)
	if name == "" {
		return "Schema"
	}
	return name
}

func isIndex(s string) bool { return strings.Trim(s, "0123456789") == "" }

// FromNode reads a JSON Schema that is written in a document. "#" in its references stands for n.
func FromNode(n *document.Node) (*Type, document.Issues) {
	r := NewReader(n)
	r.strict = true
	t := r.Read(n)
	return t, r.Issues().Sort()
}

// FromJSON reads a JSON Schema. The error is document.Issues.
func FromJSON(text []byte) (*Type, error) {
	n, issues := document.Parse("schema.json", text)
	if len(issues) > 0 {
		return nil, issues
	}
	t, issues := FromNode(n)
	if err := issues.Err(); err != nil {
		return nil, err
	}
	return t, nil
}
