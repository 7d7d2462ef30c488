package document

import (
	"strings"
	"unicode/utf8"
)

// place returns the line and column of a byte of the node's Text. Text that is not written as it reads (quoted,
// escaped, folded, or a block) is aligned with its source: every character is matched with how it was written.
func (n *Node) place(offset int) (line, column int) {
	offset = min(max(offset, 0), len(n.Text))
	if n.raw == "" {
		return n.Line, n.Column + utf8.RuneCountInString(n.Text[:offset])
	}
	a := aligner{raw: n.raw, line: n.Line, column: n.Column}
	a.open()
	for _, r := range n.Text[:offset] {
		if !a.step(r) {
			return n.Line, n.Column // cannot be aligned: the start is still true
		}
	}
	a.settle(n.Text[offset:])
	return a.line, a.column
}

// An aligner walks source text in step with the value it was read as.
type aligner struct {
	raw          string
	line, column int
	quote        byte // '"', '\'', '|' for a block, 0 for plain text
	indent       int  // of a block
}

// open moves from the first character of a scalar to its content.
func (a *aligner) open() {
	switch a.raw[0] {
	case '"', '\'':
		a.quote = a.raw[0]
		a.take(1)
	case '|', '>':
		a.quote = '|'
		a.take(strings.IndexByte(a.raw+"\n", '\n'))
		text := strings.TrimLeft(a.raw, " \n")
		a.indent = len(a.raw) - len(text) - 1 - strings.LastIndexByte(a.raw[:len(a.raw)-len(text)], '\n')
		a.newlines()
	}
}

// take moves over count bytes of source.
func (a *aligner) take(count int) {
	count = min(count, len(a.raw))
	for _, r := range a.raw[:count] {
		if r == '\n' {
			a.line, a.column = a.line+1, 1
		} else {
			a.column++
		}
	}
	a.raw = a.raw[count:]
}

// newlines moves over line breaks and the indentation behind them.
func (a *aligner) newlines() {
	for strings.HasPrefix(a.raw, "\n") {
		a.take(1)
		rest := strings.TrimLeft(a.raw, " \t")
		if a.quote == '|' && !strings.HasPrefix(rest, "\n") {
			spaces := len(a.raw) - len(strings.TrimLeft(a.raw, " "))
			a.take(min(a.indent, spaces))
			continue
		}
		a.take(len(a.raw) - len(rest))
	}
}

// step moves over what r was written as; false when the source does not say r.
func (a *aligner) step(r rune) bool {
	if r == '\n' || r == ' ' {
		return a.blank(r)
	}
	a.settle(string(r))
	switch {
	case a.raw == "":
		return false
	case a.quote == '"' && a.raw[0] == '\\':
		a.take(escapeLength(a.raw))
		return true
	case a.quote == '\'' && strings.HasPrefix(a.raw, "''"):
		a.take(2)
		return r == '\''
	}
	got, size := utf8.DecodeRuneInString(a.raw)
	a.take(size)
	return got == r
}

// blank moves over a space or newline, which a fold may have been written as. Newlines that fold into one
// space, or into fewer newlines, are passed when the next character is reached.
func (a *aligner) blank(r rune) bool {
	for strings.HasPrefix(a.raw, "\t") && !a.atLineEnd() {
		a.take(1) // plain text loses its tabs
	}
	switch {
	case a.raw == "":
		return r == '\n' // the last newline of a block at the end of the file
	case a.quote == '"' && a.raw[0] == '\\' && !strings.HasPrefix(a.raw, "\\\n"):
		a.take(escapeLength(a.raw))
	case r == ' ' && a.raw[0] == ' ' && !a.atLineEnd():
		a.take(1)
	case r == '\n' && a.quote == '|' && a.raw[0] == '\n':
		a.take(1)
		a.indentation()
	}
	return true
}

// atLineEnd says whether only blanks are left on the line, which a fold drops.
func (a *aligner) atLineEnd() bool {
	return a.quote != '|' && strings.HasPrefix(strings.TrimLeft(a.raw, " \t"), "\n")
}

// indentation moves over the indentation of a block's line.
func (a *aligner) indentation() {
	spaces := len(a.raw) - len(strings.TrimLeft(a.raw, " "))
	a.take(min(a.indent, spaces))
}

// settle moves over folds until the source says the first character of rest.
func (a *aligner) settle(rest string) {
	if rest == "" || rest[0] == ' ' || rest[0] == '\n' {
		return
	}
	for {
		switch {
		case a.quote == '"' && strings.HasPrefix(a.raw, "\\\n"):
			a.take(1)
			a.newlines()
		case a.quote != '|' && a.atLineEnd():
			a.take(len(a.raw) - len(strings.TrimLeft(a.raw, " \t")))
			a.newlines()
		case strings.HasPrefix(a.raw, "\n"):
			a.newlines()
		case strings.HasPrefix(a.raw, "\t") && rest[0] != '\t':
			a.take(1) // plain text loses its tabs
		default:
			return
		}
	}
}

// escapeLength is the length of the escape that a double-quoted text starts with.
func escapeLength(raw string) int {
	if len(raw) < 2 {
		return len(raw)
	}
	switch raw[1] {
	case 'x':
		return 4
	case 'u':
		// A character beyond the basic plane is written as two escapes.
		if len(raw) >= 12 && raw[6] == '\\' && raw[7] == 'u' && strings.ContainsRune("dD", rune(raw[2])) &&
			strings.ContainsRune("89abAB", rune(raw[3])) {
			return 12
		}
		return 6
	case 'U':
		return 10
	}
	_, size := utf8.DecodeRuneInString(raw[1:])
	return 1 + size
}

// escapeDigits is how many digits an escape of the letter has.
func escapeDigits(letter byte) int {
	switch letter {
	case 'x':
		return 2
	case 'u':
		return 4
	case 'U':
		return 8
	}
	return 0
}

// hasBadEscape says whether the double-quoted text that the source starts with has an escape by number without
// its digits, which the library lets pass.
func hasBadEscape(source string) bool {
	for i := 1; i < len(source) && source[i] != '"'; i++ {
		if source[i] != '\\' {
			continue
		}
		i++
		for range escapeDigits(source[min(i, len(source)-1)]) {
			i++
			if i >= len(source) || !strings.ContainsRune("0123456789abcdefABCDEF", rune(source[i])) {
				return true
			}
		}
	}
	return false
}
