package expr

import (
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
)

// call1 puts a call of one argument around e.
func (t *typing) call1(e ast.Expr, function string) {
	t.lastID++
	inner := t.factory.NewUnspecifiedExpr(t.lastID)
	inner.SetKindCase(e)
	if where, ok := t.tree.SourceInfo().GetOffsetRange(e.ID()); ok {
		t.tree.SourceInfo().SetOffsetRange(t.lastID, where)
	}
	e.SetKindCase(t.factory.NewCall(e.ID(), function, inner))
}

// toDouble makes an integer a number.
func (t *typing) toDouble(e ast.Expr) {
	if e.Kind() == ast.LiteralKind {
		switch n := e.AsLiteral().(type) {
		case types.Int:
			e.SetKindCase(t.factory.NewLiteral(e.ID(), types.Double(n)))
			return
		case types.Uint:
			e.SetKindCase(t.factory.NewLiteral(e.ID(), types.Double(n)))
			return
		}
	}
	t.call1(e, "double")
}
