package expr

import (
	"atrium/clients/rawjson"
	"atrium/clients/schema"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// lastStep takes a step off a path: o.id, o[0], o["id"], o.?id, o[?0]. It is false for anything else, has(o.id) included.
func lastStep(e ast.Expr) (outer ast.Expr, last step, ok bool) {
	if e.Kind() == ast.SelectKind {
		sel := e.AsSelect()
		return sel.Operand(), namedStep(sel.FieldName(), false), !sel.IsTestOnly()
	}
	if e.Kind() != ast.CallKind {
		return nil, step{}, false
	}
	call := e.AsCall()
	switch call.FunctionName() {
	case operators.Index, operators.OptIndex, operators.OptSelect:
		last, ok = constantStep(call.Args()[1])
		last.optional = call.FunctionName() != operators.Index
		return call.Args()[0], last, ok
	case presentName:
		return lastStep(call.Args()[0])
	}
	return nil, step{}, false
}

func constantStep(key ast.Expr) (step, bool) {
	if key.Kind() != ast.LiteralKind {
		return step{}, false
	}
	switch k := key.AsLiteral().(type) {
	case types.String:
		return namedStep(string(k), false), true
	case types.Int:
		return step{Seg: rawjson.Seg{Index: int(k), IsIndex: true}}, k >= 0
	}
	return step{}, false
}

// pathOf takes an expression that is nothing but a path apart.
func pathOf(e ast.Expr) (root string, steps []step, ok bool) {
	if e.Kind() == ast.IdentKind {
		return e.AsIdent(), nil, true
	}
	outer, last, ok := lastStep(e)
	if !ok {
		return "", nil, false
	}
	root, steps, ok = pathOf(outer)
	return root, append(steps, last), ok
}

func pathText(e ast.Expr) (string, bool) {
	root, steps, ok := pathOf(e)
	if !ok {
		return "", false
	}
	return written(root, steps), true
}

func isStep(e ast.Expr) bool {
	if e.Kind() == ast.SelectKind {
		return true
	}
	if e.Kind() != ast.CallKind {
		return false
	}
	switch e.AsCall().FunctionName() {
	case operators.Index, operators.OptIndex, operators.OptSelect:
		return true
	}
	return false
}

// step is a path, or an access to the result of something. What indexes optionally and gives null is made empty.
func (t *typing) step(e ast.Expr, f facts) static {
	s := t.inner(e, f)
	if s.optional && e.Kind() == ast.CallKind && e.AsCall().FunctionName() != operators.OptSelect {
		t.call1(e, presentName)
	}
	return s
}

// inner is step for what may be in the middle of a path.
func (t *typing) inner(e ast.Expr, f facts) static {
	outer, last, ok := lastStep(e)
	switch {
	case e.Kind() == ast.SelectKind && e.AsSelect().IsTestOnly():
		sel := e.AsSelect()
		t.follow(e, t.operand(sel.Operand(), sel.FieldName(), f), sel.Operand(), namedStep(sel.FieldName(), true))
		return known(schema.Bool)
	case !ok:
		return t.dynamicStep(e, f)
	}
	if !last.IsIndex && e.Kind() == ast.CallKind {
		t.byName(e, outer, last)
	}
	member := whole
	if !last.IsIndex {
		member = last.Name
	}
	from := t.operand(outer, member, f)
	last.optional = last.optional || from.optional
	s := t.follow(e, from, outer, last)
	if len(f) == 0 {
		return s
	}
	if path, ok := pathText(e); ok {
		s = narrow(s, path, f)
	}
	return s
}

// operand is the value that a step starts from.
func (t *typing) operand(e ast.Expr, member string, f facts) static {
	switch {
	case e.Kind() == ast.IdentKind:
		return t.name(e, member, f)
	case isStep(e):
		return t.inner(e, f)
	}
	return t.expr(e, f)
}

// byName rewrites o["id"] to o.id, which CEL takes for objects too.
func (t *typing) byName(e, outer ast.Expr, last step) {
	if last.optional {
		name := t.factory.NewLiteral(e.AsCall().Args()[1].ID(), types.String(last.Name))
		e.SetKindCase(t.factory.NewCall(e.ID(), operators.OptSelect, outer, name))
		return
	}
	e.SetKindCase(t.factory.NewSelect(e.ID(), outer, last.Name))
}

func (t *typing) follow(e ast.Expr, from static, outer ast.Expr, last step) static {
	if from.other != "" {
		t.reportAt(e, "%s has no members", from.other)
		return unknown()
	}
	next, wrong := follow(from.typ, last)
	if wrong != nil {
		t.report(t.memberAt(e, last), "%s", wrong(t.text(outer)))
		return unknown()
	}
	if last.optional {
		next = next.NotNull()
	}
	return static{typ: next, optional: last.optional}
}

// memberAt returns where the name of a member is written: behind the point.
func (t *typing) memberAt(e ast.Expr, last step) int {
	at := t.offset + t.start(e.ID())
	text := t.node.Text
	if at < len(text) && text[at] == '.' {
		at++
	}
	if last.optional && at < len(text) && text[at] == '?' {
		at++
	}
	return at
}

// dynamicStep is an access by a key that is not known before it runs.
func (t *typing) dynamicStep(e ast.Expr, f facts) static {
	args := e.AsCall().Args()
	from := t.operand(args[0], whole, f)
	key := t.expr(args[1], f)
	t.strict(args[1], key)
	optional := from.optional || e.AsCall().FunctionName() == operators.OptIndex
	typ := schema.Of(schema.Any)
	switch {
	case from.typ.Kind == schema.Array:
		if n, ok := literalInt(args[1]); ok && n < 0 {
			t.reportAt(args[1], "elements of a list count from 0")
		}
		typ = elemOf(from.typ).OrNull()
	case from.typ.Kind == schema.Object && !isMap(from.typ), from.typ.Kind == schema.Union && onlyObjects(from.typ):
		t.reportAt(args[1], "members of %s are chosen by name when the document is checked: want %s", from.typ.NotNull(),
			t.text(args[0])+`["name"]`)
	case from.typ.Kind == schema.Object:
		typ = from.typ.Extra.OrNull()
	}
	if optional {
		typ = typ.NotNull()
	}
	return static{typ: typ, optional: optional}
}

func literalInt(e ast.Expr) (types.Int, bool) {
	if e.Kind() != ast.LiteralKind {
		return 0, false
	}
	n, ok := e.AsLiteral().(types.Int)
	return n, ok
}
