package document

import (
	"strings"
	"unicode/utf8"
)

// unquotedHole finds the hole of a line, outside quotes, at which reading stopped or in which it did:
// the last one that starts at or before the column, and its column.
func unquotedHole(line string, before int) (column int, hole string) {
	at, inQuote := 0, rune(0)
	previous := ' '
	for i, r := range line {
		at++
		switch {
		case inQuote != 0:
			if r == inQuote && previous != '\\' {
				inQuote = 0
			}
		case (r == '"' || r == '\'') && strings.ContainsRune(" [{,:", previous):
			inQuote = r
		case r == '$' && strings.HasPrefix(line[i:], "${") && at <= before:
			if end := holeLength(line[i:]); end > 0 {
				column, hole = at, line[i:i+end]
			}
		}
		previous = r
	}
	if column > 0 && before-column > utf8.RuneCountInString(hole) {
		return 0, "" // reading went past it: something else is wrong
	}
	return column, hole
}

// holeLength is the length of the hole that text starts with, 0 when it is not closed. Braces in quotes do not count.
func holeLength(text string) int {
	depth, quote := 0, rune(0)
	for i, r := range text {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '"' || r == '\'':
			quote = r
		case r == '{':
			depth++
		case r == '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}
