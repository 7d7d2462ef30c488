package document

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden runs every archive of a folder. run gets its files by name and returns those it makes; the archive must hold
// exactly these beside its input. -update writes them.
func golden(t *testing.T, folder string, run func(t *testing.T, in map[string]string) map[string]string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", folder, "*.txtar"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no archives in testdata/%s: %v", folder, err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			in := map[string]string{}
			for _, f := range archive.Files {
				in[f.Name] = string(f.Data)
			}
			got := run(t, in)
			if *update {
				rewrite(t, path, archive, got)
				return
			}
			for _, name := range outputs() {
				if diff := cmp.Diff(in[name], got[name]); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}

// outputs are the files that a run may make.
func outputs() []string { return []string{"issues", "out.json"} }

func rewrite(t *testing.T, path string, archive *txtar.Archive, got map[string]string) {
	archive.Files = slices.DeleteFunc(archive.Files, func(f txtar.File) bool {
		return slices.Contains(outputs(), f.Name)
	})
	for _, name := range outputs() {
		if text, ok := got[name]; ok {
			archive.Files = append(archive.Files, txtar.File{Name: name, Data: []byte(text)})
		}
	}
	if err := os.WriteFile(path, txtar.Format(archive), 0o600); err != nil {
		t.Fatal(err)
	}
}

// results are the files of a run: its issues, and what was read, each left out when there is nothing.
func results(issues Issues, read []byte) map[string]string {
	files := map[string]string{}
	if len(issues) > 0 {
		files["issues"] = issues.Error() + "\n"
	}
	if read != nil {
		files["out.json"] = string(read) + "\n"
	}
	return files
}
