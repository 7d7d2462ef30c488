package expr

import (
	"context"
	"errors"

	"atrium/clients/rawjson"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

func (b *builder) literal(e ast.Expr) node {
	raw, err := appendResult(nil, e.AsLiteral(), asJSON, nil)
	if err != nil {
		return b.program(e)
	}
	return constNode(raw)
}

// path makes a path from a name of the scope.
func (b *builder) path(e ast.Expr) (*pathNode, bool) {
	root, steps, ok := pathOf(e)
	if !ok {
		return nil, false
	}
	path := make(rawjson.Path, len(steps))
	for i, s := range steps {
		path[i] = s.Seg
	}
	slot, ok := b.scope.Slot(root)
	return &pathNode{slot: slot, path: path}, ok
}

// call makes choices and defaults; nil when CEL must do it.
func (b *builder) call(e ast.Expr) node {
	if p, ok := b.path(e); ok {
		return p
	}
	call := e.AsCall()
	args := call.Args()
	switch call.FunctionName() {
	case operators.Conditional:
		return &choiceNode{test: b.node(args[0]), yes: b.node(args[1]), no: b.node(args[2])}
	case "orValue":
		if p, ok := b.path(call.Target()); ok {
			return &defaultNode{path: p, other: b.node(args[0])}
		}
	case "dyn":
		if args[0].Kind() == ast.LiteralKind {
			return b.literal(args[0])
		}
	}
	return nil
}

func (b *builder) list(e ast.Expr) node {
	l := e.AsList()
	if len(l.OptionalIndices()) > 0 {
		return nil
	}
	made := make(listNode, l.Size())
	for i, elem := range l.Elements() {
		made[i] = b.node(elem)
	}
	return made
}

func (b *builder) object(e ast.Expr) node {
	entries := e.AsMap().Entries()
	made := make(objectNode, len(entries))
	for i, entry := range entries {
		m := entry.AsMapEntry()
		name, ok := stringLiteral(m.Key())
		if !ok || m.IsOptional() {
			return nil
		}
		made[i] = member{name: append([]byte(quote(name)), ':'), value: b.node(m.Value())}
	}
	return made
}

// program makes what CEL evaluates. What mentions no name is evaluated here and now.
func (b *builder) program(e ast.Expr) node {
	checked := b.check(e)
	if checked == nil {
		return constNode("null")
	}
	if minimum(checked) > maxCost {
		b.reportAt(e, "%v, whatever it is given", ErrCost)
		return constNode("null")
	}
	kind := checked.GetType(e.ID()).Kind()
	if e.ID() == b.tree.Expr().ID() {
		b.other = otherName(kind)
	}
	p := &programNode{place: b.place(b.offset), numbers: kind != types.BoolKind && kind != types.StringKind}
	ast.PreOrderVisit(e, ast.NewExprVisitor(func(part ast.Expr) { b.inspect(p, part) }))
	opts := []cel.ProgramOption{
		cel.CostTracking(charges{}), cel.CostLimit(maxCost), cel.OptimizeRegex(patterns()),
	}
	if p.loops {
		opts = append(opts, cel.InterruptCheckFrequency(100))
	}
	var err error
	if p.cel, err = b.language.planner.PlanProgram(checked, opts...); err != nil {
		b.reportAt(e, "%s", plain(err.Error()))
		return constNode("null")
	}
	if len(p.names) > 0 || b.other != "" {
		if t := b.quickTest(e); t != nil {
			return &quickNode{test: t, program: p}
		}
		return p
	}
	raw, err := p.append(context.Background(), nil, nil, asJSON)
	if failed, ok := errors.AsType[*failure](err); ok {
		b.reportAt(e, "%v: %s", failed.kind, failed.reason)
	}
	return constNode(raw)
}

// inspect notes what a program mentions.
func (b *builder) inspect(p *programNode, e ast.Expr) {
	switch e.Kind() {
	case ast.ComprehensionKind:
		p.loops = true
	case ast.IdentKind:
		if found := b.scope.find(e.AsIdent()); found != nil {
			p.add(root{name: found.name, slot: found.slot, typ: found.typ})
		}
	case ast.UnspecifiedExprKind, ast.CallKind, ast.ListKind, ast.LiteralKind, ast.MapKind, ast.SelectKind, ast.StructKind:
	}
}
