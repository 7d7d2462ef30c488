package expr

import (
	"cmp"
	"strings"

	"atrium/clients/schema"

	"cel.dev/cel-go/checker"
	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
)

// cel compiles an expression that is more than a path.
func (c *compiler) cel(offset int, src string) (node, *schema.Type) {
	if at := tooNested(src); at >= 0 {
		c.report(offset+at, "an expression nests at most %d brackets", maxNesting)
		return nil, nil
	}
	if strings.TrimSpace(src) == "" {
		c.report(offset, "want an expression, found nothing")
		return nil, nil
	}
	l, err := newLanguage()
	if err != nil {
		c.report(offset, "%v", err)
		return nil, nil
	}
	text := common.NewTextSource(src)
	tree, errs := l.parser.Parse(text)
	if list := errs.GetErrors(); len(list) > 0 {
		c.complain(offset, src, list[:1])
		return nil, nil
	}
	t := &typing{
		compiler: c, language: l, source: src, offset: offset,
		tree: tree, factory: ast.NewExprFactory(), lastID: ast.MaxID(tree),
	}
	before := len(c.issues)
	s := t.expr(tree.Expr(), nil)
	if len(c.issues) > before {
		return nil, nil
	}
	b := builder{typing: t, text: text}
	made := b.node(tree.Expr())
	if len(c.issues) > before {
		return nil, nil
	}
	return b.finish(made, s)
}

// tooNested returns the place of the bracket that is nested too deep, or -1.
func tooNested(src string) int {
	depth := 0
	for i := 0; i < len(src); i++ {
		switch src[i] {
		case '(', '[', '{':
			if depth++; depth > maxNesting {
				return i
			}
		case ')', ']', '}':
			depth--
		case '"', '\'':
			if i = stringEnd(src, i); i < 0 {
				return -1
			}
		}
	}
	return -1
}

// A builder turns a typed tree into nodes: paths, choices, defaults, lists and objects by itself, the rest by CEL.
type builder struct {
	*typing
	text  common.Source
	other string // what CEL says that the expression is when it is no JSON
}

// finish returns what the whole expression is.
func (b *builder) finish(made node, s static) (node, *schema.Type) {
	typ := s.typ
	if other := cmp.Or(s.other, b.other); other != "" {
		b.report(b.offset, "the expression gives %s, which is no JSON: want %s", other, asJSONRemedy(other))
		return nil, nil
	}
	if s.optional {
		typ = typ.OrNull()
	}
	return made, withoutNothing(typ)
}

func asJSONRemedy(other string) string {
	if other == "bytes" {
		return "base64.encode(...)"
	}
	return "string(...)"
}

// withoutNothing replaces the element type of an empty list, of which nothing is known.
func withoutNothing(t *schema.Type) *schema.Type {
	if t == nothing {
		return schema.Of(schema.Any)
	}
	if isEmptyList(t) {
		return schema.ArrayOf(nil)
	}
	return t
}

// node makes an expression that uses no local name.
func (b *builder) node(e ast.Expr) node {
	switch e.Kind() {
	case ast.LiteralKind:
		return b.literal(e)
	case ast.IdentKind, ast.SelectKind:
		if p, ok := b.path(e); ok {
			return p
		}
	case ast.CallKind:
		if n := b.call(e); n != nil {
			return n
		}
	case ast.ListKind:
		if n := b.list(e); n != nil {
			return n
		}
	case ast.MapKind:
		if n := b.object(e); n != nil {
			return n
		}
	case ast.UnspecifiedExprKind, ast.ComprehensionKind, ast.StructKind:
	}
	return b.program(e)
}

// check lets CEL check an expression; nil after an issue.
func (b *builder) check(e ast.Expr) *ast.AST {
	env, err := b.scope.checker()
	if err != nil {
		b.reportAt(e, "%v", err)
		return nil
	}
	checked, errs := checker.Check(ast.NewAST(e, b.tree.SourceInfo()), b.text, env)
	if list := errs.GetErrors(); len(list) > 0 {
		b.complain(b.offset, b.source, list)
		return nil
	}
	return checked
}
