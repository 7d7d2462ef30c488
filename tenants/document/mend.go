package document

import (
	"maps"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
)

// Reading on behind syntax errors: the lines at fault are replaced by a word that the reader turns into
// a Broken node, as few lines as make the rest readable, and places stay as they are.

const (
	brokenText = "__broken__"
	brokenFill = '~'     // for text whose length must stay
	maxMends   = 20      // syntax errors reported of one document
	maxReread  = 1 << 20 // bytes read again to find out how much a syntax error spoils
)

// A mended source is text with lines taken out.
type mended struct {
	source string
	broken map[int]bool // lines that hold brokenText
}

// parseWhatIsGood parses the text, reading on behind syntax errors; broken are the lines with text taken out. The tree
// is nil when nothing can be read.
func parseWhatIsGood(file string, text lines) (tree *ast.File, broken map[int]bool, issues Issues) {
	m := mended{source: text.source, broken: map[int]bool{}}
	tree, problem := parseYAML(m.source)
	budget := maxReread
	var last *syntaxError
	for problem != nil {
		if last == nil || !problem.follows(last, text) {
			issues = append(issues, problem.issue(file, text))
		}
		if problem.fatal || len(issues) == maxMends {
			return nil, nil, issues
		}
		last = problem
		var ok bool
		if m, tree, problem, ok = m.around(problem, &budget); !ok {
			return nil, nil, issues
		}
	}
	return tree, m.broken, issues
}

// follows says whether an error is no mistake of its own: after one, whole lines that would have been good may no longer
// be, one after the other.
func (e *syntaxError) follows(last *syntaxError, text lines) bool {
	line, _ := text.line(e.line)
	between := e.line - last.line
	for number := last.line + 1; number < e.line; number++ {
		if skipped, _ := text.line(number); isBlank(skipped) {
			between--
		}
	}
	return between == 1 && e.message == last.message && e.column == indent(line)+1
}

// around takes out as little as makes the error go away; ok is false when nothing helps. Better is a source whose next
// error is further on; reading in passes may also find one before.
func (m mended) around(e *syntaxError, budget *int) (next mended, tree *ast.File, problem *syntaxError, ok bool) {
	for _, candidate := range m.candidates(e) {
		if *budget -= len(m.source); *budget < 0 {
			break
		}
		left, found := parseYAML(candidate.source)
		if found == nil || e.before(found) {
			return candidate, left, found, true
		}
		if !ok && found.line < e.from {
			next, tree, problem, ok = candidate, left, found, true
		}
	}
	return next, tree, problem, ok
}

// before says whether the next error is one that reading gets to after this one.
func (e *syntaxError) before(next *syntaxError) bool {
	switch {
	case e.lexical && !next.lexical:
		return true
	case e.hole != "" && next.hole != "" && next.line == e.line:
		return next.column > e.column
	}
	return next.from > e.line && next.line > e.line
}

// candidates lists what could be taken out for an error, the least first: the value on its line, the lines from where
// it may have started, and then the blocks around.
func (m mended) candidates(e *syntaxError) []mended {
	lines := strings.Split(m.source, "\n")
	at := min(e.line, len(lines)) - 1
	from := min(e.from, at+1) - 1
	var candidates []mended
	if e.hole != "" {
		candidates = append(candidates, m.withoutHole(lines, at, e))
	}
	candidates = append(candidates, m.without(lines, at, ""), m.without(lines, at, ","), m.without(lines, at, " }"))
	if from < at {
		candidates = append(candidates, m.without(lines, from, ""), m.region(lines, from, at))
	} else {
		candidates = append(candidates, m.blank(lines, at))
	}
	for parent := above(lines, from); parent >= 0; parent = above(lines, parent) {
		candidates = append(candidates, m.without(lines, parent, ""))
	}
	return candidates
}

// keyLine matches a line that starts a member or an item: what comes before its value.
var keyLine = regexp.MustCompile(`^ *(?:- +)*(?:(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s"'#{}\[\],&*!|>%@\-][^#"']*?):|-)(?: |$)`)

// without replaces the value that starts on a line, and the deeper lines that belong to it.
func (m mended) without(lines []string, at int, end string) mended {
	start := keyLine.FindString(lines[at])
	if start == "" {
		return m.blank(lines, at)
	}
	out := append([]string(nil), lines...)
	out[at] = strings.TrimRight(start, " ") + " " + brokenText + end
	for i := at + 1; i < len(out) && (isBlank(out[i]) || indent(out[i]) > indent(lines[at])); i++ {
		out[i] = ""
	}
	return m.with(out, at)
}

// region replaces the value that starts on a line and all lines before the end.
func (m mended) region(lines []string, at, end int) mended {
	out := append([]string(nil), lines...)
	for i := at + 1; i < end; i++ {
		out[i] = ""
	}
	return m.without(out, at, "")
}

func (m mended) blank(lines []string, at int) mended {
	out := append([]string(nil), lines...)
	out[at] = ""
	return m.with(out, -1)
}

// with is the mended source whose broken lines are those before and one more, unless that is -1.
func (m mended) with(lines []string, at int) mended {
	broken := maps.Clone(m.broken)
	if at >= 0 {
		broken[at+1] = true
	}
	return mended{source: strings.Join(lines, "\n"), broken: broken}
}

// withoutHole replaces an unquoted hole by quoted text that is as long, so that places stay.
func (m mended) withoutHole(lines []string, at int, e *syntaxError) mended {
	line := []rune(lines[at])
	start, end := e.column-1, e.column-1+utf8.RuneCountInString(e.hole)
	for i := start + 1; i < end-1; i++ {
		line[i] = brokenFill
	}
	line[start], line[end-1] = '"', '"'
	out := append([]string(nil), lines...)
	out[at] = string(line)
	return m.with(out, at)
}

// isBroken says whether a scalar of a broken line stands for text that was taken out.
func isBroken(text string) bool {
	return text == brokenText || text != "" && strings.Trim(text, string(brokenFill)) == ""
}

// above finds the nearest line before that is less indented, or -1.
func above(lines []string, at int) int {
	for i := at - 1; i >= 0; i-- {
		if !isBlank(lines[i]) && indent(lines[i]) < indent(lines[at]) {
			return i
		}
	}
	return -1
}

func indent(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

func isBlank(line string) bool {
	text := strings.TrimSpace(line)
	return text == "" || text[0] == '#'
}
