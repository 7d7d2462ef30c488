package expr

import (
	"slices"

	"atrium/clients/rawjson"
	"atrium/clients/schema"
	"atrium/tenants/document"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// compare is == or !=: values that may be null compare, values that are never equal do not.
func (t *typing) compare(e ast.Expr, args []ast.Expr, f facts) {
	left := t.resolved(args[0], t.expr(args[0], f))
	right := t.resolved(args[1], t.expr(args[1], f))
	t.neverEqual(args[0], left, args[1], right)
	name := equalsName
	if e.AsCall().FunctionName() == operators.NotEquals {
		name = notEqualsName
	}
	e.SetKindCase(t.factory.NewCall(e.ID(), name, args...))
}

func (t *typing) neverEqual(a ast.Expr, left static, b ast.Expr, right static) {
	if left.other != "" || right.other != "" || left.typ.Kind == schema.Null || right.typ.Kind == schema.Null {
		return
	}
	if kindsOf(left.typ)&kindsOf(right.typ) == 0 {
		t.reportAt(a, "%s is %s and %s is %s: they are never equal",
			t.shownText(a), left.typ, t.shownText(b), right.typ)
		return
	}
	t.inEnum(a, left.typ, b)
	t.inEnum(b, right.typ, a)
}

func (t *typing) shownText(e ast.Expr) string {
	if e.Kind() == ast.LiteralKind {
		if raw, err := appendResult(nil, e.AsLiteral(), asJSON, nil); err == nil {
			return string(raw)
		}
	}
	return t.text(e)
}

// inEnum reports a text that is none of those that a value may have.
func (t *typing) inEnum(e ast.Expr, typ *schema.Type, other ast.Expr) {
	literal, ok := stringLiteral(other)
	if !ok || typ.Kind != schema.String || len(typ.Enum) == 0 || slices.Contains(typ.Enum, quote(literal)) {
		return
	}
	var values []string
	for _, raw := range typ.Enum {
		values = append(values, string(rawjson.AppendUnquoted(nil, []byte(raw))))
	}
	if slices.Contains(values, literal) {
		return
	}
	t.reportAt(other, "%s is never %q%s", t.text(e), literal, document.DidYouMean(literal, values))
}

// kinds is a set of kinds whose values are equal only to those of the same kind.
type kinds uint16

const anyKind = ^kinds(0)

func kindsOf(t *schema.Type) kinds {
	set := kinds(0)
	switch t.Kind {
	case schema.Any:
		return anyKind
	case schema.Union:
		for _, one := range t.OneOf {
			set |= kindsOf(one)
		}
	case schema.Integer, schema.Number:
		set |= 1 << schema.Number
	case schema.Null, schema.Bool, schema.String, schema.Array, schema.Object:
		set |= 1 << t.Kind
	}
	return set
}

// whenTrue returns the paths that are not null when a condition holds.
func whenTrue(e ast.Expr) []string {
	if e.Kind() == ast.SelectKind && e.AsSelect().IsTestOnly() {
		sel := e.AsSelect()
		root, steps, ok := pathOf(sel.Operand())
		if !ok {
			return nil
		}
		return append(notNull(sel.Operand()), written(root, append(steps, namedStep(sel.FieldName(), false))))
	}
	if e.Kind() != ast.CallKind {
		return nil
	}
	args := e.AsCall().Args()
	switch e.AsCall().FunctionName() {
	case operators.LogicalAnd:
		return append(whenTrue(args[0]), whenTrue(args[1])...)
	case operators.LogicalNot:
		return whenFalse(args[0])
	case operators.NotEquals, notEqualsName:
		return comparedWith(args, true)
	case operators.Equals, equalsName:
		return comparedWith(args, false)
	}
	return nil
}

// whenFalse returns the paths that are not null when a condition does not hold.
func whenFalse(e ast.Expr) []string {
	if e.Kind() != ast.CallKind {
		return nil
	}
	args := e.AsCall().Args()
	switch e.AsCall().FunctionName() {
	case operators.LogicalOr:
		return append(whenFalse(args[0]), whenFalse(args[1])...)
	case operators.LogicalNot:
		return whenTrue(args[0])
	case operators.Equals, equalsName:
		return comparedWith(args, true)
	case operators.NotEquals, notEqualsName:
		return comparedWith(args, false)
	}
	return nil
}

// comparedWith returns the path that is compared with null (or else with a literal that is not null).
func comparedWith(args []ast.Expr, withNull bool) []string {
	for i, literal := range args {
		other := args[1-i]
		if isNull, ok := literalNull(literal); ok && isNull == withNull {
			return notNull(other)
		}
	}
	return nil
}

func literalNull(e ast.Expr) (isNull, ok bool) {
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == "dyn" && len(e.AsCall().Args()) == 1 {
		e = e.AsCall().Args()[0] // as rewritten
	}
	if e.Kind() != ast.LiteralKind {
		return false, false
	}
	return e.AsLiteral().Type() == types.NullType, true
}

// notNull returns a path and the paths to what it goes through: when it is not null, neither are they.
func notNull(e ast.Expr) []string {
	var paths []string
	for {
		path, ok := pathText(e)
		if !ok {
			return paths
		}
		paths = append(paths, path)
		if e, _, ok = lastStep(e); !ok {
			return paths
		}
	}
}
