package api

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"atrium/tenants/document"
)

// FuzzDecode holds for every text: no panic, every issue has a place in the text, and what has no issues is whole.
func FuzzDecode(f *testing.F) {
	f.Add(storefront(f))
	paths, err := filepath.Glob("testdata/decode/*.txtar")
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
	f.Fuzz(func(t *testing.T, text string) {
		root, syntax := document.Parse("f", []byte(text))
		if root == nil {
			return
		}
		a, issues := Decode(root)
		lines := strings.Count(strings.ReplaceAll(text, "\r\n", "\n"), "\n") + strings.Count(text, "\r") + 1
		for _, issue := range issues {
			if issue.Line < 1 || issue.Line > lines || issue.Column < 1 || issue.Message == "" {
				t.Fatalf("issue %+v is outside the text", issue)
			}
		}
		if len(syntax)+len(issues) == 0 {
			whole(t, a)
		}
	})
}

// whole checks what the rest of the program relies on of a document without issues.
func whole(t *testing.T, a *API) {
	for name, u := range a.Upstreams {
		if u == nil || u.Node == nil || u.BaseURL == nil || u.BaseURL.Kind != document.String {
			t.Fatalf("upstream %s = %+v", name, u)
		}
	}
	for name, m := range a.Models {
		if m == nil || m.Node == nil || m.BaseURL == nil || m.Model == "" {
			t.Fatalf("model %s = %+v", name, m)
		}
	}
	for key, r := range a.Routes {
		if r == nil || r.Node == nil || r.KeyNode == nil || r.Key != key || !strings.HasPrefix(r.Pattern.Text, "/") {
			t.Fatalf("route %s = %+v", key, r)
		}
		if r.Proxy != nil && a.Upstreams[r.Proxy.Upstream] == nil || r.Chat != nil && a.Models[r.Chat.Model] == nil {
			t.Fatalf("route %s names what is not there", key)
		}
		for _, s := range r.Steps {
			name, _, _ := strings.Cut(s.Call, ".")
			if s.Node == nil || s.Name == "" || a.Upstreams[name] == nil {
				t.Fatalf("step %s of %s = %+v", s.Name, key, s)
			}
		}
	}
}
