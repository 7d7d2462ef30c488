package rest_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"atrium/clients/rest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestLoadSpec loads each spec of each archive and compares its operations and issues with the other files of the
// archive. Specs of one archive say the same in different ways.
func TestLoadSpec(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) { golden(t, path) })
	}
}

func golden(t *testing.T, path string) {
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for _, f := range archive.Files {
		if !strings.HasSuffix(f.Name, ".yaml") && !strings.HasSuffix(f.Name, ".json") {
			continue
		}
		spec, issues := rest.LoadSpec(f.Name, f.Data)
		operations := ""
		if spec != nil {
			operations = describe(spec)
		}
		if first, ok := got["operations"]; ok {
			if diff := cmp.Diff(first, operations); diff != "" {
				t.Errorf("%s gives other operations (-first +this):\n%s", f.Name, diff)
			}
			continue
		}
		got["operations"] = operations
		var lines strings.Builder
		for _, issue := range issues {
			fmt.Fprintln(&lines, issue)
		}
		got["issues"] = lines.String()
	}
	for i, f := range archive.Files {
		want, known := got[f.Name]
		switch {
		case !known:
		case *update:
			archive.Files[i].Data = []byte(want)
		default:
			if diff := cmp.Diff(string(f.Data), want); diff != "" {
				t.Errorf("%s (-want +got):\n%s", f.Name, diff)
			}
		}
	}
	if *update {
		if err := os.WriteFile(path, txtar.Format(archive), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func describe(s *rest.Spec) string {
	var w strings.Builder
	fmt.Fprintf(&w, "%s %s %v\n", s.Title, s.Version, s.Servers)
	for _, id := range s.OperationIDs() {
		o, _ := s.Operation(id)
		fmt.Fprintf(&w, "%s: %s %s -> %s\n", o.ID, o.Method, o.Path, o.Response)
		if o.Summary != "" {
			fmt.Fprintf(&w, "  %q\n", o.Summary)
		}
		for _, p := range o.Params {
			fmt.Fprintf(&w, "  %s %s: %s", p.In, p.Name, p.Type)
			if p.Required {
				w.WriteString(" required")
			}
			if p.Default != nil {
				w.WriteString(" default " + string(p.Default))
			}
			w.WriteString("\n")
		}
		if o.Body != nil {
			fmt.Fprintf(&w, "  body %s %v required %v\n", o.Body, o.Body.FieldNames(), o.BodyRequired)
		}
		if o.Unsupported != "" {
			fmt.Fprintf(&w, "  unsupported: %s\n", o.Unsupported)
		}
	}
	return w.String()
}
