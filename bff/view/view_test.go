package view

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"atrium/bff/api"
	"atrium/clients/rest"
	"atrium/tenants/document"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"go.uber.org/goleak"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeOperations are those of testdata/specs, and of the inline upstreams of a document.
type fakeOperations struct {
	specs  map[string]*rest.Spec
	inline map[string]map[string]*rest.Operation
}

func loadOperations(t testing.TB) *fakeOperations {
	t.Helper()
	ops := &fakeOperations{specs: map[string]*rest.Spec{}, inline: map[string]map[string]*rest.Operation{}}
	files, err := filepath.Glob("testdata/specs/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no specs", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		spec, issues := rest.LoadSpec(file, text)
		if len(issues) > 0 {
			t.Fatal(issues)
		}
		ops.specs[strings.TrimSuffix(filepath.Base(file), ".yaml")] = spec
	}
	return ops
}

// A tester is what helpers need of a test; rapid's are such too.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func (o *fakeOperations) of(t tester, a *api.API) *fakeOperations {
	t.Helper()
	all := &fakeOperations{specs: map[string]*rest.Spec{}, inline: map[string]map[string]*rest.Operation{}}
	for name, u := range a.Upstreams {
		if spec := o.specs[u.Spec]; spec != nil {
			all.specs[name] = spec
			continue
		}
		all.inline[name] = map[string]*rest.Operation{}
		for id, n := range u.Operations {
			op, issues := rest.Inline(id, n)
			if len(issues) > 0 {
				t.Fatal(issues)
			}
			all.inline[name][id] = op
		}
	}
	return all
}

func (o *fakeOperations) Upstream(name string) (*rest.Upstream, bool) {
	_, typed := o.specs[name]
	_, inline := o.inline[name]
	return nil, typed || inline
}

func (o *fakeOperations) UpstreamNames() []string {
	var names []string
	for name := range o.specs {
		names = append(names, name)
	}
	for name := range o.inline {
		names = append(names, name)
	}
	return names
}

func (o *fakeOperations) Operation(upstream, id string) (*rest.Operation, bool) {
	if spec := o.specs[upstream]; spec != nil {
		return spec.Operation(id)
	}
	op, ok := o.inline[upstream][id]
	return op, ok
}

func (o *fakeOperations) OperationIDs(upstream string) []string {
	if spec := o.specs[upstream]; spec != nil {
		return spec.OperationIDs()
	}
	var ids []string
	for id := range o.inline[upstream] {
		ids = append(ids, id)
	}
	return ids
}

// preamble is put before documents that declare no upstreams.
const preamble = `upstreams:
  crm: { spec: crm, baseUrl: "http://crm" }
  shop: { spec: shop, baseUrl: "http://shop" }
  raw: { baseUrl: "http://raw", operations: { get: "GET /things/{id}", put: "PUT /things/{id}" } }
`

// compileText compiles the only route of a document.
func compileText(t tester, ops *fakeOperations, text string) (*Program, document.Issues) {
	t.Helper()
	if !strings.Contains(text, "upstreams") {
		text = preamble + text
	}
	root, issues := document.Parse("api.yaml", []byte(text))
	if len(issues) > 0 {
		t.Fatalf("%v", issues)
	}
	a, issues := api.Decode(root)
	if len(a.Routes) != 1 {
		t.Fatalf("want one route, found %d: %v", len(a.Routes), issues)
	}
	for _, r := range a.Routes {
		p, more := Compile(r, Deps{Operations: ops.of(t, a)})
		issues = append(issues, more...)
		return p, issues.Sort()
	}
	return nil, nil
}

// mustCompile compiles a document that has no issues.
func mustCompile(t testing.TB, text string) *Program {
	t.Helper()
	p, issues := compileText(t, loadOperations(t), text)
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	return p
}

// golden runs check for every archive of a folder; check changes what the archive is to say.
func golden(t *testing.T, folder string, check func(t *testing.T, a *txtar.Archive)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatal("no archives", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := string(txtar.Format(a))
			check(t, a)
			got := string(txtar.Format(a))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
		})
	}
}

// section returns the text of a file of an archive, "" when there is none.
func section(a *txtar.Archive, name string) string {
	for _, f := range a.Files {
		if f.Name == name {
			return string(f.Data)
		}
	}
	return ""
}

// setSection sets the text of a file of an archive, adding it at the end when there is none.
func setSection(a *txtar.Archive, name, text string) {
	for i := range a.Files {
		if a.Files[i].Name == name {
			a.Files[i].Data = []byte(text)
			return
		}
	}
	a.Files = append(a.Files, txtar.File{Name: name, Data: []byte(text)})
}

// dropSection takes a file off an archive.
func dropSection(a *txtar.Archive, name string) {
	for i := range a.Files {
		if a.Files[i].Name == name {
			a.Files = append(a.Files[:i], a.Files[i+1:]...)
			return
		}
	}
}
