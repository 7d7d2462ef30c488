package document

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Bounds of a document. They keep a hostile one from costing more than a good one could.
const (
	maxText  = 4 << 20 // bytes
	maxDepth = 64      // levels of lists and mappings
	maxNodes = 400_000 // values, after aliases are resolved
)

// Parse reads a YAML or JSON document. file is how issues name it, such as "apis/storefront.yaml".
//
// The Node is what could be read, also when there are issues: what a syntax error spoils is a Broken node, so that
// the rest can still be decoded and checked. It is nil only when nothing could be read. A file holds one document;
// an empty one is a Null node. Duplicate, merge and non-text keys, tags, numbers that JSON cannot write and
// documents beyond the bounds are issues.
func Parse(file string, text []byte) (*Node, Issues) {
	if len(text) > maxText {
		return nil, Issues{{File: file, Message: fmt.Sprintf("the document is larger than %v", Size(maxText))}}
	}
	source := strings.TrimPrefix(string(text), "\uFEFF")
	if strings.Contains(source, "\r") {
		source = strings.ReplaceAll(strings.ReplaceAll(source, "\r\n", "\n"), "\r", "\n")
	}
	if issue, ok := checkCharacters(file, source); !ok {
		return nil, Issues{issue}
	}
	if looksLikeJSON(source) {
		return readJSONOrFlow(file, source)
	}
	return readYAML(file, source)
}

// readJSONOrFlow reads text that starts as JSON does. When it is not JSON it may be flow-style YAML, which is also what
// shows the good parts of spoilt JSON.
func readJSONOrFlow(file, source string) (*Node, Issues) {
	root, issues, ok := readJSON(file, source)
	if ok {
		return root, issues
	}
	root, other := readYAML(file, strings.ReplaceAll(source, "\t", " "))
	if len(other) == 0 && !strings.HasSuffix(file, ".json") {
		return root, nil
	}
	return root, issues
}

// checkCharacters refuses what is not text, which every reader would otherwise treat in a way of its own.
func checkCharacters(file, source string) (Issue, bool) {
	for i := 0; i < len(source); {
		r, size := rune(source[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(source[i:])
		}
		problem := ""
		switch {
		case r == utf8.RuneError && size == 1:
			problem = "this is not UTF-8 text"
		case r < ' ' && r != '\n' && r != '\t', r == 0x7f:
			problem = fmt.Sprintf("a control character (%U) is not text; in quotes write an escape for it", r)
		}
		if problem != "" {
			line, column := positionAt(source, i)
			return Issue{File: file, Line: line, Column: column, Message: problem}, false
		}
		i += size
	}
	return Issue{}, true
}

// positionAt returns the line and column of a byte offset.
func positionAt(source string, offset int) (line, column int) {
	before := source[:offset]
	line = 1 + strings.Count(before, "\n")
	return line, 1 + utf8.RuneCountInString(before[1+strings.LastIndexByte(before, '\n'):])
}
