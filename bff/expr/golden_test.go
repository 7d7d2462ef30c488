package expr

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"atrium/clients/rawjson"
	"atrium/clients/schema"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden compiles and runs holes. An archive has the types of names (a JSON Schema whose properties they are), their
// values, and holes; want tells each hole's type, value and fields, or what is wrong with it.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := golden(t, archive)
			if *update {
				archive.Files = append(archive.Files[:3:3], txtar.File{Name: "want", Data: got})
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(section(t, archive, "want")), string(got)); diff != "" {
				t.Errorf("run with -update if this is right (-want +got):\n%s", diff)
			}
		})
	}
}

func section(t *testing.T, archive *txtar.Archive, name string) []byte {
	t.Helper()
	for _, f := range archive.Files {
		if f.Name == name {
			return f.Data
		}
	}
	t.Fatalf("the archive has no %s", name)
	return nil
}

func golden(t *testing.T, archive *txtar.Archive) []byte {
	t.Helper()
	names, err := schema.FromJSON(section(t, archive, "names.json"))
	if err != nil {
		t.Fatal(err)
	}
	scope := NewScope()
	var env Env
	values := section(t, archive, "values.json")
	if err := rawjson.Valid(values); err != nil {
		t.Fatal(err)
	}
	for _, f := range names.Fields {
		scope = scope.With(f.Name, f.Type)
		raw, _ := rawjson.Get(values, rawjson.Path{{Name: f.Name}})
		env = append(env, raw)
	}
	var out bytes.Buffer
	for line := range strings.Lines(string(section(t, archive, "holes"))) {
		hole := strings.TrimSuffix(line, "\n")
		if hole == "" || strings.HasPrefix(hole, "#") {
			fmt.Fprintln(&out, hole)
			continue
		}
		fmt.Fprintf(&out, "%s\n%s", hole, outcome(t, scope, env, hole))
	}
	return out.Bytes()
}

func outcome(t *testing.T, scope *Scope, env Env, hole string) string {
	t.Helper()
	v, issues := scope.Value(text(hole))
	if len(issues) > 0 {
		var out strings.Builder
		for _, issue := range issues {
			fmt.Fprintf(&out, "\t%d: %s\n", issue.Column, issue.Message)
		}
		return out.String()
	}
	kind := ""
	switch v.node.(type) {
	case *pathNode:
		kind = " (path)"
	case constNode:
		kind = " (constant)"
	case *programNode:
		kind = " (CEL)"
	}
	out := fmt.Sprintf("\t%s%s", v.Type, kind)
	if len(v.Fields) > 0 {
		out += " of " + strings.Join(v.Fields, " ")
	}
	raw, err := v.AppendJSON(t.Context(), []byte("x"), env)
	if err != nil {
		return fmt.Sprintf("%s\n\t! %v\n", out, err)
	}
	raw = raw[1:]
	if err := rawjson.Valid(raw); err != nil {
		t.Errorf("%s gives %s: %v", hole, raw, err)
	}
	if mistakes := v.Type.Check(raw, 3); len(mistakes) > 0 {
		t.Errorf("%s gives %s, which is not %s: %v", hole, raw, v.Type, mistakes)
	}
	plain, err := v.AppendText(t.Context(), []byte("x"), env)
	if err != nil {
		t.Errorf("%s as text: %v", hole, err)
	}
	if want := appendRaw([]byte("x"), raw, asText); string(want) != string(plain) {
		t.Errorf("%s as text is %s, want %s", hole, plain, want)
	}
	return fmt.Sprintf("%s\n\t= %s\n", out, raw)
}
