package expr

import (
	"strconv"
	"strings"

	"atrium/clients/rawjson"
	"atrium/clients/schema"
	"atrium/tenants/document"
)

// A step of a path, with where it is written.
type step struct {
	rawjson.Seg
	offset   int  // in the source, in bytes
	optional bool // written .? or [?
}

func isIdent(s string) bool {
	p := pathParser{src: s, end: len(s)}
	return s != "" && p.word() == s
}

func namedStep(name string, optional bool) step {
	return step{Seg: rawjson.Seg{Name: name}, optional: optional}
}

// parsePath reads name(.name | [0] | ["text"])*. It is false when the source is anything else, which is CEL then.
func parsePath(src string) (root string, steps []step, ok bool) {
	p := pathParser{src: src, at: len(src) - len(strings.TrimLeft(src, " \t\r\n"))}
	p.end = len(strings.TrimRight(src, " \t\r\n"))
	root = p.word()
	if root == "" || isKeyword(root) {
		return "", nil, false
	}
	for p.at < p.end {
		s, ok := p.step()
		if !ok {
			return "", nil, false
		}
		steps = append(steps, s)
	}
	return root, steps, true
}

func isKeyword(word string) bool {
	switch word {
	case "true", "false", "null", "in":
		return true
	}
	return false
}

type pathParser struct {
	src     string
	at, end int
}

// word reads an identifier; "" when there is none.
func (p *pathParser) word() string {
	start := p.at
	for p.at < p.end && isWord(p.src[p.at]) {
		p.at++
	}
	word := p.src[start:p.at]
	if word != "" && word[0] >= '0' && word[0] <= '9' {
		return ""
	}
	return word
}

func (p *pathParser) step() (step, bool) {
	first := p.src[p.at]
	p.at++
	offset := p.at
	switch first {
	case '.':
		name := p.word()
		return step{Seg: rawjson.Seg{Name: name}, offset: offset}, name != ""
	case '[':
		closing := strings.IndexByte(p.src[p.at:p.end], ']')
		if closing < 0 {
			return step{}, false
		}
		inside := p.src[p.at : p.at+closing]
		if inside != "" && (inside[0] == '"' || inside[0] == '\'') {
			return p.quoted(offset)
		}
		p.at += closing + 1
		index, err := strconv.Atoi(inside)
		plain := err == nil && inside == strconv.Itoa(index) && index >= 0
		return step{Seg: rawjson.Seg{Index: index, IsIndex: true}, offset: offset}, plain
	}
	return step{}, false
}

// quoted reads "text"] where the text has no escapes.
func (p *pathParser) quoted(offset int) (step, bool) {
	quote := p.src[p.at]
	rest := p.src[p.at+1 : p.end]
	n := strings.IndexByte(rest, quote)
	if n < 0 || strings.Contains(rest[:n], `\`) || !strings.HasPrefix(rest[n+1:], "]") {
		return step{}, false
	}
	p.at += n + 3
	return step{Seg: rawjson.Seg{Name: rest[:n]}, offset: offset}, true
}

// A flaw says what is wrong with a step, given how the value it starts from is written; nil when nothing is.
type flaw func(from string) string

// follow returns the type of what a step leads to from a value of type t. It allows null when the value may be null or
// may not be there.
func follow(t *schema.Type, s step) (*schema.Type, flaw) {
	next, wrong := followPlain(t.NotNull(), s)
	if wrong == nil && t.AllowsNull() {
		next = next.OrNull()
	}
	return next, wrong
}

func followPlain(t *schema.Type, s step) (*schema.Type, flaw) {
	switch {
	case t.Kind == schema.Any:
		return t, nil
	case s.IsIndex && t.Kind == schema.Array:
		return elemOf(t).OrNull(), nil
	case s.IsIndex:
		return nil, func(from string) string { return from + " is " + t.String() + ", not a list" }
	case t.Kind == schema.Union:
		return followUnion(t, s)
	case t.Kind != schema.Object:
		return nil, func(from string) string {
			return from + " is " + t.String() + ", which has no member " + quote(s.Name)
		}
	}
	field, ok := t.Member(s.Name)
	switch {
	case !ok:
		return nil, noMember(t, s.Name)
	case !field.Required:
		return field.Type.OrNull(), nil
	}
	return field.Type, nil
}

// followUnion wants the member in all alternatives, unless the step is optional.
func followUnion(t *schema.Type, s step) (*schema.Type, flaw) {
	types := make([]*schema.Type, 0, len(t.OneOf))
	var lacking *schema.Type
	for _, one := range t.OneOf {
		next, wrong := followPlain(one.NotNull(), s)
		if wrong != nil {
			lacking, next = one, schema.Of(schema.Null)
		}
		types = append(types, next)
	}
	joined := schema.UnionOf(types...)
	switch {
	case joined.Kind == schema.Null:
		return nil, noMember(t, s.Name)
	case lacking != nil && !s.optional:
		return nil, func(from string) string {
			return from + " may be " + lacking.String() + ", which has no member " + quote(s.Name) +
				": want " + from + ".?" + s.Name + ", which is null then"
		}
	}
	return joined, nil
}

func noMember(t *schema.Type, name string) flaw {
	return func(from string) string {
		is := ""
		if t.Name != "" && t.Name != from {
			is = " (" + t.Name + ")"
		}
		return from + is + " has no member " + quote(name) + document.DidYouMean(name, t.FieldNames())
	}
}

// elemOf returns the type of a list's elements.
func elemOf(t *schema.Type) *schema.Type {
	if t.Elem == nil {
		return schema.Of(schema.Any)
	}
	return t.Elem
}

func quote(s string) string { return string(rawjson.AppendQuoted(nil, s)) }

// written returns a path as it is written in a hole.
func written(root string, steps []step) string {
	path := make(rawjson.Path, 0, 1+len(steps))
	path = append(path, rawjson.Seg{Name: root})
	for _, s := range steps {
		path = append(path, s.Seg)
	}
	return path.String()
}
