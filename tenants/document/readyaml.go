package document

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// parseYAML turns text into syntax trees, one a document.
func parseYAML(source string) (file *ast.File, problem *syntaxError) {
	defer func() {
		// The library is not written for hostile text; a panic of its is bad text of theirs.
		if r := recover(); r != nil {
			file, problem = nil, &syntaxError{line: 1, column: 1, message: "this cannot be read as YAML"}
		}
	}()
	tokens := lexer.Tokenize(source)
	if at := tooDeep(tokens); at != nil {
		return nil, &syntaxError{
			line: at.Line, column: at.Column, fatal: true,
			message: fmt.Sprintf("nested deeper than %d levels", maxDepth),
		}
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err == nil {
		return file, nil
	}
	return nil, newSyntaxError(source, err)
}

// tooDeep finds the first token nested too deeply: the parser recurses, so it must not see it.
func tooDeep(tokens token.Tokens) *token.Position {
	flow, run := 0, 0
	var columns []int // of the block collections around
	for _, t := range tokens {
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			flow++
		case token.MappingEndType, token.SequenceEndType:
			flow = max(0, flow-1)
		case token.TagType, token.AnchorType, token.MappingKeyType:
			run++ // each of them nests what follows
		case token.SequenceEntryType, token.MappingValueType:
			for len(columns) > 0 && columns[len(columns)-1] >= t.Position.Column {
				columns = columns[:len(columns)-1]
			}
			columns = append(columns, t.Position.Column)
			run = 0
		default:
			run = 0
		}
		// A sequence and the mapping in it may each take a column, and so may a key and its colon.
		if flow+run+len(columns)/2 > maxDepth {
			return t.Position
		}
	}
	return nil
}

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
	tree, source, broken, issues := parseWhatIsGood(file, source)
	if tree == nil {
		return nil, issues
	}
	r := &yamlReader{
		file: file, source: source, broken: broken, issues: issues,
		anchors: map[string]ast.Node{}, open: map[string]bool{},
	}
	r.lines = append(r.lines, 0)
	for i := range len(source) {
		if source[i] == '\n' {
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
			r.report(doc.Body.GetToken(), "", "a file holds one document; this is a second one")
			break
		}
		root, found = r.node(doc.Body, "", 0), true
	}
	return root
}

// node converts a syntax tree.
func (r *yamlReader) node(n ast.Node, pointer string, depth int) *Node {
	if n == nil {
		return &Node{File: r.file, Line: 1, Column: 1, Pointer: pointer}
	}
	t := n.GetToken()
	out := &Node{File: r.file, Line: t.Position.Line, Column: t.Position.Column, Pointer: pointer}
	if r.nodes++; depth > maxDepth || r.nodes > maxNodes {
		r.refuse(out, t, depth)
		return out
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		r.mapping(out, n.Values, n.IsFlowStyle, depth)
	case *ast.MappingValueNode:
		r.mapping(out, []*ast.MappingValueNode{n}, false, depth)
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

func (r *yamlReader) mapping(out *Node, values []*ast.MappingValueNode, flow bool, depth int) {
	out.Kind = Map
	if !flow && len(values) > 0 {
		first := values[0].Key.GetToken().Position
		out.Line, out.Column = first.Line, first.Column
	}
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
		return n.Value, true
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

// scalar reads a value that is one token.
func (r *yamlReader) scalar(out *Node, t *token.Token) {
	out.Text = t.Value
	switch t.Type {
	case token.SingleQuoteType, token.DoubleQuoteType:
		out.Kind = String
		out.raw = r.from(out.Line, out.Column)
	case token.NullType, token.ImplicitNullType:
		out.Kind, out.Text = Null, ""
	case token.BoolType:
		out.Kind, out.Text = Bool, strings.ToLower(t.Value)
	case token.StringType:
		if r.broken[out.Line] && t.Value == brokenText {
			out.Kind, out.Text = Broken, ""
			return
		}
		out.Kind = numberKind(t.Value)
		if strings.Contains(strings.TrimSpace(t.Origin), "\n") {
			out.raw = r.from(out.Line, out.Column)
		}
	case token.TagType:
		out.Kind, out.Text = Broken, ""
		r.report(t, out.Pointer, "tags are not supported; write %s in quotes if it is text", quoted(t.Value))
	case token.DirectiveType:
		out.Kind, out.Text = Broken, ""
		r.report(t, out.Pointer, "directives are not supported; leave this line out")
	default:
		if out.Kind = numberKind(t.Value); out.Kind == String {
			out.Kind, out.Text = Broken, ""
			r.report(t, out.Pointer, "write the number %s as JSON does, or in quotes if it is text", quoted(t.Value))
		}
	}
}

// numberKind tells numbers, by the grammar of JSON, from other plain text.
func numberKind(text string) Kind {
	rest := strings.TrimPrefix(text, "-")
	whole := digits(rest)
	if whole == 0 || whole > 1 && rest[0] == '0' {
		return String
	}
	kind := Int
	rest = rest[whole:]
	if strings.HasPrefix(rest, ".") {
		kind = Float
		fraction := digits(rest[1:])
		if fraction == 0 {
			return String
		}
		rest = rest[1+fraction:]
	}
	if rest != "" && (rest[0] == 'e' || rest[0] == 'E') {
		kind = Float
		rest = strings.TrimLeft(rest[1:2]+rest[min(2, len(rest)):], "")
		rest = trimSign(rest)
		exponent := digits(rest)
		if exponent == 0 {
			return String
		}
		rest = rest[exponent:]
	}
	if rest != "" {
		return String
	}
	return kind
}

func trimSign(text string) string {
	if text != "" && (text[0] == '+' || text[0] == '-') {
		return text[1:]
	}
	return text
}

func digits(text string) int {
	n := 0
	for n < len(text) && text[n] >= '0' && text[n] <= '9' {
		n++
	}
	return n
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

// A syntaxError is where and why text is not YAML.
type syntaxError struct {
	line, column int
	message      string
	fatal        bool // reading on around it is not worth trying
}

// located is what the library's errors offer.
type located interface {
	error
	GetToken() *token.Token
	GetMessage() string
}

func newSyntaxError(_ string, err error) *syntaxError {
	at, ok := errors.AsType[located](err)
	if !ok || at.GetToken() == nil {
		return &syntaxError{line: 1, column: 1, message: "this cannot be read as YAML"}
	}
	p := at.GetToken().Position
	return &syntaxError{line: p.Line, column: p.Column, message: at.GetMessage()}
}

const brokenText = "?"

func parseWhatIsGood(file, source string) (*ast.File, string, map[int]bool, Issues) {
	tree, problem := parseYAML(source)
	if problem != nil {
		return nil, source, nil, Issues{{File: file, Line: problem.line, Column: problem.column, Message: problem.message}}
	}
	return tree, source, nil, nil
}

func looksLikeJSON(string) bool { return false }

func readJSON(string, string) (*Node, Issues, bool) { return nil, nil, false }
