package document

import (
	"slices"
	"strings"
)

const (
	longestWord = 64 // longer words are not compared
	shortList   = 8  // so many names are listed when none is near
)

// Suggest returns the name nearest to word, or "" when none is near enough to be what was meant.
// Case and swapped neighbours count little. Equally near names are settled by the alphabet.
func Suggest(word string, among []string) string {
	best, bestDistance := "", 1+tolerance(word)
	if len(word) > longestWord {
		return ""
	}
	lower := strings.ToLower(word)
	for _, name := range among {
		if len(name) > longestWord {
			continue
		}
		d := distance(lower, strings.ToLower(name), bestDistance)
		if d < bestDistance || d == bestDistance && best != "" && name < best {
			best, bestDistance = name, d
		}
	}
	return best
}

// DidYouMean ends a message about an unknown word: `; did you mean "orders"?`, or, when nothing is near and
// there are few names, `; there is customer, orders`, else "".
func DidYouMean(word string, among []string) string {
	if best := Suggest(word, among); best != "" {
		return "; did you mean " + quoted(best) + "?"
	}
	if len(among) == 0 || len(among) > shortList {
		return ""
	}
	names := slices.Sorted(slices.Values(among))
	return "; there is " + strings.Join(names, ", ")
}

// tolerance is how many edits away a name may be from word.
func tolerance(word string) int {
	switch n := len(word); {
	case n <= 2:
		return 1
	case n <= 7:
		return 2
	default:
		return 3
	}
}

// distance counts the edits (insert, delete, replace, swap neighbours) from a to b, or returns a number that
// is at least limit.
func distance(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) >= limit || len(y)-len(x) >= limit {
		return limit + 1
	}
	before, above, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, above, row = above, row, before
	}
	if d := above[len(y)]; d < max(len(x), len(y)) {
		return d
	}
	return limit + 1 // a word that shares nothing with a name is not near it, short as both may be
}

// didYouMean is DidYouMean where the names are listed anyway.
func didYouMean(word string, among []string) string {
	if best := Suggest(word, among); best != "" {
		return "; did you mean " + quoted(best) + "?"
	}
	return ""
}
