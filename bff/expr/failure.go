package expr

import "strings"

// A failure is an evaluation that gave nothing. It shows no value.
type failure struct {
	place  string // file:line:column
	kind   error  // ErrCost or ErrEval
	reason string
}

// Error implements error.
func (f *failure) Error() string { return f.place + ": " + f.kind.Error() + ": " + f.reason }

// Unwrap returns ErrCost or ErrEval.
func (f *failure) Unwrap() error { return f.kind }

// reason says why an evaluation failed, without any value of it.
func reason(err error) string {
	text := err.Error()
	for _, known := range []struct{ sign, reason string }{
		{"256 KiB", "a text grows beyond 256 KiB"},
		{"10,000", "a list grows beyond 10,000 elements"},
		{"5,000", "sort takes at most 5,000 elements"},
		{"1,000", "distinct takes at most 1,000 elements"},
		{"more than 8 KiB", "a pattern is matched with text of more than 8 KiB"},
		{"8 MiB of JSON", "it looks at more than 8 MiB of JSON"},
		{"result exceeds", "its result exceeds 8 MiB"},
		{"15th digit", "it takes two numbers that differ beyond the 15th digit for one"},
		{"no JSON", "it gives what is no JSON"},
		{"names of an object", "names of an object must be text"},
		{"cost limit", "it takes too many steps"},
		{"by zero", "division by zero"},
		{"modulus", "division by zero"},
		{"number is out of range", "a number is out of range"},
		{"overflow", "a number is out of range"},
		{"range", "a position is out of range"},
		{"slice", "a position is out of range"},
		{"bounds", "a position is out of range"},
		{"optional.none", "an optional value is absent"},
		{"conversion", "a text cannot be converted"},
		{"no such key", "a member is absent"},
		{"overload", "a value is not of the type that its schema says"},
	} {
		if strings.Contains(text, known.sign) {
			return known.reason
		}
	}
	return "it cannot be evaluated"
}
