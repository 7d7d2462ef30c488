package document

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseGolden(t *testing.T) {
	golden(t, "parse", func(t *testing.T, in map[string]string) map[string]string {
		for _, name := range []string{"in.yaml", "in.json"} {
			text, ok := in[name]
			if !ok {
				continue
			}
			root, issues := Parse(name, []byte(text))
			if root == nil {
				return results(issues, nil)
			}
			return results(issues, root.JSON())
		}
		t.Fatal("the archive has no in.yaml or in.json")
		return nil
	})
}

// laughs is a document whose aliases would make a billion values.
func laughs() string {
	var text strings.Builder
	item := "x"
	for c := 'a'; c < 'j'; c++ {
		items := strings.TrimSuffix(strings.Repeat(item+", ", 10), ", ")
		fmt.Fprintf(&text, "%c: &%c [%s]\n", c, c, items)
		item = "*" + string(c)
	}
	return text.String()
}

func TestParseBounds(t *testing.T) {
	const tooDeep = "nested deeper than 64 levels"
	tests := []struct {
		name, text, want string
	}{
		{"too large", strings.Repeat("a", 4<<20+1), "f: the document is larger than 4MiB"},
		{"not UTF-8", "a: \"\xff\"\n", "f:1:5: this is not UTF-8 text"},
		{
			"control character", "a: b\x00c\n",
			"f:1:5: a control character (U+0000) is not text; in quotes write an escape for it",
		},
		{"brackets", strings.Repeat("[", 100_000), tooDeep},
		{"flow", "a: " + strings.Repeat("[", 5000), tooDeep},
		{"closed flow", "a: " + strings.Repeat("[", 70) + strings.Repeat("]", 70), tooDeep},
		{"dashes", strings.Repeat("- ", 5000), tooDeep},
		{"questions", strings.Repeat("? ", 5000), tooDeep},
		{"tags", strings.Repeat("! ", 5000), tooDeep},
		{"JSON", strings.Repeat(`{"a":`, 100), tooDeep},
		{"keys", deepKeys(100), tooDeep},
		{"aliases that multiply", laughs(), "the document has more than 400000 values"},
		{"an alias in its own anchor", "a: &a [*a]\n", "f:1:8: the alias *a stands inside its own anchor"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, issues := Parse("f", []byte(tt.text))
			if len(issues) == 0 || !strings.Contains(issues[0].String(), tt.want) {
				t.Errorf("issues = %v, want %s", issues, tt.want)
			}
			if len(issues) > 1 {
				t.Errorf("%d issues for one mistake", len(issues))
			}
		})
	}
}

func deepKeys(levels int) string {
	var b strings.Builder
	for i := range levels {
		b.WriteString(strings.Repeat(" ", i) + "key:\n")
	}
	return b.String()
}

func TestParseDepthAllowed(t *testing.T) {
	for name, text := range map[string]string{
		"JSON":  strings.Repeat("[", 60) + strings.Repeat("]", 60),
		"flow":  "a: " + strings.Repeat("[", 60) + strings.Repeat("]", 60),
		"keys":  deepKeys(60),
		"lists": "a:\n" + strings.Repeat("- ", 60) + "x",
		"wide":  "a: [" + strings.Repeat(`{a: {b: [1]}}, `, 2000) + "1]",
		"long":  "a:\n" + strings.Repeat("- b: {c: d}\n  e:\n  - f\n", 2000),
	} {
		if _, issues := Parse("f", []byte(text)); len(issues) > 0 {
			t.Errorf("%s: %v", name, issues)
		}
	}
}

func TestParseLineEnds(t *testing.T) {
	for name, text := range map[string]string{
		"unix":            "a: 1\nb: |\n  x\n  y\n",
		"windows":         "a: 1\r\nb: |\r\n  x\r\n  y\r\n",
		"old":             "a: 1\rb: |\r  x\r  y\r",
		"byte order mark": "\uFEFFa: 1\nb: |\n  x\n  y\n",
		"document start":  "---\na: 1\nb: |\n  x\n  y\n",
	} {
		root, issues := Parse("f", []byte(text))
		if got := string(root.JSON()); got != `{"a":1,"b":"x\ny\n"}` || len(issues) > 0 {
			t.Errorf("%s: %s %v", name, got, issues)
		}
	}
}

func TestParseEmpty(t *testing.T) {
	for _, text := range []string{"", "\n", "# only a comment\n", "---\n", "null", "\uFEFF"} {
		root, issues := Parse("f", []byte(text))
		if root == nil || root.Kind != Null || len(issues) > 0 {
			t.Errorf("Parse(%q) = %v, %v; want a Null node", text, root, issues)
		}
	}
}

func TestNumbersKeepTheirDigits(t *testing.T) {
	text := `{"a": 9007199254740993, "b": 1e400, "c": -0.10, "d": 12345678901234567890.123456789}`
	for name, in := range map[string]string{"f.json": text, "f.yaml": "x: " + text} {
		root, issues := Parse(name, []byte(in))
		if len(issues) > 0 {
			t.Fatal(issues)
		}
		if inner := root.Get("x"); inner != nil {
			root = inner
		}
		want := strings.ReplaceAll(text, " ", "")
		if got := string(root.JSON()); got != want {
			t.Errorf("%s: JSON = %s, want %s", name, got, want)
		}
		if root.Get("a").Kind != Int || root.Get("b").Kind != Float {
			t.Errorf("%s: kinds %v %v, want Int and Float", name, root.Get("a").Kind, root.Get("b").Kind)
		}
	}
}
