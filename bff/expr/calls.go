package expr

import (
	"cmp"
	"slices"
	"strings"

	"atrium/clients/schema"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/decls"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// call is an operator or a function.
func (t *typing) call(e ast.Expr, f facts) static {
	call := e.AsCall()
	args := call.Args()
	switch call.FunctionName() {
	case operators.Index, operators.OptIndex, operators.OptSelect:
		return t.step(e, f)
	case operators.Conditional:
		return t.choice(args, f)
	case operators.LogicalNot:
		t.condition(args[0], f)
		return known(schema.Bool)
	case operators.LogicalAnd:
		t.condition(args[0], f)
		t.condition(args[1], f.and(whenTrue(args[0])))
		return known(schema.Bool)
	case operators.LogicalOr:
		t.condition(args[0], f)
		t.condition(args[1], f.and(whenFalse(args[0])))
		return known(schema.Bool)
	case operators.Equals, operators.NotEquals:
		t.compare(e, args, f)
		return known(schema.Bool)
	case operators.In:
		t.membership(args, f)
		return known(schema.Bool)
	case "dyn":
		if len(args) == 1 {
			t.resolved(args[0], t.expr(args[0], f))
		}
		return unknown()
	case "orValue":
		if call.IsMemberFunction() && len(args) == 1 {
			return t.orValue(call.Target(), args[0], f)
		}
	}
	return t.function(e, f)
}

func (t *typing) condition(e ast.Expr, f facts) {
	s := t.expr(e, f)
	t.strict(e, s)
	if s.other != "" || kindsOf(s.typ)&kindsOf(schema.Of(schema.Bool)) == 0 {
		t.reportAt(e, "want a condition, %s is %s", t.shownText(e), cmp.Or(s.other, s.typ.String()))
	}
}

func (t *typing) choice(args []ast.Expr, f facts) static {
	t.condition(args[0], f)
	yes := t.expr(args[1], f.and(whenTrue(args[0])))
	no := t.expr(args[2], f.and(whenFalse(args[0])))
	t.unify(args[1], yes, args[2], no)
	return joinStatic(yes, no)
}

// orValue is what is in an optional, or else another value.
func (t *typing) orValue(target, other ast.Expr, f facts) static {
	from := t.expr(target, f)
	instead := t.resolved(other, t.expr(other, f))
	if !from.optional && from.typ.Kind != schema.Any {
		text := t.text(target)
		remedy := "it is never null"
		if outer, last, ok := lastStep(target); ok && !last.IsIndex && mayBeNull(from.typ) {
			remedy = "want " + t.text(outer) + ".?" + last.Name + ".orValue(...)"
		}
		t.reportAt(target, "%s is no optional value: %s", text, remedy)
	}
	from.optional = false
	t.unifyOther(other, instead, from)
	return joinStatic(from, instead)
}

// unify makes CEL accept two values of which one is chosen.
func (t *typing) unify(a ast.Expr, x static, b ast.Expr, y static) {
	switch {
	case x.typ.Kind == schema.Integer && y.typ.Kind == schema.Number:
		t.toDouble(a)
	case x.typ.Kind == schema.Number && y.typ.Kind == schema.Integer:
		t.toDouble(b)
	case x.optional == y.optional && !t.alike(x, y):
		t.call1(a, "dyn")
		t.call1(b, "dyn")
	}
}

// unifyOther is unify where only the second may be changed.
func (t *typing) unifyOther(b ast.Expr, y, x static) {
	switch {
	case x.typ.Kind == schema.Number && y.typ.Kind == schema.Integer:
		t.toDouble(b)
	case !t.alike(x, y):
		t.call1(b, "dyn")
	}
}

// alike reports whether CEL takes one for the other.
func (t *typing) alike(x, y static) bool {
	if x.typ.Kind == schema.Null || y.typ.Kind == schema.Null || isEmptyList(x.typ) || isEmptyList(y.typ) {
		return true // written so that CEL takes it for anything
	}
	a, b := t.scope.types.cel(x.typ), t.scope.types.cel(y.typ)
	return x.other == y.other && (a == types.DynType || b == types.DynType || a.IsExactType(b))
}

func isEmptyList(t *schema.Type) bool { return t.Kind == schema.Array && t.Elem == nothing }

func (t *typing) membership(args []ast.Expr, f facts) {
	value := t.resolved(args[0], t.expr(args[0], f))
	in := t.expr(args[1], f)
	t.strict(args[1], in)
	if in.typ.Kind == schema.Array && !t.alike(value, static{typ: elemOf(in.typ)}) {
		t.call1(args[0], "dyn")
		t.neverEqual(args[0], value, args[1], static{typ: elemOf(in.typ)})
	}
}

// function is a call whose overloads CEL checks: here it is only found what it gives.
func (t *typing) function(e ast.Expr, f facts) static {
	call := e.AsCall()
	name := call.FunctionName()
	args := call.Args()
	member := call.IsMemberFunction()
	if member {
		if space, ok := t.namespace(call.Target(), name); ok {
			name, member = space, false
		} else {
			args = slices.Concat([]ast.Expr{call.Target()}, args)
		}
	}
	before := len(t.issues)
	have := make([]static, len(args))
	for i, arg := range args {
		have[i] = t.expr(arg, f)
	}
	fn := t.language.functions[name]
	if fn == nil || len(t.issues) > before {
		return unknown()
	}
	for i, arg := range args {
		if !have[i].optional || !wantsOptional(fn, i) {
			t.strict(arg, have[i])
		}
	}
	if name == "matches" && len(args) == 2 && args[1].Kind() != ast.LiteralKind {
		t.reportAt(args[1], "a pattern must be written out")
	}
	if strings.HasPrefix(name, "math.@") && !slices.ContainsFunc(have, func(s static) bool { return !isNumber(s.typ) }) {
		return slices.MaxFunc(have, func(a, b static) int { return cmp.Compare(a.typ.Kind, b.typ.Kind) })
	}
	return t.overload(fn, member, args, have)
}

// namespace returns the name of a function such as math.abs when target is its first part.
func (t *typing) namespace(target ast.Expr, name string) (string, bool) {
	if target.Kind() != ast.IdentKind {
		return "", false
	}
	full := target.AsIdent() + "." + name
	return full, t.language.functions[full] != nil
}

func wantsOptional(fn *decls.FunctionDecl, arg int) bool {
	return slices.ContainsFunc(fn.OverloadDecls(), func(o *decls.OverloadDecl) bool {
		return arg < len(o.ArgTypes()) && strings.HasPrefix(o.ArgTypes()[arg].TypeName(), "optional")
	})
}

// overload returns what the overloads that fit give, as far as they agree. Integers become numbers when none fits.
func (t *typing) overload(fn *decls.FunctionDecl, member bool, args []ast.Expr, have []static) static {
	for _, widen := range []bool{false, true} {
		var result *static
		for _, o := range fn.OverloadDecls() {
			m := match{bound: map[string]static{}, widen: widen}
			if o.IsMemberFunction() != member || !m.all(o, have) {
				continue
			}
			for _, i := range m.widens {
				t.toDouble(args[i])
			}
			gives := m.gives(o.ResultType())
			if result != nil && !t.same(*result, gives) {
				return unknown()
			}
			result = &gives
			if widen {
				break
			}
		}
		if result != nil {
			return *result
		}
	}
	return unknown()
}

func (t *typing) same(a, b static) bool {
	return a.other == b.other && a.optional == b.optional && schema.Equal(a.typ, b.typ)
}

func (m *match) all(o *decls.OverloadDecl, have []static) bool {
	want := o.ArgTypes()
	if len(want) != len(have) {
		return false
	}
	for i := range want {
		if !m.fits(i, want[i], have[i]) {
			return false
		}
	}
	return true
}
