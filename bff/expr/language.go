package expr

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/checker"
	"cel.dev/cel-go/common/containers"
	"cel.dev/cel-go/common/decls"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/ext"
	"cel.dev/cel-go/parser"
)

// A language is what all expressions share: CEL's grammar and macros, and the functions that are safe here.
type language struct {
	parser    *parser.Parser
	checker   *checker.Env // the functions; Scopes add their names
	planner   *cel.Env
	functions map[string]*decls.FunctionDecl
}

// newLanguage makes the one language: building it takes milliseconds, so that Scopes only extend it.
var newLanguage = sync.OnceValues(buildLanguage)

func buildLanguage() (*language, error) {
	donor, err := cel.NewEnv(cel.OptionalTypes(), ext.Strings(), ext.Math(),
		ext.Lists(ext.ListsMaxRangeSize(maxList)), ext.Encoders(ext.EncodersVersion(0)))
	if err != nil {
		return nil, fmt.Errorf("set up CEL: %w", err)
	}
	l := &language{}
	if l.parser, err = newParser(donor.Macros()); err != nil {
		return nil, fmt.Errorf("set up CEL's parser: %w", err)
	}
	functions, err := safeFunctions(donor.Functions())
	if err != nil {
		return nil, fmt.Errorf("set up CEL's functions: %w", err)
	}
	if l.planner, err = cel.NewCustomEnv(cel.FunctionDecls(functions...), cel.OptionalTypes()); err != nil {
		return nil, fmt.Errorf("set up CEL's planner: %w", err)
	}
	l.functions = l.planner.Functions()
	l.checker, err = checker.NewEnv(containers.DefaultContainer, newRegistry(), checker.CrossTypeNumericComparisons(true))
	if err != nil {
		return nil, fmt.Errorf("set up CEL's checker: %w", err)
	}
	for _, fn := range l.functions {
		if err := l.checker.AddFunctions(fn); err != nil {
			return nil, fmt.Errorf("declare %s: %w", fn.Name(), err)
		}
	}
	return l, nil
}

func newParser(macros []parser.Macro) (*parser.Parser, error) {
	return parser.NewParser(
		parser.Macros(macros...),
		parser.EnablePrattParser(true),
		parser.EnableOptionalSyntax(true),
		parser.EnableIdentEscapeSyntax(true),
		parser.EnableHiddenAccumulatorName(true),
		parser.ErrorReportingLimit(1),
		parser.MaxRecursionDepth(2*maxNesting),
		parser.MaxExpressionNodeCount(maxNodes),
		parser.ExpressionSizeCodePointLimit(maxSource),
	)
}

// newChecker returns the checker that knows the Scope's names.
func (s *Scope) newChecker() (*checker.Env, error) {
	l, err := newLanguage()
	if err != nil {
		return nil, err
	}
	env, err := checker.NewEnv(containers.DefaultContainer, s.types,
		checker.CrossTypeNumericComparisons(true), checker.ValidatedDeclarations(l.checker))
	if err != nil {
		return nil, err
	}
	for _, name := range s.names() {
		if err := env.AddIdents(decls.NewVariable(name, s.types.cel(s.find(name).typ))); err != nil {
			return nil, err
		}
	}
	return env, nil
}

// safeFunctions picks what expressions may use: nothing that reads a clock or the outside, and nothing whose work is
// out of proportion to its cost.
func safeFunctions(all map[string]*decls.FunctionDecl) ([]*decls.FunctionDecl, error) {
	var safe []*decls.FunctionDecl
	for name, fn := range all {
		var err error
		switch check, guarded := guards()[name]; {
		case !isSafe(name):
			continue
		case guarded:
			fn, err = guard(fn, check)
		}
		if err != nil {
			return nil, err
		}
		safe = append(safe, fn)
	}
	own, err := ownFunctions(all)
	return append(safe, own...), err
}

func isSafe(name string) bool {
	return strings.HasPrefix(name, "math.") || strings.HasPrefix(name, "get") || slices.Contains(safeNames(), name)
}

func safeNames() []string {
	return []string{
		operators.Conditional, operators.LogicalAnd, operators.LogicalOr, operators.LogicalNot, operators.Less,
		operators.LessEquals, operators.Greater, operators.GreaterEquals, operators.Modulo, operators.Negate,
		operators.Index, operators.OptIndex, operators.OptSelect, operators.In, operators.NotStrictlyFalse,
		"size", "contains", "startsWith", "endsWith", "matches",
		"string", "int", "double", "bool", "bytes", "dyn", "timestamp", "duration",
		"charAt", "indexOf", "lastIndexOf", "lowerAscii", "upperAscii", "replace", "split", "substring", "trim", "join",
		"reverse", "format", "strings.quote", "slice", "sort", "@sortByAssociatedKeys", "distinct", "flatten",
		"lists.range", "first", "last", "base64.encode", "base64.decode",
		"optional.of", "optional.ofNonZeroValue", "optional.none", "value", "hasValue", "or", "orValue",
	}
}

// words are the functions that people may name, for suggestions.
func (l *language) words() []string {
	var words []string
	for name := range l.functions {
		if isWord(name[0]) && !strings.ContainsAny(name, "@_") {
			words = append(words, name)
		}
	}
	slices.Sort(words)
	return words
}
