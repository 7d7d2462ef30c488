package expr

import (
	"cel.dev/cel-go/common/decls"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// Functions that the compiler writes; no expression can name them.
const (
	equalsName    = "@equals"
	notEqualsName = "@not_equals"
	presentName   = "@present" // an optional that holds null becomes empty
)

// ownFunctions are the operators that differ from CEL's: numbers of both kinds mix, and anything compares with anything.
func ownFunctions(all map[string]*decls.FunctionDecl) ([]*decls.FunctionDecl, error) {
	var own []*decls.FunctionDecl
	for name, op := range arithmetic() {
		fn, err := mixing(all[name], op)
		if err != nil {
			return nil, err
		}
		own = append(own, fn)
	}
	anything := []*types.Type{types.DynType, types.DynType}
	equals, err := decls.NewFunction(equalsName, decls.Overload("equals_any", anything, types.BoolType),
		decls.SingletonBinaryBinding(equal))
	if err != nil {
		return nil, err
	}
	notEquals, err := decls.NewFunction(notEqualsName, decls.Overload("not_equals_any", anything, types.BoolType),
		decls.SingletonBinaryBinding(func(l, r ref.Val) ref.Val { return types.Bool(equal(l, r) != types.True) }))
	if err != nil {
		return nil, err
	}
	optional := types.NewOptionalType(types.NewTypeParamType("T"))
	present, err := decls.NewFunction(presentName,
		decls.Overload("present_optional", []*types.Type{optional}, optional),
		decls.SingletonUnaryBinding(present))
	return append(own, equals, notEquals, present), err
}

type binary = func(l, r ref.Val) ref.Val

func arithmetic() map[string]binary {
	return map[string]binary{
		operators.Add:      add,
		operators.Subtract: func(l, r ref.Val) ref.Val { return l.(traits.Subtractor).Subtract(r) },
		operators.Multiply: func(l, r ref.Val) ref.Val { return l.(traits.Multiplier).Multiply(r) },
		operators.Divide:   func(l, r ref.Val) ref.Val { return l.(traits.Divider).Divide(r) },
	}
}

func trait(name string) int {
	switch name {
	case operators.Add:
		return traits.AdderType
	case operators.Subtract:
		return traits.SubtractorType
	case operators.Multiply:
		return traits.MultiplierType
	}
	return traits.DividerType
}

// mixing returns an operator that also takes an integer beside a number, which gives a number.
func mixing(fn *decls.FunctionDecl, op binary) (*decls.FunctionDecl, error) {
	name := fn.Name()
	opts := []decls.FunctionOpt{
		decls.SingletonBinaryBinding(func(l, r ref.Val) ref.Val { return op(widen(l, r), widen(r, l)) }, trait(name)),
		decls.Overload(name+"int_double", []*types.Type{types.IntType, types.DoubleType}, types.DoubleType),
		decls.Overload(name+"double_int", []*types.Type{types.DoubleType, types.IntType}, types.DoubleType),
	}
	for _, o := range fn.OverloadDecls() {
		opts = append(opts, decls.Overload(o.ID(), o.ArgTypes(), o.ResultType()))
	}
	return decls.NewFunction(name, opts...)
}

// widen returns v, as a double when v is an integer and beside is a number of another kind.
func widen(v, beside ref.Val) ref.Val {
	switch n := v.(type) {
	case types.Int:
		switch beside.(type) {
		case types.Double, types.Uint:
			return types.Double(n)
		}
	case types.Uint:
		switch beside.(type) {
		case types.Double, types.Int:
			return types.Double(n)
		}
	}
	return v
}

func add(l, r ref.Val) ref.Val {
	switch a := l.(type) {
	case types.String:
		if b, ok := r.(types.String); ok && len(a)+len(b) > maxText {
			return types.WrapErr(errLongText)
		}
	case traits.MutableLister: // the accumulator of map and filter
		return a.Add(r)
	case traits.Lister:
		if b, ok := r.(traits.Lister); ok {
			return concat(a, b)
		}
	}
	return l.(traits.Adder).Add(r)
}

// concat copies, because CEL's own chain of lists makes each access as slow as the chain is long.
func concat(a, b traits.Lister) ref.Val {
	n, m := size(a), size(b)
	if n+m > maxList {
		return types.WrapErr(errLongList)
	}
	elems := make([]ref.Val, 0, n+m)
	for i := range n {
		elems = append(elems, a.Get(types.Int(i)))
	}
	for i := range m {
		elems = append(elems, b.Get(types.Int(i)))
	}
	return types.NewRefValList(types.DefaultTypeAdapter, elems)
}

func size(s traits.Sizer) int {
	n, _ := s.Size().(types.Int)
	return int(n)
}

func equal(l, r ref.Val) ref.Val {
	lNull, rNull := l.Type() == types.NullType, r.Type() == types.NullType
	switch {
	case lNull || rNull:
		return types.Bool(lNull && rNull)
	case isRaw(r) && !isRaw(l):
		return r.Equal(l)
	}
	return l.Equal(r)
}

// isRaw reports whether v is one of ours, which know how to compare with CEL's own but not the other way round.
func isRaw(v ref.Val) bool {
	switch v.(type) {
	case *object, *list:
		return true
	}
	return false
}

func present(v ref.Val) ref.Val {
	if o, ok := v.(*types.Optional); ok && o.HasValue() && o.GetValue().Type() == types.NullType {
		return types.OptionalNone
	}
	return v
}
