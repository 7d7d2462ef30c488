package api

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"atrium/tenants/document"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// decode reads a document of kind apis.
func decode(text string) (*API, document.Issues) {
	root, issues := document.Parse("apis/a.yaml", []byte(text))
	if root == nil {
		return nil, issues
	}
	a, more := Decode(root)
	return a, append(issues, more...).Sort()
}

// Each archive holds a document and the issues it must have: exactly these.
func TestDecodeGolden(t *testing.T) {
	paths, err := filepath.Glob("testdata/decode/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			in, want := string(archive.Files[0].Data), ""
			if len(archive.Files) > 1 {
				want = string(archive.Files[1].Data)
			}
			_, issues := decode(in)
			got := ""
			if len(issues) > 0 {
				got = issues.Error() + "\n"
			}
			if *update {
				archive.Files = append(slices.Clip(archive.Files[:1]), txtar.File{Name: "issues", Data: []byte(got)})
				if err := os.WriteFile(path, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("issues (-want +got):\n%s", diff)
			}
		})
	}
}
