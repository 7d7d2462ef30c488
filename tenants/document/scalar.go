package document

import (
	"strings"

	"github.com/goccy/go-yaml/token"
)

// scalar reads a value that is one token.
func (r *yamlReader) scalar(out *Node, t *token.Token) {
	out.Text = t.Value
	if r.broken[out.Line] && isBroken(t.Value) {
		out.Kind, out.Text = Broken, ""
		return
	}
	switch t.Type {
	case token.SingleQuoteType, token.DoubleQuoteType:
		out.Kind = String
		out.raw = r.raw(t, out.Line, out.Column)
	case token.NullType, token.ImplicitNullType:
		out.Kind, out.Text = Null, ""
	case token.BoolType:
		out.Kind, out.Text = Bool, strings.ToLower(t.Value)
	case token.StringType:
		out.Kind = numberKind(t.Value)
		if r.cutOff(t) {
			out.Kind, out.Text = Broken, ""
			r.report(t, out.Pointer, `the hole in this text is cut off: " #" starts a comment; write the text in quotes`)
			return
		}
		out.raw = r.raw(t, out.Line, out.Column)
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

// cutOff says whether plain text ends inside a hole because a comment starts there.
func (r *yamlReader) cutOff(t *token.Token) bool {
	open := strings.LastIndex(t.Value, "${")
	if open < 0 || strings.Contains(t.Value[open:], "}") {
		return false
	}
	rest := strings.TrimPrefix(r.lines.from(r.place(t)), t.Value)
	return strings.HasPrefix(strings.TrimLeft(rest, " \t"), "#")
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
		rest = trimSign(rest[1:])
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
