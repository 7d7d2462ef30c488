package expr

import (
	"fmt"
	"strings"

	"cel.dev/cel-go/common/decls"
	"cel.dev/cel-go/common/functions"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// What one expression may do. CEL charges a call when it is done: the bounds keep any single call small.
const (
	maxNodes    = 1000      // of the syntax tree, macros expanded
	maxCost     = 50_000    // CEL's units: some milliseconds
	maxText     = 256 << 10 // bytes of a text
	maxList     = 10_000    // elements of a list, members of an object
	maxDistinct = 1000      // elements that are compared each with each
	maxSort     = 5000      // elements that are sorted
	maxMatch    = 8 << 10   // bytes that a pattern is matched with
	maxPattern  = 150       // instructions of a compiled pattern
	maxScan     = 8 << 20   // bytes of JSON that are looked at
	maxOutput   = 8 << 20   // bytes of the result
)

var (
	errLongText = fmt.Errorf("%w: a text grows beyond 256 KiB", ErrCost)
	errLongList = fmt.Errorf("%w: a list grows beyond 10,000 elements", ErrCost)
	errScan     = fmt.Errorf("%w: it looks at more than 8 MiB of JSON", ErrCost)
	errDistinct = fmt.Errorf("%w: distinct takes at most 1,000 elements", ErrCost)
	errSort     = fmt.Errorf("%w: sort takes at most 5,000 elements", ErrCost)
	errOutput   = fmt.Errorf("%w: its result exceeds 8 MiB", ErrCost)
)

// A check refuses a call whose arguments make it too expensive.
type check func(args []ref.Val) error

// guards are the functions whose work or result is out of proportion to their arguments.
func guards() map[string]check {
	return map[string]check{
		"replace": checkReplace,
		"join":    checkJoin,
		"format":  checkFormat,
		"flatten": checkFlatten,
		"lists.range": func(args []ref.Val) error {
			if n, ok := args[0].(types.Int); ok && n > maxList {
				return errLongList
			}
			return nil
		},
		"distinct":              func(args []ref.Val) error { return checkSize(args[0], maxDistinct, errDistinct) },
		"sort":                  func(args []ref.Val) error { return checkSize(args[0], maxSort, errSort) },
		"@sortByAssociatedKeys": func(args []ref.Val) error { return checkSize(args[0], maxSort, errSort) },
	}
}

// guard returns fn with a check before each call.
func guard(fn *decls.FunctionDecl, allow check) (*decls.FunctionDecl, error) {
	bindings, err := fn.Bindings()
	if err != nil {
		return nil, err
	}
	byName := map[string]*functions.Overload{}
	for _, b := range bindings {
		byName[b.Operator] = b
	}
	if fn.HasSingletonBinding() {
		return guardSingleton(fn, byName[fn.Name()], allow)
	}
	var opts []decls.FunctionOpt
	for _, o := range fn.OverloadDecls() {
		b := byName[o.ID()]
		call := decls.FunctionBinding(func(args ...ref.Val) ref.Val { return guarded(b, allow, args) })
		opts = append(opts, declared(o, call))
	}
	return decls.NewFunction(fn.Name(), opts...)
}

// guardSingleton is guard for a function that has one implementation for all overloads.
func guardSingleton(fn *decls.FunctionDecl, b *functions.Overload, allow check) (*decls.FunctionDecl, error) {
	opts := []decls.FunctionOpt{decls.SingletonFunctionBinding(
		func(args ...ref.Val) ref.Val { return guarded(b, allow, args) }, b.OperandTrait)}
	for _, o := range fn.OverloadDecls() {
		opts = append(opts, declared(o))
	}
	return decls.NewFunction(fn.Name(), opts...)
}

func declared(o *decls.OverloadDecl, opts ...decls.OverloadOpt) decls.FunctionOpt {
	if o.IsMemberFunction() {
		return decls.MemberOverload(o.ID(), o.ArgTypes(), o.ResultType(), opts...)
	}
	return decls.Overload(o.ID(), o.ArgTypes(), o.ResultType(), opts...)
}

func guarded(b *functions.Overload, allow check, args []ref.Val) ref.Val {
	if err := allow(args); err != nil {
		return types.WrapErr(err)
	}
	return invoke(b, args)
}

func invoke(b *functions.Overload, args []ref.Val) ref.Val {
	switch {
	case len(args) == 1 && b.Unary != nil:
		return b.Unary(args[0])
	case len(args) == 2 && b.Binary != nil:
		return b.Binary(args[0], args[1])
	case b.Function != nil:
		return b.Function(args...)
	}
	return types.NewErr("no such overload: %s", b.Operator)
}

func checkSize(v ref.Val, most int, tooMany error) error {
	if l, ok := v.(traits.Lister); ok && size(l) > most {
		return tooMany
	}
	return nil
}

func checkReplace(args []ref.Val) error {
	s, _ := args[0].(types.String)
	old, _ := args[1].(types.String)
	replacement, _ := args[2].(types.String)
	times := strings.Count(string(s), string(old))
	if len(s)+times*(len(replacement)-len(old)) > maxText {
		return errLongText
	}
	return nil
}

func checkJoin(args []ref.Val) error {
	l, ok := args[0].(traits.Lister)
	if !ok {
		return nil
	}
	separator := 0
	if len(args) == 2 {
		s, _ := args[1].(types.String)
		separator = len(s)
	}
	total := 0
	for i := range size(l) {
		s, _ := l.Get(types.Int(i)).(types.String)
		if total += len(s) + separator; total > maxText {
			return errLongText
		}
	}
	return nil
}

// checkFormat multiplies the verbs with the text they may print.
func checkFormat(args []ref.Val) error {
	s, _ := args[0].(types.String)
	l, ok := args[1].(traits.Lister)
	if !ok {
		return nil
	}
	const scalar = 512 // longer than any number is printed
	longest := scalar
	for i := range size(l) {
		longest = max(longest, scalar+scalar*int(weigh(l.Get(types.Int(i)))))
	}
	if len(s)+strings.Count(string(s), "%")*longest > 4*maxText {
		return errLongText
	}
	return nil
}

func checkFlatten(args []ref.Val) error {
	total := 0
	var count func(l traits.Lister, depth int) error
	count = func(l traits.Lister, depth int) error {
		for i := range size(l) {
			if total++; total > maxList || depth > maxNesting {
				return errLongList
			}
			if inner, ok := l.Get(types.Int(i)).(traits.Lister); ok {
				if err := count(inner, depth+1); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if l, ok := args[0].(traits.Lister); ok {
		return count(l, 0)
	}
	return nil
}
