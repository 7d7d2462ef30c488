package expr

import (
	"fmt"
	"regexp"
	"regexp/syntax"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
)

var errLongMatch = fmt.Errorf("%w: a pattern is matched with text of more than 8 KiB", ErrCost)

// patterns compiles the pattern of matches, which is always written out, once. RE2 takes time in proportion to the
// sizes of pattern and text, so both are bounded.
func patterns() *interpreter.RegexOptimization {
	return &interpreter.RegexOptimization{Function: "matches", RegexIndex: 1, Factory: compiledMatch}
}

func compiledMatch(call interpreter.InterpretableCall, pattern string) (interpreter.InterpretableCall, error) {
	compiled, err := compilePattern(pattern)
	if err != nil {
		return nil, err
	}
	match := func(args ...ref.Val) ref.Val {
		text, ok := args[0].(types.String)
		switch {
		case !ok:
			return types.NoSuchOverloadErr()
		case len(text) > maxMatch:
			return types.WrapErr(errLongMatch)
		}
		return types.Bool(compiled.MatchString(string(text)))
	}
	return interpreter.NewCall(call.ID(), call.Function(), call.OverloadID(), call.Args(), match), nil
}

func compilePattern(pattern string) (*regexp.Regexp, error) {
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("the pattern is wrong: %w", err)
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, fmt.Errorf("the pattern is wrong: %w", err)
	}
	if len(program.Inst) > maxPattern {
		return nil, fmt.Errorf("the pattern is too large: it compiles to %d instructions, want at most %d",
			len(program.Inst), maxPattern)
	}
	return regexp.Compile(pattern)
}
