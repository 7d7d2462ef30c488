package document

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rogpeppe/go-internal/txtar"
)

// FuzzParse holds for every text: no panic, places inside the text, trees that are valid JSON, and of a text without
// issues every character of every scalar is found where it is written.
func FuzzParse(f *testing.F) {
	paths, err := filepath.Glob("testdata/parse/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(archive.Files[0].Data))
	}
	api, err := os.ReadFile("testdata/storefront.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(api))
	f.Add("(:\n-dddddd0\n \r\n --")  // the library places this text on its last line
	f.Add("(:\n--\n\n 0\r\n --\r h") // and this one, whose last line but one starts as its first
	f.Add("0 0: 0\n -$")
	f.Add("0 0  \na")
	f.Add("A: |\n \n  a0")
	f.Add("0:\n 000: 0\n A\n \"")
	f.Fuzz(func(t *testing.T, text string) {
		root, issues := Parse("f", []byte(text))
		c := placeChecker{t: t, lines: textLines(text)}
		for _, issue := range issues {
			c.inside(issue.Line, issue.Column, issue.Message)
		}
		if root == nil {
			if len(issues) == 0 {
				t.Fatal("neither a node nor an issue")
			}
			return
		}
		if rendered := root.JSON(); !json.Valid(rendered) {
			t.Fatalf("JSON() is not JSON: %s", rendered)
		}
		// The library miscounts around tabs inside plain text.
		c.walk(root, len(issues) == 0 && !strings.Contains(text, "\t"))
	})
}

// textLines splits a text as editors do.
func textLines(text string) [][]rune {
	text = strings.TrimPrefix(text, "\uFEFF")
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	var lines [][]rune
	for line := range strings.SplitSeq(text, "\n") {
		lines = append(lines, []rune(line))
	}
	return lines
}

type placeChecker struct {
	t     *testing.T
	lines [][]rune
}

func (c placeChecker) inside(line, column int, what string) {
	if line == 0 && column == 0 {
		return // of the document as a whole
	}
	if line < 1 || line > len(c.lines) || column < 1 || column > len(c.lines[line-1])+1 {
		c.t.Fatalf("%s: %d:%d is outside the text", what, line, column)
	}
}

func (c placeChecker) at(line, column int) string {
	if column > len(c.lines[line-1]) {
		return ""
	}
	return string(c.lines[line-1][column-1:])
}

func (c placeChecker) walk(n *Node, exact bool) {
	c.inside(n.Line, n.Column, n.Pointer)
	for i, field := range n.Fields {
		c.inside(field.KeyLine, field.KeyColumn, "key "+field.Key)
		if exact {
			c.scalar(n.KeyNode(i))
		}
		c.walk(field.Value, exact)
	}
	for _, item := range n.Items {
		c.walk(item, exact)
	}
	if n.Kind == String && exact {
		c.scalar(n)
	}
}

// scalar looks for the first characters of a text in the source.
func (c placeChecker) scalar(n *Node) {
	for offset, r := range n.Text[:min(len(n.Text), 200)] {
		line, column := n.place(offset)
		c.inside(line, column, "character of "+n.Pointer)
		if r <= ' ' || r == utf8.RuneError || !strings.ContainsRune("${}.abcdefghijklmnopqrstuvwxyz", r) {
			continue
		}
		if got := c.at(line, column); !strings.HasPrefix(got, string(r)) && !strings.HasPrefix(got, `\`) {
			c.t.Fatalf("character %d (%q) of %q at %s: %d:%d is %q", offset, r, n.Text, n.Pointer, line, column, got)
		}
	}
}

func TestIssueAtFindsCharacters(t *testing.T) {
	tests := []struct {
		name, text, word string
		line, column     int
	}{
		{"plain", "a: x ${y}\n", "y", 1, 8},
		{"double quoted", `a: "x ${y}"`, "y", 1, 9},
		{"single quoted", `a: 'it''s ${y}'`, "y", 1, 13},
		{"escapes", `a: "\u00e9\n\"${y}"`, "y", 1, 17},
		{"surrogates", `a: "\ud83d\ude00${y}"`, "y", 1, 19},
		{"flow", `a: {b: 1, c: "${y}"}`, "y", 1, 17},
		{"wide characters", `日: "本 ${y}"`, "y", 1, 9},
		{"literal", "a: |\n  x\n    ${y}\n", "y", 3, 7},
		{"literal after a blank line", "a: |-\n\n  x\n\n  ${y}\n", "y", 5, 5},
		{"folded", "a: >\n  x\n  w ${y}\n", "y", 3, 7},
		{"folded paragraphs", "a: >-\n  x\n\n  w ${y}", "y", 4, 7},
		{"plain over lines", "a: x\n  w ${y}\n", "y", 2, 7},
		{"quoted over lines", "a: \"x\n  w\n\n  ${y}\"\n", "y", 4, 5},
		{"escaped line end", "a: \"x\\\n   ${y}\"\n", "y", 2, 6},
		{"in a list", "a:\n- |\n  ${y}\n", "y", 3, 5},
		{"JSON", "{\"a\":\n\t\"\\tx ${y}\"}", "y", 2, 9},
		{"key", "\"x ${y}\": 1", "y", 1, 6},
		{"end", "a: \"xy\"", "", 1, 7},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root, issues := Parse("f", []byte(tt.text))
			if len(issues) > 0 {
				t.Fatal(issues)
			}
			n := root.Fields[0].Value
			if tt.name == "key" {
				n = root.KeyNode(0)
			}
			for n.Kind != String {
				if n.Kind == List {
					n = n.Items[0]
				} else {
					n = n.Fields[len(n.Fields)-1].Value
				}
			}
			offset := strings.Index(n.Text, tt.word)
			if tt.word == "" {
				offset = len(n.Text)
			}
			issue := n.IssueAt(offset, "here")
			if issue.Line != tt.line || issue.Column != tt.column {
				t.Errorf("place of %q in %q = %d:%d, want %d:%d",
					tt.word, n.Text, issue.Line, issue.Column, tt.line, tt.column)
			}
		})
	}
}
