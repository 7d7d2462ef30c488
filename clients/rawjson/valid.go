package rawjson

import "strconv"

// MaxDepth is how deep lists and objects may nest. encoding/json allows 10,000; nothing real needs that, and every level
// costs stack.
const MaxDepth = 512

// A SyntaxError says where a text stops being JSON. Its text names no value.
type SyntaxError struct {
	Offset int    // in bytes, 0-based
	Reason string // such as "want a comma or }"
}

// Error implements error.
func (e *SyntaxError) Error() string {
	return "JSON at byte " + strconv.Itoa(e.Offset) + ": " + e.Reason
}

// Valid returns nil when text is exactly one JSON value (white space around it is allowed), else a *SyntaxError.
func Valid(text []byte) error {
	c := cursor{text: text}
	end := c.skip(c.space(0), 0)
	if end >= 0 {
		end = c.end(end)
	}
	if end < 0 {
		return c.error()
	}
	return nil
}

// A cursor walks a text. Its methods take a place and return the place behind what they read, or -1 after noting the
// fault. Nothing but the fault is kept in it, so that places live in registers.
type cursor struct {
	text  []byte
	at    int
	fault string
}

func (c *cursor) fail(at int, fault string) int {
	c.at, c.fault = at, fault
	return -1
}

func (c *cursor) error() *SyntaxError { return &SyntaxError{Offset: c.at, Reason: c.fault} }

// space returns the place of the first byte from i on that is no white space.
func (c *cursor) space(i int) int {
	for i < len(c.text) {
		switch c.text[i] {
		case ' ', '\n', '\r', '\t':
			i++
		default:
			return i
		}
	}
	return i
}

// end checks that only white space follows.
func (c *cursor) end(i int) int {
	if i = c.space(i); i < len(c.text) {
		return c.fail(i, "want nothing after the value")
	}
	return i
}

// skip reads the value that starts at i. depth is the number of lists and objects around it.
func (c *cursor) skip(i, depth int) int {
	if i >= len(c.text) {
		return c.fail(i, "want a value, found the end")
	}
	switch b := c.text[i]; b {
	case '"':
		end, _ := c.str(i)
		return end
	case '{':
		return c.object(i, depth)
	case '[':
		return c.list(i, depth)
	case 't':
		return c.word(i, "true")
	case 'f':
		return c.word(i, "false")
	case 'n':
		return c.word(i, "null")
	default:
		if b == '-' || isDigit(b) {
			return c.number(i)
		}
		return c.fail(i, "want a value")
	}
}

func (c *cursor) object(i, depth int) int {
	i, more := c.open(i, depth, '}')
	for more {
		_, value, _ := c.name(i)
		if value < 0 {
			return -1
		}
		if i = c.skip(value, depth+1); i < 0 {
			return -1
		}
		i, more = c.next(i, '}')
	}
	return i
}

func (c *cursor) list(i, depth int) int {
	i, more := c.open(i, depth, ']')
	for more {
		if i = c.skip(i, depth+1); i < 0 {
			return -1
		}
		i, more = c.next(i, ']')
	}
	return i
}

// open enters the list or object at i: more is false when it is empty or too deep, and i is the place behind it then.
func (c *cursor) open(i, depth int, closing byte) (at int, more bool) {
	if depth >= MaxDepth {
		return c.fail(i, "nested too deep"), false
	}
	i = c.space(i + 1)
	if i < len(c.text) && c.text[i] == closing {
		return i + 1, false
	}
	return i, true
}

// next reads what follows an element or member: more is false when that was the closing bracket, or a fault.
func (c *cursor) next(i int, closing byte) (at int, more bool) {
	if i = c.space(i); i >= len(c.text) {
		return c.fail(i, "want a comma or "+string(closing)+", found the end"), false
	}
	switch c.text[i] {
	case ',':
		return c.space(i + 1), true
	case closing:
		return i + 1, false
	}
	return c.fail(i, "want a comma or "+string(closing)), false
}

// name reads a member's name and colon. end is the place behind the closing quote, value that of the member's value;
// both are
// -1 after a fault. plain is false when the name has escapes.
func (c *cursor) name(i int) (end, value int, plain bool) {
	if i >= len(c.text) || c.text[i] != '"' {
		return c.fail(i, "want a name in quotes"), -1, false
	}
	end, plain = c.str(i)
	if end < 0 {
		return -1, -1, false
	}
	if i = c.space(end); i >= len(c.text) || c.text[i] != ':' {
		return c.fail(i, "want a colon"), -1, false
	}
	return end, c.space(i + 1), plain
}

func (c *cursor) word(i int, word string) int {
	if len(c.text)-i < len(word) || string(c.text[i:i+len(word)]) != word {
		return c.fail(i, "want "+word)
	}
	return i + len(word)
}

func isDigit(b byte) bool { return b-'0' <= 9 }

func (c *cursor) digits(i int) int {
	if i >= len(c.text) || !isDigit(c.text[i]) {
		return c.fail(i, "want a digit")
	}
	for i < len(c.text) && isDigit(c.text[i]) {
		i++
	}
	return i
}

func (c *cursor) number(i int) int {
	if c.text[i] == '-' {
		i++
	}
	if i < len(c.text) && c.text[i] == '0' {
		i++
		if i < len(c.text) && isDigit(c.text[i]) {
			return c.fail(i, "want no digit after a leading zero")
		}
	} else if i = c.digits(i); i < 0 {
		return -1
	}
	if i < len(c.text) && c.text[i] == '.' {
		if i = c.digits(i + 1); i < 0 {
			return -1
		}
	}
	if i < len(c.text) && c.text[i]|0x20 == 'e' {
		i++
		if i < len(c.text) && (c.text[i] == '+' || c.text[i] == '-') {
			i++
		}
		return c.digits(i)
	}
	return i
}
