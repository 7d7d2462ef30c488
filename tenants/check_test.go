package tenants

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write what the tests find to the golden files")

// TestIssues compares all issues of the documents of an archive with the ones that it lists.
func TestIssues(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no archives", err)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var docs []Document
			golden := -1
			for i, f := range archive.Files {
				if f.Name == "issues" {
					golden = i
					continue
				}
				dir, file := filepath.Split(f.Name)
				docs = append(docs, Document{
					Kind: Kind(filepath.Clean(dir)), Name: strings.TrimSuffix(file, ".yaml"), Text: f.Data, Path: f.Name, Revision: 1,
				})
			}
			issues, err := Check(t.Context(), docs, &fakeBuilder{}, Options{
				BaseDomain: "localhost", Env: func(string) (string, bool) { return "", false },
			})
			if err != nil {
				t.Fatal(err)
			}
			got := []byte(issues.Error() + "\n")
			if bytes.Contains(got, []byte("hush")) {
				t.Error("an issue shows a secret")
			}
			if *update {
				archive.Files[golden].Data = got
				if err := os.WriteFile(path, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(archive.Files[golden].Data), string(got)); diff != "" {
				t.Errorf("run with -update when this is right: %s", diff)
			}
		})
	}
}

func TestCheckWithoutSecrets(t *testing.T) {
	docs := []Document{
		{Kind: KindAPIs, Name: "a", Text: []byte("vars: []"), Path: "apis/a.yaml"},
		{
			Kind: KindTenants, Name: "t", Path: "tenants/t.yaml",
			Text: []byte("api: a\nsecrets: {x: {env: NONE}, y: {file: /nowhere}}"),
		},
	}
	for noSecrets, want := range map[bool]int{true: 0, false: 2} {
		issues, err := Check(t.Context(), docs, &fakeBuilder{}, Options{NoSecrets: noSecrets})
		if err != nil || len(issues) != want {
			t.Errorf("NoSecrets %t: %v, %v, want %d issues", noSecrets, issues, err, want)
		}
	}
}
