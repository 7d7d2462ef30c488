package document

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

const foundLength = 60 // characters of a value shown in a message

// String names the kind as messages do: "want a list, found text".
func (k Kind) String() string {
	switch k {
	case Null:
		return "nothing"
	case Bool:
		return "true or false"
	case Int:
		return "a whole number"
	case Float:
		return "a number"
	case String:
		return "text"
	case List:
		return "a list"
	case Map:
		return "a mapping"
	case Broken:
		return "what could not be read"
	}
	return "an unknown kind"
}

// found describes the node after "found": a scalar by its value, anything else by its kind.
func (n *Node) found() string {
	switch n.Kind {
	case String:
		return quoted(n.Text)
	case Bool, Int, Float:
		return shortened(n.Text)
	case Null, List, Map, Broken:
	}
	return n.Kind.String()
}

func quoted(text string) string {
	return `"` + shortened(text) + `"`
}

// shortened makes text fit a line of a message.
func shortened(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == utf8.RuneError {
			return '·'
		}
		return r
	}, text)
	count := 0
	for i := range text {
		if count == foundLength {
			return text[:i] + "..."
		}
		count++
	}
	return text
}

// JSON renders the subtree as compact JSON. Numbers keep their digits; members keep their order.
// A Broken node is null.
func (n *Node) JSON() []byte {
	return n.appendJSON(nil)
}

func (n *Node) appendJSON(dst []byte) []byte {
	if n == nil {
		return append(dst, "null"...)
	}
	switch n.Kind {
	case Bool, Int, Float:
		return append(dst, n.Text...)
	case String:
		return appendQuoted(dst, n.Text)
	case List:
		dst = append(dst, '[')
		for i, item := range n.Items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = item.appendJSON(dst)
		}
		return append(dst, ']')
	case Map:
		dst = append(dst, '{')
		for i, f := range n.Fields {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendQuoted(dst, f.Key), ':')
			dst = f.Value.appendJSON(dst)
		}
		return append(dst, '}')
	case Null, Broken:
	}
	return append(dst, "null"...)
}

func appendQuoted(dst []byte, text string) []byte {
	plain := true
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			plain = false
			break
		}
	}
	if plain {
		return append(append(append(dst, '"'), text...), '"')
	}
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(text); err != nil {
		return append(dst, `""`...) // cannot be: a string always encodes
	}
	return append(dst, strings.TrimSuffix(b.String(), "\n")...)
}
