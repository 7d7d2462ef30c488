package expr

import (
	"bytes"
	"context"
	"math"
	"slices"
	"strconv"

	"atrium/clients/rawjson"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// A quickNode is a condition that is mostly decided by looking at raw JSON, ten times faster than CEL: a list's elements
// are filtered by such conditions. What it cannot decide, errors included, is left to the program.
type quickNode struct {
	test    test
	program *programNode
}

func (n *quickNode) truth(ctx context.Context, env Env) (bool, error) {
	if holds, ok := n.test.quick(env); ok {
		return holds, nil
	}
	return n.program.truth(ctx, env)
}

func (n *quickNode) append(ctx context.Context, dst []byte, env Env, as form) ([]byte, error) {
	if holds, ok := n.test.quick(env); ok {
		return strconv.AppendBool(dst, holds), nil
	}
	return n.program.append(ctx, dst, env, as)
}

// A test decides a condition; ok is false when it cannot.
type test interface {
	quick(env Env) (holds, ok bool)
}

// quickTest returns a test for an expression, nil when there is none.
func (b *builder) quickTest(e ast.Expr) test {
	if p, ok := b.path(e); ok {
		return (*pathTest)(p)
	}
	if e.Kind() == ast.SelectKind && e.AsSelect().IsTestOnly() {
		p, ok := b.path(e.AsSelect().Operand())
		if !ok {
			return nil
		}
		path := append(slices.Clip(p.path), rawjson.Seg{Name: e.AsSelect().FieldName()})
		return &compareTest{path: &pathNode{slot: p.slot, path: path}, operator: notEqualsName, kind: rawjson.Null}
	}
	if e.Kind() != ast.CallKind {
		return nil
	}
	args := e.AsCall().Args()
	switch name := e.AsCall().FunctionName(); name {
	case operators.LogicalNot:
		if t := b.quickTest(args[0]); t != nil {
			return notTest{t}
		}
	case operators.LogicalAnd, operators.LogicalOr:
		left, right := b.quickTest(args[0]), b.quickTest(args[1])
		if left != nil && right != nil {
			return &bothTest{left: left, right: right, or: name == operators.LogicalOr}
		}
	case equalsName, notEqualsName, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		if p, ok := b.path(args[0]); ok {
			return compareTo(p, name, args[1])
		}
		if p, ok := b.path(args[1]); ok {
			return compareTo(p, flipped(name), args[0])
		}
	}
	return nil
}

func flipped(operator string) string {
	switch operator {
	case operators.Less:
		return operators.Greater
	case operators.LessEquals:
		return operators.GreaterEquals
	case operators.Greater:
		return operators.Less
	case operators.GreaterEquals:
		return operators.LessEquals
	}
	return operator
}

// A pathTest is a boolean.
type pathTest pathNode

func (t *pathTest) quick(env Env) (holds, ok bool) {
	switch string((*pathNode)(t).raw(env)) {
	case "true":
		return true, true
	case "false":
		return false, true
	}
	return false, false
}

type notTest struct{ of test }

func (t notTest) quick(env Env) (holds, ok bool) {
	holds, ok = t.of.quick(env)
	return !holds, ok
}

type bothTest struct {
	left, right test
	or          bool
}

func (t *bothTest) quick(env Env) (holds, ok bool) {
	holds, ok = t.left.quick(env)
	if !ok || holds == t.or {
		return holds, ok
	}
	return t.right.quick(env)
}

// A compareTest compares what is at a path with a literal.
type compareTest struct {
	path     *pathNode
	operator string
	kind     rawjson.Type
	text     []byte // of a String, as JSON; of a Bool or Null
	number   float64
}

// exactInteger bounds the integers that a double holds exactly.
const exactInteger = 1 << 53

func compareTo(p *pathNode, operator string, literal ast.Expr) test {
	if isNull, ok := literalNull(literal); ok && isNull {
		return &compareTest{path: p, operator: operator, kind: rawjson.Null}
	}
	if literal.Kind() != ast.LiteralKind {
		return nil
	}
	t := &compareTest{path: p, operator: operator}
	switch v := literal.AsLiteral().(type) {
	case types.String:
		t.kind, t.text = rawjson.String, []byte(quote(string(v)))
	case types.Bool:
		t.kind, t.text = rawjson.Bool, strconv.AppendBool(nil, bool(v))
	case types.Int:
		t.kind, t.number = rawjson.Number, float64(v)
	case types.Double:
		t.kind, t.number = rawjson.Number, float64(v)
	}
	isEquality := operator == equalsName || operator == notEqualsName
	if t.kind == rawjson.Invalid || t.kind != rawjson.Number && !isEquality || math.Abs(t.number) >= exactInteger {
		return nil
	}
	return t
}

func (t *compareTest) quick(env Env) (holds, ok bool) {
	raw := t.path.raw(env)
	kind := rawjson.Kind(raw)
	if kind == rawjson.Invalid {
		kind = rawjson.Null
	}
	switch {
	case kind == t.kind && kind == rawjson.Number:
		f, err := strconv.ParseFloat(string(raw), 64)
		return t.order(f), err == nil && math.Abs(f) < exactInteger
	case t.operator != equalsName && t.operator != notEqualsName:
		return false, false
	case kind != t.kind:
		return t.operator == notEqualsName, true
	case kind == rawjson.String && (bytes.IndexByte(raw, '\\') >= 0 || bytes.IndexByte(t.text, '\\') >= 0):
		return false, false
	}
	equal := kind == rawjson.Null || bytes.Equal(raw, t.text)
	return equal == (t.operator == equalsName), true
}

func (t *compareTest) order(f float64) bool {
	switch t.operator {
	case equalsName:
		return f == t.number
	case notEqualsName:
		return f != t.number
	case operators.Less:
		return f < t.number
	case operators.LessEquals:
		return f <= t.number
	case operators.Greater:
		return f > t.number
	}
	return f >= t.number
}
