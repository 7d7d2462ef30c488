package document

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// looksLikeJSON says whether the text starts as JSON does. Flow-style YAML may too.
func looksLikeJSON(source string) bool {
	rest := strings.TrimLeft(source, " \t\r\n")
	if rest == "" || rest[0] != '{' && rest[0] != '[' {
		return false
	}
	inner := strings.TrimLeft(rest[1:], " \t\r\n")
	return inner != "" && (rest[0] == '[' || inner[0] == '"' || inner[0] == '}')
}

// readJSON reads JSON; ok is false when the text is not JSON, and then the one issue says why.
func readJSON(file, source string) (root *Node, issues Issues, ok bool) {
	r := &jsonReader{file: file, source: source, line: 1, column: 1}
	root = r.value("", 0)
	r.space()
	if r.failed == nil && r.at < len(r.source) {
		r.fail("", "this is behind the end of the document")
	}
	if r.failed != nil {
		return nil, Issues{*r.failed}, false
	}
	return root, r.issues.Sort(), true
}

type jsonReader struct {
	file   string
	source string
	at     int // offset of the next byte

	counted      int // offset that line and column are of
	line, column int

	nodes  int
	issues Issues
	failed *Issue // the text is not JSON from here on
}

// place moves the counted place to the next byte.
func (r *jsonReader) place() (line, column int) {
	for r.counted < r.at {
		c := r.source[r.counted]
		switch {
		case c == '\n':
			r.line, r.column = r.line+1, 1
		case utf8.RuneStart(c):
			r.column++
		}
		r.counted++
	}
	return r.line, r.column
}

func (r *jsonReader) fail(pointer, format string, args ...any) {
	if r.failed == nil {
		line, column := r.place()
		r.failed = &Issue{
			File: r.file, Line: line, Column: column, Pointer: pointer, Message: fmt.Sprintf(format, args...),
		}
	}
	r.at = len(r.source)
}

func (r *jsonReader) space() {
	for r.at < len(r.source) && strings.IndexByte(" \t\r\n", r.source[r.at]) >= 0 {
		r.at++
	}
}

// next returns the next byte that is not space, 0 at the end.
func (r *jsonReader) next() byte {
	r.space()
	if r.at == len(r.source) {
		return 0
	}
	return r.source[r.at]
}

// node starts a value at the next byte.
func (r *jsonReader) node(pointer string) *Node {
	r.next()
	line, column := r.place()
	return &Node{File: r.file, Line: line, Column: column, Pointer: pointer}
}

func (r *jsonReader) value(pointer string, depth int) *Node {
	n := r.node(pointer)
	if r.nodes++; r.nodes > maxNodes {
		r.fail(pointer, "the document has more than %d values", maxNodes)
		return n
	}
	if depth > maxDepth {
		r.fail(pointer, "nested deeper than %d levels", maxDepth)
		return n
	}
	switch c := r.next(); {
	case c == '{':
		r.object(n, depth)
	case c == '[':
		r.array(n, depth)
	case c == '"':
		n.Kind = String
		n.raw = r.source[r.at:]
		n.Text = r.text(pointer)
	case c == '-' || c >= '0' && c <= '9':
		r.number(n)
	case c == 0:
		r.fail(pointer, "the document ends where a value is wanted")
	default:
		r.word(n)
	}
	return n
}

func (r *jsonReader) word(n *Node) {
	for _, word := range []string{"true", "false", "null"} {
		if strings.HasPrefix(r.source[r.at:], word) {
			if r.at += len(word); word != "null" {
				n.Kind, n.Text = Bool, word
			}
			return
		}
	}
	r.fail(n.Pointer, "want a value; text is written in double quotes")
}

func (r *jsonReader) number(n *Node) {
	end := r.at
	for end < len(r.source) && strings.IndexByte("+-.eE0123456789", r.source[end]) >= 0 {
		end++
	}
	n.Text = r.source[r.at:end]
	if n.Kind = numberKind(n.Text); n.Kind == String {
		r.fail(n.Pointer, "%s is no JSON number", quoted(n.Text))
		return
	}
	r.at = end
}

func (r *jsonReader) array(n *Node, depth int) {
	n.Kind = List
	r.at++
	if r.next() == ']' {
		r.at++
		return
	}
	for r.failed == nil {
		n.Items = append(n.Items, r.value(PointerTo(n.Pointer, strconv.Itoa(len(n.Items))), depth+1))
		if r.ends(n.Pointer, ']') {
			return
		}
	}
}

// ends moves over the comma or the bracket behind an element; true at the bracket.
func (r *jsonReader) ends(pointer string, bracket byte) bool {
	c := r.next()
	if c != ',' && c != bracket {
		r.fail(pointer, `want "," or "%c" here`, bracket)
		return true
	}
	r.at++
	return c == bracket
}

func (r *jsonReader) object(n *Node, depth int) {
	n.Kind = Map
	r.at++
	if r.next() == '}' {
		r.at++
		return
	}
	seen := map[string]int{}
	for r.failed == nil {
		r.member(n, seen, depth)
		if r.ends(n.Pointer, '}') {
			return
		}
	}
}

func (r *jsonReader) member(n *Node, seen map[string]int, depth int) {
	if r.next() != '"' {
		r.fail(n.Pointer, "want a key in double quotes")
		return
	}
	line, column := r.place()
	raw := r.source[r.at:]
	key := r.text(n.Pointer)
	if r.next() != ':' {
		r.fail(n.Pointer, `want ":" behind the key`)
		return
	}
	r.at++
	pointer := PointerTo(n.Pointer, key)
	value := r.value(pointer, depth+1)
	if before, again := seen[key]; again {
		r.issues = append(r.issues, Issue{
			File: r.file, Line: line, Column: column, Pointer: pointer,
			Message: fmt.Sprintf("duplicate key %s; it is already at line %d", quoted(key), before),
		})
		return
	}
	seen[key] = line
	n.Fields = append(n.Fields, Field{Key: key, KeyLine: line, KeyColumn: column, Value: value, rawKey: raw})
}

// text reads a quoted text.
func (r *jsonReader) text(pointer string) string {
	start := r.at
	for i := start + 1; i < len(r.source); i++ {
		switch c := r.source[i]; {
		case c == '"':
			r.at = i + 1
			return r.unquoted(pointer, start)
		case c == '\\':
			i++
		case c < ' ':
			r.at = i
			r.fail(pointer, "quoted text ends on its line; write \\n for a new line")
			return ""
		}
	}
	r.fail(pointer, "the text that starts here has no closing quote")
	return ""
}

// unquoted is the text between the quotes at start and before the next byte.
func (r *jsonReader) unquoted(pointer string, start int) string {
	inner := r.source[start+1 : r.at-1]
	if !strings.Contains(inner, `\`) {
		return inner
	}
	var text string
	if err := json.Unmarshal([]byte(r.source[start:r.at]), &text); err != nil {
		r.at = start
		r.fail(pointer, `quoted text has an unknown escape; write \\ for a backslash`)
	}
	return text
}
