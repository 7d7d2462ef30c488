package api

import (
	"strings"

	"atrium/tenants/document"
)

// A hole is one ${...} of a text, as far as it can be told without reading the expression in it.
type hole struct {
	start, end int // of the expression in the text
	source     string
}

// holes finds the holes of a text; one that is not closed is left out.
func holes(text string) []hole {
	var found []hole
	for at := 0; ; {
		i := strings.Index(text[at:], "${")
		if i < 0 {
			return found
		}
		start := at + i + 2
		if at+i > 0 && text[at+i-1] == '$' { // $${ writes ${
			at = start
			continue
		}
		end := holeEnd(text, start)
		if end < 0 {
			return found
		}
		found = append(found, hole{start: start, end: end, source: text[start:end]})
		at = end + 1
	}
}

// holeEnd finds the brace that closes the hole whose expression starts at start; braces in text do not count.
func holeEnd(text string, start int) int {
	depth, quote := 0, byte(0)
	for i := start; i < len(text); i++ {
		switch c := text[i]; {
		case quote != 0 && c == '\\':
			i++
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
		case c == '"' || c == '\'':
			quote = c
		case c == '{':
			depth++
		case c == '}' && depth > 0:
			depth--
		case c == '}':
			return i
		}
	}
	return -1
}

// hasHole says whether a setting differs between tenants.
func hasHole(n *document.Node) bool {
	if n == nil {
		return false
	}
	return len(holes(n.Text)) > 0
}

// headerReferences lists the request headers that the holes of a subtree name.
func headerReferences(n *document.Node) []string {
	if n == nil {
		return nil
	}
	var names []string
	for _, item := range n.Items {
		names = append(names, headerReferences(item)...)
	}
	for _, f := range n.Fields {
		names = append(names, headerReferences(f.Value)...)
	}
	if n.Kind != document.String {
		return names
	}
	for _, h := range holes(n.Text) {
		for rest := h.source; ; {
			_, after, ok := strings.Cut(rest, "header")
			if !ok {
				break
			}
			name := strings.TrimLeft(after, ".?[\"'")
			end := strings.IndexFunc(name, func(r rune) bool { return r != '-' && !isIdentifier("_"+string(r)) })
			if end < 0 {
				end = len(name)
			}
			names, rest = append(names, name[:end]), after
		}
	}
	return names
}
