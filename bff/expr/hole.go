package expr

import "strings"

// A part of a scalar's text: either literal text or the source of a hole.
type part struct {
	text   string
	hole   bool
	offset int // of a hole's source in the scalar's text, in bytes
}

// A misprint is what is wrong with a text, and where.
type misprint struct {
	offset  int
	message string
}

// split takes a text apart. $${ stands for a literal ${.
func split(text string) ([]part, *misprint) {
	var parts []part
	var literal strings.Builder
	flush := func() {
		if literal.Len() > 0 {
			parts = append(parts, part{text: literal.String()})
			literal.Reset()
		}
	}
	for i := 0; i < len(text); {
		switch {
		case strings.HasPrefix(text[i:], "$${"):
			literal.WriteString("${")
			i += 3
		case strings.HasPrefix(text[i:], "${"):
			end := holeEnd(text, i+2)
			if end < 0 {
				return nil, &misprint{i, "the hole ${ has no end: want }; a literal ${ is written $${"}
			}
			flush()
			parts = append(parts, part{text: text[i+2 : end], hole: true, offset: i + 2})
			i = end + 1
		default:
			literal.WriteByte(text[i])
			i++
		}
	}
	flush()
	return parts, nil
}

// holeEnd returns the place of the brace that closes the hole whose source starts at i, or -1. Braces may nest, and
// those in the strings of an expression do not count.
func holeEnd(text string, i int) int {
	for depth := 0; i < len(text); i++ {
		switch text[i] {
		case '{':
			depth++
		case '}':
			if depth == 0 {
				return i
			}
			depth--
		case '"', '\'':
			if i = stringEnd(text, i); i < 0 {
				return -1
			}
		}
	}
	return -1
}

// stringEnd returns the place of the last quote of the CEL string whose first quote is at i, or -1.
func stringEnd(text string, i int) int {
	quote := text[i : i+1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(text[i:], triple) {
		quote = triple
	}
	raw := isRawString(text[:i])
	for i += len(quote); i < len(text); i++ {
		switch {
		case text[i] == '\\' && !raw:
			i++
		case strings.HasPrefix(text[i:], quote):
			return i + len(quote) - 1
		}
	}
	return -1
}

// isRawString reports whether what stands before a quote makes the string a raw one: r, br or rb, but not the end of a name.
func isRawString(before string) bool {
	word := before[len(strings.TrimRightFunc(before, isNameRune)):]
	switch strings.ToLower(word) {
	case "r", "br", "rb":
		return true
	}
	return false
}

func isWord(b byte) bool {
	return b == '_' || b >= '0' && b <= '9' || b|0x20 >= 'a' && b|0x20 <= 'z'
}

func isNameRune(r rune) bool { return r < 0x7f && isWord(byte(r)) }
