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
	for _, number := range []int{line, line - 1, line + 1} {
		text, at := l.line(number)
		if found := nearest([]rune(text), word, column); at == number && found > 0 {
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
func firstWord(t *token.Token) []rune {
	switch t.Type {
	case token.DoubleQuoteType:
		return quoteAndFirst('"', t.Value)
	case token.SingleQuoteType:
		return quoteAndFirst('\'', t.Value)
	case token.ImplicitNullType, token.InvalidType:
		return nil
	default:
		text, _, _ := strings.Cut(strings.TrimLeft(t.Origin, " \n"), "\n")
		return []rune(strings.TrimRight(text, " "))
	}
}

// quoteAndFirst is a quote and the first character behind it, where that is written as it reads.
func quoteAndFirst(quote rune, value string) []rune {
	first, _ := utf8.DecodeRuneInString(value)
	if first > ' ' && first < 0x7f && first != quote && first != '\\' {
		return []rune{quote, first}
	}
	return []rune{quote}
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
