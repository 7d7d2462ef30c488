package view

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"atrium/bff/api"
	"atrium/tenants/document"

	"github.com/rogpeppe/go-internal/txtar"
)

// Whatever a document says, compiling it ends, with issues that have a place or with a program whose answer is JSON.
func FuzzCompile(f *testing.F) {
	for _, folder := range []string{"compile", "run"} {
		files, err := filepath.Glob(filepath.Join("testdata", folder, "*.txtar"))
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(section(txtar.Parse(text), "api.yaml"), `{"items":[{"id":1,"sku":"a"}],"id":"x"}`)
		}
	}
	ops := loadOperations(f)
	f.Fuzz(func(t *testing.T, text, answer string) {
		root, issues := document.Parse("api.yaml", []byte(preamble+text))
		if len(issues) > 0 {
			return
		}
		a, _ := api.Decode(root)
		for _, r := range a.Routes {
			if r == nil || r.Node == nil || r.Response == nil && r.Steps == nil {
				continue
			}
			p, issues := Compile(r, Deps{Operations: ops.of(t, a)})
			for _, issue := range issues {
				if issue.Line == 0 || issue.Message == "" {
					t.Errorf("an issue without a place or a message: %+v", issue)
				}
			}
			if p == nil || !json.Valid([]byte(answer)) {
				continue
			}
			answerAll(t, p, answer)
		}
	})
}

// answerAll runs a program whose calls are all answered alike.
func answerAll(t *testing.T, p *Program, answer string) {
	t.Helper()
	path := make([]string, len(p.Path))
	for i := range path {
		path[i] = "1"
	}
	in, mistakes := p.Bind(&Request{Path: path})
	if len(mistakes) > 0 {
		return
	}
	result, err := p.Run(t.Context(), in, alike(answer))
	if err == nil && result.Body != nil && !json.Valid(result.Body) {
		t.Errorf("answered %s", result.Body)
	}
}
