package main

import (
	"encoding/json"
	"go/ast"
	goparser "go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"atrium/bff/api"
	"atrium/tenants"
)

// parse reads the whole file; goFiles reads its imports.
func (f goFile) parse(t *testing.T) *ast.File {
	t.Helper()
	syntax, err := goparser.ParseFile(token.NewFileSet(), filepath.Join(root, f.path), nil, goparser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return syntax
}

func readDoc(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestSecurityNamesWhatProvesIt holds docs/security.md to tests that exist, and every row of it to one.
func TestSecurityNamesWhatProvesIt(t *testing.T) {
	there := map[string]bool{}
	for _, f := range goFiles(t) {
		if !f.test {
			continue
		}
		for _, d := range f.parse(t).Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				there[f.dir+"."+fn.Name.Name] = true
			}
		}
	}
	name := regexp.MustCompile("`([a-z0-9/]+\\.(?:Test|Fuzz)\\w+|tests/[\\w./]+)`")
	for i, line := range strings.Split(readDoc(t, "security.md"), "\n") {
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| threat") {
			continue
		}
		found := name.FindAllStringSubmatch(cells[len(cells)-1], -1)
		if len(cells) != 3 || len(found) == 0 {
			t.Errorf("security.md:%d names no test: %.60s", i+1, line)
		}
		for _, m := range found {
			if _, err := os.Stat(filepath.Join(root, m[1])); !there[m[1]] && (err != nil || !strings.HasPrefix(m[1], "tests/")) {
				t.Errorf("security.md:%d names %s, which is no test", i+1, m[1])
			}
		}
	}
}

// TestReferenceIsWhole holds that docs/reference.md names every command, flag, key of a document and code of a problem.
func TestReferenceIsWhole(t *testing.T) {
	text := readDoc(t, "reference.md")
	want := map[string]string{} // what must be there -> what it is
	parser, err := kong.New(new(commands), kong.Vars{"version": "test"})
	if err != nil {
		t.Fatal(err)
	}
	for _, command := range parser.Model.Children {
		want["atrium "+command.Name] = "command"
		for _, flag := range command.Flags {
			want["--"+flag.Name] = "flag"
		}
	}
	for _, schema := range [][]byte{api.Schema(), tenants.PlanSchema(), tenants.SpecSchema()} {
		for _, key := range keysOf(t, schema) {
			want[key] = "key"
		}
	}
	for _, code := range problemCodes(t) {
		want["`"+code+"`"] = "problem"
	}
	for what, is := range want {
		if !strings.Contains(text, what) {
			t.Errorf("reference.md does not name the %s %s", is, what)
		}
	}
	if len(want) < 120 {
		t.Errorf("only %d names were looked for", len(want))
	}
}

// keysOf lists the members of all objects that a JSON Schema describes.
func keysOf(t *testing.T, schema []byte) (keys []string) {
	t.Helper()
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if properties, ok := v["properties"].(map[string]any); ok {
				for key := range properties {
					keys = append(keys, key)
				}
			}
			for _, member := range v {
				walk(member)
			}
		case []any:
			for _, one := range v {
				walk(one)
			}
		}
	}
	var v any
	if err := json.Unmarshal(schema, &v); err != nil {
		t.Fatal(err)
	}
	walk(v)
	return keys
}

// problemCodes lists the codes that the server gives: the second argument of problem.New.
func problemCodes(t *testing.T) (codes []string) {
	t.Helper()
	for _, f := range goFiles(t) {
		if f.test || !strings.HasPrefix(f.dir, "bff") {
			continue
		}
		ast.Inspect(f.parse(t), func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 3 {
				return true
			}
			name := ""
			switch fn := call.Fun.(type) {
			case *ast.SelectorExpr:
				if pkg, ok := fn.X.(*ast.Ident); ok {
					name = pkg.Name + "." + fn.Sel.Name
				}
			case *ast.Ident:
				name = f.syntax.Name.Name + "." + fn.Name
			}
			if code, ok := call.Args[1].(*ast.BasicLit); ok && name == "problem.New" && code.Kind == token.STRING {
				text, err := strconv.Unquote(code.Value)
				if err != nil {
					t.Fatal(err)
				}
				codes = append(codes, text)
			}
			return true
		})
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}
