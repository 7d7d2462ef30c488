package document

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/token"
)

const longestLine = 4096 // bytes; in longer lines, places inside text are not worth finding

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
	if says(text, column, word) {
		return line, column
	}
	for _, number := range []int{line, line - 1, line + 1} {
		text, at := l.line(number)
		if found := nearest([]rune(text), []rune(word), column); at == number && found > 0 {
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
func nearest(text, word []rune, column int) int {
	best := 0
	for i := range text {
		if len(word) > 0 && i+len(word) <= len(text) && slices.Equal(text[i:i+len(word)], word) {
			if best == 0 || abs(i+1-column) < abs(best-column) {
				best = i + 1
			}
		}
	}
	return best
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
