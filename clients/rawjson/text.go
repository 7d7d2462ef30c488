package rawjson

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// special marks (in the high bit of its byte) the first byte of word that is a quote, a backslash, a control character
// or not ASCII. Bytes behind the first may be marked wrongly.
func special(word uint64) uint64 {
	control := word - ones*' '
	quote := word ^ ones*'"'
	slash := word ^ ones*'\\'
	return (control | (quote - ones) | (slash - ones) | word) & highs
}

// str reads the string that starts at i, eight bytes at a time while there is nothing special in them.
// plain is false when it has escapes.
func (c *cursor) str(i int) (end int, plain bool) {
	text := c.text
	plain = true
	for i++; ; {
		for i+8 <= len(text) {
			mark := special(binary.LittleEndian.Uint64(text[i:]))
			if mark != 0 {
				i += bits.TrailingZeros64(mark) >> 3
				break
			}
			i += 8
		}
		if i >= len(text) {
			return c.fail(i, "want a closing quote, found the end"), false
		}
		switch b := text[i]; {
		case b == '"':
			return i + 1, plain
		case b == '\\':
			plain = false
			i = c.escape(i)
		case b < ' ':
			return c.fail(i, "want control characters escaped"), false
		case b < utf8.RuneSelf:
			i++
		default:
			i = c.rune(i)
		}
		if i < 0 {
			return -1, false
		}
	}
}

func (c *cursor) rune(i int) int {
	r, size := utf8.DecodeRune(c.text[i:])
	if r == utf8.RuneError && size == 1 {
		return c.fail(i, "want UTF-8")
	}
	return i + size
}

func (c *cursor) escape(i int) int {
	if i+1 >= len(c.text) {
		return c.fail(i, "want an escape, found the end")
	}
	switch c.text[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
		if hex4(c.text[i+2:]) >= 0 {
			return i + 6
		}
	}
	return c.fail(i, "want a known escape")
}

// hex4 decodes the first four hexadecimal digits; -1 when they are not.
func hex4(b []byte) rune {
	if len(b) < 4 {
		return -1
	}
	var r rune
	for _, x := range b[:4] {
		switch {
		case isDigit(x):
			r = r<<4 | rune(x-'0')
		case x|0x20 >= 'a' && x|0x20 <= 'f':
			r = r<<4 | rune(x|0x20-'a'+10)
		default:
			return -1
		}
	}
	return r
}

// AppendUnquoted appends the text of the valid JSON string raw, its escapes decoded.
func AppendUnquoted(dst, raw []byte) []byte {
	if len(raw) < 2 {
		return dst
	}
	return appendUnescaped(dst, raw[1:len(raw)-1])
}

func appendUnescaped(dst, body []byte) []byte {
	for i := 0; i < len(body); {
		if body[i] != '\\' || i+1 == len(body) {
			dst = append(dst, body[i])
			i++
			continue
		}
		if body[i+1] == 'u' {
			var r rune
			r, i = unescapeRune(body, i)
			dst = utf8.AppendRune(dst, r)
			continue
		}
		dst = append(dst, unescapeByte(body[i+1]))
		i += 2
	}
	return dst
}

// unescapeRune decodes the \u escape at i, with its second half when it is one of a surrogate pair.
func unescapeRune(body []byte, i int) (rune, int) {
	r := hex4(body[i+2:])
	i = min(i+6, len(body))
	if !utf16.IsSurrogate(r) {
		return r, i
	}
	if len(body)-i >= 6 && body[i] == '\\' && body[i+1] == 'u' {
		if pair := utf16.DecodeRune(r, hex4(body[i+2:])); pair != utf8.RuneError {
			return pair, i + 6
		}
	}
	return utf8.RuneError, i
}

func unescapeByte(b byte) byte {
	switch b {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return b
}

// AppendQuoted appends s as a JSON string. Bytes of s that are not UTF-8 become U+FFFD.
func AppendQuoted[T string | []byte](dst []byte, s T) []byte {
	return append(AppendEscaped(append(dst, '"'), s), '"')
}

// AppendEscaped is AppendQuoted without the quotes.
func AppendEscaped[T string | []byte](dst []byte, s T) []byte {
	start := 0
	for i := 0; i < len(s); {
		b := s[i]
		if b >= ' ' && b != '"' && b != '\\' && b < utf8.RuneSelf {
			i++
			continue
		}
		if b >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
			if r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		dst = append(dst, s[start:i]...)
		dst = appendEscape(dst, b)
		i++
		start = i
	}
	return append(dst, s[start:]...)
}

func appendEscape(dst []byte, b byte) []byte {
	switch {
	case b == '"' || b == '\\':
		return append(dst, '\\', b)
	case b == '\n':
		return append(dst, '\\', 'n')
	case b == '\r':
		return append(dst, '\\', 'r')
	case b == '\t':
		return append(dst, '\\', 't')
	case b >= utf8.RuneSelf:
		return append(dst, "\uFFFD"...)
	}
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', '0', '0', hex[b>>4], hex[b&15])
}
