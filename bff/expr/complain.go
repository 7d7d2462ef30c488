package expr

import (
	"regexp"
	"strings"

	"atrium/tenants/document"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/operators"
)

// complain reports what CEL's parser or checker found, in our words.
func (c *compiler) complain(offset int, src string, errs []*common.Error) {
	for _, e := range errs {
		at := 0
		if e.Location.Line() > 0 {
			at = byteOffset(src, lineOffset(src, e.Location.Line())+e.Location.Column())
		}
		if at >= len(src) {
			at = len(strings.TrimRight(src, " \t\r\n"))
		}
		c.report(offset+at, "%s", plain(e.Message))
	}
}

// lineOffset returns how many characters are before a line, counted from 1.
func lineOffset(src string, line int) int {
	count := 0
	for ; line > 1; line-- {
		first, rest, _ := strings.Cut(src, "\n")
		count += len([]rune(first)) + 1
		src = rest
	}
	return count
}

var (
	noOverload   = regexp.MustCompile(`^found no matching overload for '(.+)' applied to '(.+)'$`)
	noFunction   = regexp.MustCompile(`^undeclared reference to '([^']+)'`)
	noSelection  = regexp.MustCompile(`^type '(.+)' does not support field selection$`)
	mismatch     = regexp.MustCompile(`^(?:mismatched|extraneous) input '(.+)' expecting (.+)$`)
	wrongType    = regexp.MustCompile(`^expected type '(.+)' but found '(.+)'$`)
	noRange      = regexp.MustCompile(`^expression of type '(.+)' cannot be range of a comprehension`)
	numberedType = regexp.MustCompile(`([A-Za-z0-9_.-]*)#\d+`)
)

// plain puts a message of CEL's into our words.
func plain(message string) string {
	message = strings.TrimPrefix(message, "Syntax error: ")
	if strings.Contains(message, "limit exceeded") || strings.Contains(message, "exceeds limit") {
		return "the expression is too large"
	}
	if m := mismatch.FindStringSubmatch(message); m != nil {
		return "want " + m[2] + ", found " + strings.Replace(m[1], "<EOF>", "the end", 1)
	}
	if m := noOverload.FindStringSubmatch(message); m != nil {
		return applied(m[1], inOurWords(m[2]))
	}
	if m := noFunction.FindStringSubmatch(message); m != nil {
		return unknownFunction(m[1])
	}
	if m := noSelection.FindStringSubmatch(message); m != nil {
		return inOurWords(m[1]) + " has no members"
	}
	if m := noRange.FindStringSubmatch(message); m != nil {
		return "want a list or a map to go over, found " + inOurWords(m[1])
	}
	if m := wrongType.FindStringSubmatch(message); m != nil {
		return "want " + inOurWords(m[1]) + ", found " + inOurWords(m[2])
	}
	switch message {
	case "unexpected token after expression":
		return "want nothing behind the expression; values are joined by an operator such as && or +"
	case "unable to unescape string":
		return "the text has an unknown escape"
	}
	if wanted, ok := strings.CutPrefix(message, "expected "); ok {
		return "want " + strings.ReplaceAll(wanted, "'", "")
	}
	return inOurWords(message)
}

// inOurWords writes CEL's types as schemas name them.
func inOurWords(s string) string {
	s = numberedType.ReplaceAllStringFunc(s, shown)
	for _, pair := range [][2]string{
		{"double", "number"},
		{"int", "integer"},
		{"bool", "boolean"},
		{"dyn", "any"},
		{"null_type", "null"},
		{"optional_type", "optional"},
	} {
		s = regexp.MustCompile(`\b`+pair[0]+`\b`).ReplaceAllString(s, pair[1])
	}
	return s
}

func unknownFunction(name string) string {
	l, err := newLanguage()
	if err != nil {
		return err.Error()
	}
	return "there is no function " + name + document.DidYouMean(name, l.words())
}

// applied says that an operator or function does not take what it is given.
func applied(function, signature string) string {
	target, arguments, isMember := strings.Cut(signature, ".(")
	if symbol, ok := operators.FindReverse(function); ok && symbol != "" {
		return symbol + " does not go with " + strings.ReplaceAll(strings.Trim(signature, "()"), ", ", " and ")
	}
	arguments = strings.TrimSuffix(arguments, ")")
	switch {
	case function == operators.Conditional:
		return "? : wants a condition and two values of one type, found " + strings.Trim(signature, "()")
	case function == operators.Index || function == operators.OptIndex:
		return "[ ] does not go with " + strings.ReplaceAll(strings.Trim(signature, "()"), ", ", " and ")
	case isMember && arguments == "":
		return function + "() does not go with " + target
	case isMember:
		return function + "(" + arguments + ") does not go with " + target
	}
	return function + " does not take " + signature
}
