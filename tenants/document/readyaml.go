package document

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

type yamlReader struct {
	file    string
	lines   lines
	broken  map[int]bool
	nodes   int
	issues  Issues
	anchors map[string]ast.Node
	open    map[string]bool // anchors being expanded
}

func readYAML(file, source string) (*Node, Issues) {
	table := newLines(source)
	tree, broken, issues := parseWhatIsGood(file, table)
	if tree == nil {
		return nil, issues
	}
	r := &yamlReader{
		file: file, lines: table, broken: broken, issues: issues,
		anchors: map[string]ast.Node{}, open: map[string]bool{},
	}
	return r.document(tree), r.issues.Sort()
}

func (r *yamlReader) report(t *token.Token, pointer, format string, args ...any) {
	line, column := r.place(t)
	r.issues = append(r.issues, Issue{
		File: r.file, Line: line, Column: column, Pointer: pointer, Message: fmt.Sprintf(format, args...),
	})
}

func (r *yamlReader) document(tree *ast.File) *Node {
	root := &Node{File: r.file, Line: 1, Column: 1}
	found := false
	for _, doc := range tree.Docs {
		if doc.Body == nil {
			continue
		}
		if found {
			r.report(start(doc.Body), "", "a file holds one document; this is a second one")
			break
		}
		root, found = r.node(doc.Body, "", 0), true
	}
	return root
}

// place is where a token stands in the text as it was.
func (r *yamlReader) place(t *token.Token) (line, column int) {
	if r.broken[t.Position.Line] {
		return r.lines.clamp(t.Position.Line, t.Position.Column)
	}
	return r.lines.place(t)
}

// start is the first token of a value.
func start(n ast.Node) *token.Token {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return n.Values[0].Key.GetToken()
		}
	case *ast.MappingValueNode:
		return n.Key.GetToken()
	}
	return n.GetToken()
}

// node converts a syntax tree.
func (r *yamlReader) node(n ast.Node, pointer string, depth int) *Node {
	if n == nil {
		return &Node{File: r.file, Line: 1, Column: 1, Pointer: pointer}
	}
	t := start(n)
	line, column := r.place(t)
	out := &Node{File: r.file, Line: line, Column: column, Pointer: pointer}
	if r.nodes++; depth > maxDepth || r.nodes > maxNodes {
		r.refuse(out, t, depth)
		return out
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		r.mapping(out, n.Values, depth)
	case *ast.MappingValueNode:
		r.mapping(out, []*ast.MappingValueNode{n}, depth)
	case *ast.SequenceNode:
		out.Kind = List
		for i, item := range n.Values {
			out.Items = append(out.Items, r.node(item, PointerTo(pointer, strconv.Itoa(i)), depth+1))
		}
	case *ast.AnchorNode:
		name := n.Name.GetToken().Value
		r.anchors[name] = n.Value
		r.open[name] = true
		out = r.node(n.Value, pointer, depth)
		delete(r.open, name)
	case *ast.AliasNode:
		return r.alias(out, n, depth)
	case *ast.LiteralNode:
		out.Kind, out.Text = String, n.Value.Value
		out.raw = r.lines.from(out.Line, out.Column)
	default:
		r.scalar(out, t)
	}
	return out
}

// refuse ends a document that is out of bounds; it says so once.
func (r *yamlReader) refuse(out *Node, t *token.Token, depth int) {
	out.Kind = Broken
	if depth > maxDepth {
		r.report(t, out.Pointer, "nested deeper than %d levels", maxDepth)
	} else if r.nodes == maxNodes+1 {
		r.report(t, out.Pointer, "the document has more than %d values", maxNodes)
	}
}

func (r *yamlReader) mapping(out *Node, values []*ast.MappingValueNode, depth int) {
	out.Kind = Map
	seen := make(map[string]int, len(values))
	for _, value := range values {
		key, ok := r.key(value.Key, out.Pointer)
		if !ok {
			continue
		}
		at := value.Key.GetToken()
		line, column := r.place(at)
		pointer := PointerTo(out.Pointer, key)
		if before, again := seen[key]; again {
			r.report(at, pointer, "duplicate key %s; it is already at line %d", quoted(key), before)
			continue
		}
		seen[key] = line
		out.Fields = append(out.Fields, Field{
			Key: key, KeyLine: line, KeyColumn: column,
			Value: r.node(value.Value, pointer, depth+1), rawKey: r.raw(at, line, column),
		})
	}
}

// key reads a member's name; false when the member cannot be kept.
func (r *yamlReader) key(n ast.MapKeyNode, pointer string) (string, bool) {
	t := n.GetToken()
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, !r.broken[t.Position.Line] || !isBroken(n.Value)
	case *ast.MergeKeyNode:
		r.report(t, pointer, "merge keys (<<) are not supported; write the members out")
		return "", false
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode, *ast.InfinityNode, *ast.NanNode:
		r.report(t, PointerTo(pointer, t.Value), "a key is text; write %s in quotes", quoted(t.Value))
		return t.Value, true
	}
	r.report(t, pointer, "a key is text; this is not")
	return "", false
}

func (r *yamlReader) alias(out *Node, n *ast.AliasNode, depth int) *Node {
	name := n.Value.GetToken().Value
	target, known := r.anchors[name]
	switch {
	case r.open[name]:
		r.report(n.GetToken(), out.Pointer, "the alias *%s stands inside its own anchor", shortened(name))
	case !known:
		r.report(n.GetToken(), out.Pointer, "there is no anchor &%s above; write %s in quotes if it is text",
			shortened(name), quoted("*"+name))
	default:
		r.open[name] = true
		defer delete(r.open, name)
		return r.node(target, out.Pointer, depth)
	}
	out.Kind = Broken
	return out
}

// raw is the source of a text from its start on, "" when it is written as it reads.
func (r *yamlReader) raw(t *token.Token, line, column int) string {
	source := r.lines.from(line, column)
	if t.Type == token.DoubleQuoteType && hasBadEscape(source) {
		r.report(t, "", `quoted text has an unknown escape; write \\ for a backslash`)
	}
	if t.Type == token.StringType && strings.HasPrefix(source, t.Value) {
		return ""
	}
	return source
}
