package document

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

type yamlReader struct {
	file    string
	source  string
	lines   []int // offset of each line's start
	broken  map[int]bool
	nodes   int
	issues  Issues
	anchors map[string]ast.Node
	open    map[string]bool // anchors being expanded
}

func readYAML(file, source string) (*Node, Issues) {
	tree, m, issues := parseWhatIsGood(file, source)
	if tree == nil {
		return nil, issues
	}
	r := &yamlReader{
		file: file, source: m.source, broken: m.broken, issues: issues,
		anchors: map[string]ast.Node{}, open: map[string]bool{},
	}
	r.lines = append(r.lines, 0)
	for i := range len(m.source) {
		if m.source[i] == '\n' {
			r.lines = append(r.lines, i+1)
		}
	}
	return r.document(tree), r.issues.Sort()
}

func (r *yamlReader) report(t *token.Token, pointer, format string, args ...any) {
	r.issues = append(r.issues, Issue{
		File: r.file, Line: t.Position.Line, Column: t.Position.Column,
		Pointer: pointer, Message: fmt.Sprintf(format, args...),
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
	out := &Node{File: r.file, Line: t.Position.Line, Column: t.Position.Column, Pointer: pointer}
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
		out.raw = r.from(out.Line, out.Column)
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
		pointer := PointerTo(out.Pointer, key)
		if line, again := seen[key]; again {
			r.report(at, pointer, "duplicate key %s; it is already at line %d", quoted(key), line)
			continue
		}
		seen[key] = at.Position.Line
		out.Fields = append(out.Fields, Field{
			Key: key, KeyLine: at.Position.Line, KeyColumn: at.Position.Column,
			Value: r.node(value.Value, pointer, depth+1), rawKey: r.rawKey(at),
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

func (r *yamlReader) rawKey(t *token.Token) string {
	if t.Type == token.SingleQuoteType || t.Type == token.DoubleQuoteType {
		return r.from(t.Position.Line, t.Position.Column)
	}
	return ""
}

const longestLine = 4096 // beyond it, places inside text are not worth finding

// from returns the source from a place on, or "" when it cannot be found cheaply.
func (r *yamlReader) from(line, column int) string {
	if line < 1 || line > len(r.lines) {
		return ""
	}
	start, end := r.lines[line-1], len(r.source)
	if line < len(r.lines) {
		end = r.lines[line]
	}
	if end-start > longestLine {
		return ""
	}
	offset := start
	for range column - 1 {
		_, size := utf8.DecodeRuneInString(r.source[offset:end])
		offset += size
	}
	return r.source[offset:]
}
