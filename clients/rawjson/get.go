package rawjson

import (
	"bytes"
	"iter"
)

// Type is the JSON type of a value.
type Type byte

// The types of a value.
const (
	Invalid Type = iota // no value
	Null
	Bool
	Number
	String
	Array
	Object
)

// Kind returns the JSON type of the valid text raw, told by its first byte; Invalid when there is none.
func Kind(raw []byte) Type {
	for _, b := range raw {
		switch b {
		case ' ', '\n', '\r', '\t':
			continue
		case 'n':
			return Null
		case 't', 'f':
			return Bool
		case '"':
			return String
		case '[':
			return Array
		case '{':
			return Object
		}
		if b == '-' || isDigit(b) {
			return Number
		}
		break
	}
	return Invalid
}

// IsNull reports whether the valid text raw is null or absent (empty).
func IsNull(raw []byte) bool {
	kind := Kind(raw)
	return kind == Null || kind == Invalid
}

// Get returns the value that path leads to in the valid text, without white space around it. A path through null, or
// through a value of another type than the path expects, leads nowhere.
func Get(text []byte, path Path) ([]byte, bool) {
	raw := bytes.TrimSpace(text)
	for _, seg := range path {
		raw = step(raw, seg)
	}
	return raw, len(raw) > 0
}

func step(raw []byte, seg Seg) (found []byte) {
	if !seg.IsIndex {
		for quoted, value := range Quoted(raw) {
			if named(quoted, seg.Name) {
				found = value
			}
		}
		return found
	}
	i := 0
	for elem := range Each(raw) {
		if i == seg.Index {
			return elem
		}
		i++
	}
	return nil
}

// named reports whether a JSON string says name.
func named(quoted []byte, name string) bool {
	body := quoted[1 : len(quoted)-1]
	if string(body) == name {
		return bytes.IndexByte(body, '\\') < 0
	}
	return len(body) > len(name) && bytes.IndexByte(body, '\\') >= 0 && string(appendUnescaped(nil, body)) == name
}

// Each yields the elements of the valid text when it is a list, else nothing.
func Each(text []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		c := cursor{text: text}
		i := c.space(0)
		if i >= len(text) || text[i] != '[' {
			return
		}
		i, more := c.open(i, 0, ']')
		for more {
			end := c.skip(i, 1)
			if end < 0 || !yield(text[i:end:end]) {
				return
			}
			i, more = c.next(end, ']')
		}
	}
}

// Quoted yields the members of the valid text when it is an object, else nothing: names as the JSON strings they are
// written as, and values. They come in that order, and a name that is there twice comes twice.
func Quoted(text []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		c := cursor{text: text}
		i := c.space(0)
		if i >= len(text) || text[i] != '{' {
			return
		}
		i, more := c.open(i, 0, '}')
		for more {
			end, value, _ := c.name(i)
			if value < 0 {
				return
			}
			name := text[i:end:end]
			if end = c.skip(value, 1); end < 0 || !yield(name, text[value:end:end]) {
				return
			}
			i, more = c.next(end, '}')
		}
	}
}

// Members is Quoted with names as text.
func Members(text []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for quoted, value := range Quoted(text) {
			if !yield(string(AppendUnquoted(nil, quoted)), value) {
				return
			}
		}
	}
}
