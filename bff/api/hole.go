package api

import (
	"slices"
	"strings"

	"atrium/tenants/document"
)

// A hole is one ${...} of a text, as far as it can be told without reading the expression in it.
type hole struct {
	start, end int // of the expression in the text
	source     string
}

// holes finds the holes of a text. closed is false when the last one has no end.
func holes(text string) (found []hole, closed bool) {
	for at := 0; ; {
		i := strings.Index(text[at:], "${")
		if i < 0 {
			return found, true
		}
		start := at + i + 2
		if at+i > 0 && text[at+i-1] == '$' { // $${ writes ${
			at = start
			continue
		}
		end := holeEnd(text, start)
		if end < 0 {
			return found, false
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
		case quote != 0:
			if c == '\\' {
				i++
			} else if c == quote {
				quote = 0
			}
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

// roots lists the names an expression starts paths with, and where. Calls, members and text are left out.
func (h hole) roots() (names []string, offsets []int) {
	text := h.source
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == '"' || c == '\'':
			i++
			for i < len(text) && text[i] != c {
				if text[i] == '\\' {
					i++
				}
				i++
			}
			i++
		case isIdentifier(string(c)):
			end := i + 1
			for end < len(text) && isIdentifier("_"+string(text[end])) {
				end++
			}
			rest := strings.TrimLeft(text[end:], " ")
			before := strings.TrimRight(text[:i], " ?")
			if !strings.HasSuffix(before, ".") && !strings.HasPrefix(rest, "(") {
				names, offsets = append(names, text[i:end]), append(offsets, h.start+i)
			}
			i = end
		case c >= '0' && c <= '9':
			for i < len(text) && isIdentifier("_"+string(text[i])) {
				i++
			}
		default:
			i++
		}
	}
	return names, offsets
}

// settingText checks a setting whose holes may name vars and secrets only.
func (c *checker) settingText(n *document.Node) (found []hole) {
	if n.Kind == document.Broken {
		return nil
	}
	if n.Kind != document.String {
		c.add(n.Issue("want text, found %s", n.Kind))
		return nil
	}
	found, closed := holes(n.Text)
	if !closed {
		c.add(n.IssueAt(strings.LastIndex(n.Text, "${"), "this hole has no closing }"))
	}
	for _, h := range found {
		names, offsets := h.roots()
		for i, name := range names {
			if !slices.Contains([]string{"vars", "secrets"}, name) && slices.Contains(rootNames(), name) {
				c.add(n.IssueAt(offsets[i], "a hole here may name vars and secrets only, found %s", name))
			}
		}
		if len(names) == 1 && strings.HasPrefix(h.source, names[0]) && !slices.Contains(rootNames(), names[0]) {
			c.add(n.IssueAt(offsets[0], "unknown name %q%s", names[0],
				document.DidYouMean(names[0], []string{"vars", "secrets"})))
		}
	}
	return found
}

// headerReferences lists the request headers that a text's holes name.
func headerReferences(n *document.Node) []string {
	if n == nil || n.Kind != document.String {
		return nil
	}
	var names []string
	found, _ := holes(n.Text)
	for _, h := range found {
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
