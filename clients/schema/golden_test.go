package schema_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"atrium/clients/schema"
	"atrium/tenants/document"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestRead reads the components of the first document in each archive and compares the types, the issues and the
// emitted JSON Schema with the other files of the archive. A second document, such as the same in another dialect, must
// give the same types.
func TestRead(t *testing.T) {
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
		if !strings.HasSuffix(f.Name, ".yaml") {
			continue
		}
		types, issues, emitted := readComponents(t, f.Name, f.Data)
		if len(got) > 0 {
			if diff := cmp.Diff(got["types"], types); diff != "" {
				t.Errorf("%s gives other types (-first +this):\n%s", f.Name, diff)
			}
			continue
		}
		got["types"], got["issues"], got["emitted.json"] = types, issues, emitted
	}
	for i, f := range archive.Files {
		want, known := got[f.Name]
		if !known {
			continue
		}
		if *update {
			archive.Files[i].Data = []byte(want)
		} else if diff := cmp.Diff(string(f.Data), want); diff != "" {
			t.Errorf("%s (-want +got):\n%s", f.Name, diff)
		}
	}
	if *update {
		if err := os.WriteFile(path, txtar.Format(archive), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func readComponents(t *testing.T, file string, text []byte) (types, issues, emitted string) {
	t.Helper()
	root, bad := document.Parse(file, text)
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	r := schema.NewReader(root)
	defs := schema.NewDefs("#/components/schemas/")
	var dump, out strings.Builder
	for _, f := range root.At("/components/schemas").Fields {
		typ := r.Read(f.Value)
		fmt.Fprintf(&dump, "%s: ", f.Key)
		describe(&dump, typ, "", map[*schema.Type]bool{})
		text := typ.JSONSchema(defs)
		if !json.Valid(text) {
			t.Errorf("%s is emitted as %s", f.Key, text)
		}
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, defs.JSON(), "", "  "); err != nil {
		t.Fatalf("%v in %s", err, defs.JSON())
	}
	for _, issue := range r.Issues().Sort() {
		fmt.Fprintln(&out, issue)
	}
	return dump.String(), out.String(), pretty.String() + "\n"
}

// describe prints a type with all that is known of it; what is printed already, by its name only.
func describe(w *strings.Builder, t *schema.Type, indent string, seen map[*schema.Type]bool) {
	w.WriteString(t.String())
	if seen[t] {
		w.WriteString(" (above)\n")
		return
	}
	seen[t] = true
	if t.Name != "" {
		fmt.Fprintf(w, " = %s", t.Kind)
	}
	for _, fact := range facts(t) {
		w.WriteString(" " + fact)
	}
	w.WriteString("\n")
	indent += "  "
	for _, f := range t.Fields {
		w.WriteString(indent + f.Name)
		for word, on := range map[string]bool{"!": f.Required} {
			if on {
				w.WriteString(word)
			}
		}
		if f.ReadOnly {
			w.WriteString(" readOnly")
		}
		if f.WriteOnly {
			w.WriteString(" writeOnly")
		}
		w.WriteString(": ")
		describe(w, f.Type, indent, seen)
	}
	for name, child := range map[string]*schema.Type{"elements": t.Elem} {
		if child != nil && composite(child) {
			w.WriteString(indent + name + ": ")
			describe(w, child, indent, seen)
		}
	}
	if t.Extra != nil {
		w.WriteString(indent + "others: ")
		describe(w, t.Extra, indent, seen)
	}
	for _, one := range t.OneOf {
		w.WriteString(indent + "| ")
		describe(w, one, indent, seen)
	}
}

func composite(t *schema.Type) bool {
	return t.Kind == schema.Object || t.Kind == schema.Union || t.Kind == schema.Array
}

func facts(t *schema.Type) []string {
	var all []string
	if t.Format != "" {
		all = append(all, t.Format)
	}
	if len(t.Enum) > 0 {
		all = append(all, "enum "+strings.Join(t.Enum, ","))
	}
	if t.Default != nil {
		all = append(all, "default "+string(t.Default))
	}
	if t.Closed {
		all = append(all, "closed")
	}
	if t.Limits != nil {
		text := (&schema.Type{Kind: schema.Any, Limits: t.Limits}).JSONSchema(schema.NewDefs(""))
		all = append(all, string(text))
	}
	return all
}
