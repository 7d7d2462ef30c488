package document

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/token"
)

const (
	longestLine = 4096 // bytes; in longer lines, places inside text are not worth finding
	maxSearch   = 20   // lines in which a misplaced token is looked for
)

// lines finds places in a text.
type lines struct {
	source string
	starts []int // offset of each line
}

func newLines(source string) lines {
	l := lines{source: source, starts: make([]int, 1, 1+strings.Count(source, "\n"))}
	for i := range len(source) {
		if source[i] == '\n' {
			l.starts = append(l.starts, i+1)
		}
	}
	return l
}

// line returns a line without its end; numbers outside the text are moved into it.
func (l lines) line(number int) (text string, at int) {
	at = min(max(number, 1), len(l.starts))
	text, _, _ = strings.Cut(l.source[l.starts[at-1]:], "\n")
	return text, at
}

// place is where a token starts. The library's own places are a little off now and then, mostly behind unusual
// white space; so the token is looked for around there.
func (l lines) place(t *token.Token) (line, column int) {
	text, line := l.line(t.Position.Line)
	column = max(t.Position.Column, 1)
	if len(text) > longestLine {
		return line, min(column, len(text)+1)
	}
	word := firstWord(t)
	find := nearest
	if t.Type == token.StringType && strings.Contains(strings.TrimSpace(t.Origin), "\n") {
		find = atEnd
	} else if says(text, column, word) {
		return line, column
	}
	numbers := []int{line, line - 1, line + 1}
	for back := range strings.Count(t.Origin, "\n") {
		numbers = append(numbers, line-2-back) // text over several lines may be placed at its end
	}
	for _, number := range numbers[:min(len(numbers), maxSearch)] {
		text, at := l.line(number)
		if at != number || len(text) > longestLine || !l.goesOn(number, t) {
			continue
		}
		if found := find(text, word, column); found > 0 {
			return number, found
		}
	}
	return l.clamp(line, column)
}

// clamp moves a place into the text.
func (l lines) clamp(line, column int) (int, int) {
	text, line := l.line(line)
	return line, min(max(column, 1), utf8.RuneCountInString(text)+1)
}

// goesOn says whether the lines below one say what the token does on its further lines.
func (l lines) goesOn(line int, t *token.Token) bool {
	if t.Type != token.StringType {
		return true
	}
	_, rest, _ := strings.Cut(strings.TrimLeft(t.Origin, " \n"), "\n")
	for rest = strings.TrimRight(rest, " \n"); rest != ""; {
		var want string
		want, rest, _ = strings.Cut(rest, "\n")
		line++
		text, at := l.line(line)
		if at != line || !strings.HasPrefix(strings.TrimSpace(text), strings.TrimSpace(want)) {
			return false
		}
	}
	return true
}

// firstWord is what the source says where a token starts.
func firstWord(t *token.Token) string {
	switch t.Type {
	case token.DoubleQuoteType:
		return quoteAndFirst('"', t.Value)
	case token.SingleQuoteType:
		return quoteAndFirst('\'', t.Value)
	case token.ImplicitNullType, token.InvalidType:
		return ""
	default:
		text, _, _ := strings.Cut(strings.TrimLeft(t.Origin, " \n"), "\n")
		return strings.TrimRight(text, " ")
	}
}

// quoteAndFirst is a quote and the first character behind it, where that is written as it reads.
func quoteAndFirst(quote byte, value string) string {
	if value != "" && value[0] > ' ' && value[0] < 0x7f && value[0] != quote && value[0] != '\\' {
		return string([]byte{quote, value[0]})
	}
	return string(quote)
}

// says is a quick way to find that a line of plain characters says word at a column.
func says(text string, column int, word string) bool {
	if column > len(text) || !strings.HasPrefix(text[column-1:], word) {
		return false
	}
	for i := range column - 1 {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// nearest finds the column nearest to one where a line says word, 0 when it does nowhere.
func nearest(line, word string, column int) int {
	text, want := []rune(line), []rune(word)
	best := 0
	for i := range text {
		if len(want) > 0 && i+len(want) <= len(text) && slices.Equal(text[i:i+len(want)], want) {
			if best == 0 || abs(i+1-column) < abs(best-column) {
				best = i + 1
			}
		}
	}
	return best
}

// atEnd finds the column where a line ends in word, 0 when it does not.
func atEnd(line, word string, _ int) int {
	before, ok := strings.CutSuffix(strings.TrimRight(line, " "), word)
	if !ok || word == "" {
		return 0
	}
	return utf8.RuneCountInString(before) + 1
}

func abs(n int) int { return max(n, -n) }

// from returns the source from a place on, or "" when it cannot be found cheaply.
func (l lines) from(line, column int) string {
	text, _ := l.line(line)
	if len(text) > longestLine {
		return ""
	}
	offset := 0
	for range column - 1 {
		_, size := utf8.DecodeRuneInString(text[offset:])
		offset += size
	}
	return l.source[l.starts[line-1]+offset:]
}
