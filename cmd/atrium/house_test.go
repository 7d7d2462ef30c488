package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// edges are the imports between our own packages that the house allows: a folder on the left may import those on the right, and
// folders below itself. What is below a folder may import what the folder may, and its siblings.
var edges = map[string][]string{
	"cmd":           {"bff", "clients", "cache", "observability", "tenants"},
	"bff":           {"clients", "cache", "observability", "tenants"},
	"clients":       {"tenants"},
	"cache":         {},
	"observability": {},
	"tenants":       {},
}

// placement says where a library may be imported, each for a reason of docs/architecture.md.
var placement = map[string][]string{
	"github.com/gin-gonic/gin":           {"bff", "bff/admin", "cmd/atrium"},
	"github.com/redis/go-redis/v9":       {"cache", "tenants/store", "bff/limit", "bff/auth/sessions", "bff/chat/fleet", "cmd/atrium"},
	"github.com/sashabaranov/go-openai":  {"clients/llm"},
	"github.com/ulule/limiter/v3":        {"bff/limit"},
	"go.opentelemetry.io/otel/sdk":       {"observability", "observability/traceview"},
	"go.opentelemetry.io/otel/exporters": {"observability"},
	"cel.dev/cel-go":                     {"bff/expr"},
	"github.com/getkin/kin-openapi":      {"clients/schema", "clients/rest", "bff/api"},
	"github.com/goccy/go-yaml":           {"tenants/document", "cmd/atrium"},
	"github.com/maypok86/otter/v2":       {"cache"},
	"github.com/failsafe-go/failsafe-go": {"clients", "cache"},
	"github.com/alecthomas/kong":         {"cmd/atrium"},
}

// top is what may stand at the root of the repository, besides what git itself keeps there.
var top = []string{
	".ci", ".dockerignore", ".gitignore", ".golangci.yml", "Dockerfile", "LICENSE", "Makefile", "README.md", "bff", "cache", "clients", "cmd",
	"docker-compose.yml", "docs", "go.mod", "go.sum", "observability", "tenants", "tests",
}

type goFile struct {
	path, dir string // slash-separated, from the root
	test      bool
	lines     int
	syntax    *ast.File
}

func goFiles(t *testing.T) []goFile {
	t.Helper()
	var files []goFile
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "bin" || d.Name() == ".git" || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		files = append(files, goFile{
			path: rel, dir: rel[:strings.LastIndexByte(rel, '/')], test: strings.HasSuffix(rel, "_test.go"),
			lines: bytes.Count(text, []byte("\n")), syntax: syntax,
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 100 {
		t.Fatalf("only %d Go files found: the walk is broken", len(files))
	}
	return files
}

func imports(f goFile) []string {
	var paths []string
	for _, spec := range f.syntax.Imports {
		paths = append(paths, strings.Trim(spec.Path.Value, `"`))
	}
	return paths
}

func TestImportsPointOneWay(t *testing.T) {
	for _, f := range goFiles(t) {
		from, _, _ := strings.Cut(f.dir, "/")
		for _, path := range imports(f) {
			ours, ok := strings.CutPrefix(path, "atrium/")
			if !ok {
				continue
			}
			to, _, _ := strings.Cut(ours, "/")
			if to == from || slices.Contains(edges[from], to) {
				continue
			}
			t.Errorf("%s imports %s: %s may import %v only", f.path, path, from, edges[from])
		}
	}
}

func TestLibrariesStayInTheirPlace(t *testing.T) {
	for _, f := range goFiles(t) {
		if f.test {
			continue
		}
		for _, path := range imports(f) {
			for library, dirs := range placement {
				if (path == library || strings.HasPrefix(path, library+"/")) && !slices.Contains(dirs, f.dir) {
					t.Errorf("%s imports %s, which belongs in %v", f.path, path, dirs)
				}
			}
		}
	}
}

func TestFilesAreShort(t *testing.T) {
	const most = 400
	for _, f := range goFiles(t) {
		if f.lines > most {
			t.Errorf("%s has %d lines; split it by idea (at most %d)", f.path, f.lines, most)
		}
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	said := map[string]bool{}
	for _, f := range goFiles(t) {
		if f.test {
			continue
		}
		said[f.dir] = said[f.dir] || f.syntax.Doc != nil && len(f.syntax.Doc.Text()) > 40
	}
	for dir, ok := range said {
		if !ok {
			t.Errorf("package %s has no package comment", dir)
		}
	}
}

func TestTheRootHoldsOnlyItsRooms(t *testing.T) {
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := e.Name()
		if name == ".git" || name == "bin" || name == "atrium-data" || slices.Contains(top, name) {
			continue
		}
		t.Errorf("%s stands at the root and is not one of its rooms", name)
	}
}
