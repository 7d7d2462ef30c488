package tenants

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func small() map[string]string {
	return map[string]string{
		"specs/crm.yaml":      "openapi",
		"apis/shop.yaml":      "specs: [crm]\nvars: [brand]",
		"apis/other.yaml":     "vars: []",
		"plans/pro.yaml":      "streams: 5",
		"tenants/acme.yaml":   "api: shop\nplan: pro\nvars: {brand: Acme}\nhosts: [acme.com]",
		"tenants/globex.yaml": "api: other",
	}
}

func TestApplyServesWhatItStores(t *testing.T) {
	d := load(t, small())
	doc, issues, err := d.Apply(t.Context(), Change{
		Kind: KindTenants, Name: "new", Text: []byte("api: other\nhosts: [new.com]"), Match: Match{Absent: true}, By: "alice",
	})
	if err != nil || len(issues) > 0 {
		t.Fatal(issues, err)
	}
	if doc.Revision != 1 || doc.Path != "tenants/new.yaml" || doc.Modified.IsZero() {
		t.Errorf("stored %+v", doc)
	}
	if got := d.resolves("new.com", ""); got != "new" {
		t.Errorf("new.com is served as %s", got)
	}
	if stored, ok := d.Document(KindTenants, "new"); !ok || !cmp.Equal(stored, doc) {
		t.Errorf("the directory has %+v, the store %+v", stored, doc)
	}
	if diff := cmp.Diff(map[string]int{"tenants/new.yaml": 1}, d.builder.take()); diff != "" {
		t.Errorf("more was compiled than had changed: %s", diff)
	}
	r, _, ok := d.Tenant("new")
	if !ok || r.tenant.Revision != 1 {
		t.Errorf("the runtime has revision %d", r.tenant.Revision)
	}
}

func TestApplyCompilesWhatDepends(t *testing.T) {
	tests := []struct {
		path, text string
		want       map[string]int
	}{
		{"specs/crm.yaml", "openapi 2", map[string]int{"specs/crm.yaml": 1, "apis/shop.yaml": 1, "tenants/acme.yaml": 1}},
		{"apis/shop.yaml", "vars: []", map[string]int{"apis/shop.yaml": 1, "tenants/acme.yaml": 1}},
		{"apis/other.yaml", "vars: []", map[string]int{"apis/other.yaml": 1, "tenants/globex.yaml": 1}},
		{"plans/pro.yaml", "streams: 6", map[string]int{"tenants/acme.yaml": 1}},
		{"tenants/acme.yaml", "api: other", map[string]int{"tenants/acme.yaml": 1}},
		{"specs/unused.yaml", "openapi", map[string]int{"specs/unused.yaml": 1}},
	}
	for _, c := range tests {
		t.Run(c.path, func(t *testing.T) {
			d := load(t, small())
			globex, _, _ := d.Tenant("globex")
			d.put(c.path, c.text)
			if diff := cmp.Diff(c.want, d.builder.take()); diff != "" {
				t.Error(diff)
			}
			again, _, _ := d.Tenant("globex")
			if touched := c.want["tenants/globex.yaml"] > 0; (globex != again) != touched {
				t.Errorf("the runtime of globex is another: %t, want %t", globex != again, touched)
			}
			if issues := d.issues(); len(issues) > 0 {
				t.Error(issues)
			}
		})
	}
}

func TestApplyRefusesWithIssues(t *testing.T) {
	tests := []struct {
		name, path, text string
		want             []string
	}{
		{"its own", "apis/shop.yaml", "fail: no good\nnonsense: 1", []string{
			"apis/shop.yaml:1:7: no good",
			`apis/shop.yaml:2:1: unknown key "nonsense"; there is fail, panic, specs, vars`,
		}},
		{"of a tenant that it breaks", "apis/shop.yaml", "vars: [brand, crmUrl]", []string{
			"tenants/acme.yaml:1:1: shop needs vars.crmUrl",
		}},
		{"of an API that it breaks", "specs/crm.yaml", "broken", []string{"specs/crm.yaml:1:1: the spec is broken"}},
		{"a panic", "apis/shop.yaml", "panic: conflicting routes", []string{
			"apis/shop.yaml: cannot be compiled: conflicting routes (fake_test.go:LINE)",
		}},
		{"a bad id", "tenants/Acme.yaml", "api: shop", []string{
			`tenants/Acme.yaml: "Acme" cannot be the name of a document: a tenant id matches [a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?`,
		}},
		{"a host of another", "tenants/globex.yaml", "api: other\nhosts:\n  - globex.com\n  - ACME.com.", []string{
			"tenants/globex.yaml:4:5: the host acme.com belongs to tenant acme",
		}},
		{"an id as host of another", "tenants/globex.yaml", "api: other\nhosts: [acme.localhost]", []string{
			"tenants/globex.yaml:2:9: the host acme.localhost belongs to tenant acme",
		}},
		{"nothing", "tenants/globex.yaml", "", []string{"tenants/globex.yaml:1:1: \"api\" is missing"}},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			d := load(t, small())
			before := d.serving()
			_, issues, err := d.Apply(t.Context(), changeOf(c.path, c.text))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, issue := range issues {
				got = append(got, hideLine(issue.String()))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(before, d.serving()); diff != "" {
				t.Errorf("a refused change has changed something: %s", diff)
			}
			if lines := d.log.take(); len(lines) > 0 {
				t.Errorf("a refused change was logged: %v", lines)
			}
		})
	}
}

// hideLine replaces the line number of a Go file.
func hideLine(text string) string {
	before, after, ok := strings.Cut(text, "fake_test.go:")
	if !ok {
		return text
	}
	return before + "fake_test.go:LINE" + strings.TrimLeft(after, "0123456789")
}

func TestApplyIDTakenAsHost(t *testing.T) {
	files := small()
	files["tenants/globex.yaml"] = "api: other\nhosts: [new.localhost]"
	d := load(t, files)
	_, issues, err := d.Apply(t.Context(), changeOf("tenants/new.yaml", "api: other"))
	if err != nil {
		t.Fatal(err)
	}
	want := "tenants/new.yaml: the host new.localhost belongs to tenant globex"
	if len(issues) != 1 || issues[0].String() != want {
		t.Errorf("issues %v, want %s", issues, want)
	}
	if got := d.resolves("new.localhost", ""); got != "globex" {
		t.Errorf("new.localhost is %s", got)
	}
}

func TestApplyBrokenBeforeIsNoObstacle(t *testing.T) {
	files := small()
	files["apis/bad.yaml"] = "fail: since long ago"
	files["tenants/victim.yaml"] = "api: bad"
	d := load(t, files)
	d.put("tenants/globex.yaml", "api: other\nhosts: [globex.com]")
	d.put("apis/bad.yaml", "vars: [x]") // good itself; what was broken may stay so
	if diff := cmp.Diff([]string{"tenants/victim.yaml:1:1: bad needs vars.x"}, d.issues()); diff != "" {
		t.Error(diff)
	}
	d.put("apis/bad.yaml", "vars: []")
	if got := d.resolves("victim.localhost", ""); got != "victim" {
		t.Errorf("victim is %s", got)
	}
}

func TestApplyDryRun(t *testing.T) {
	d := load(t, small())
	before := d.serving()
	c := changeOf("tenants/acme.yaml", "api: other")
	c.DryRun = true
	doc, issues, err := d.Apply(t.Context(), c)
	if err != nil || len(issues) > 0 || doc.Revision != 2 || string(doc.Text) != "api: other" {
		t.Errorf("%+v %v %v", doc, issues, err)
	}
	c.Text = []byte("api: othr")
	_, issues, err = d.Apply(t.Context(), c)
	if err != nil || len(issues) != 1 || issues[0].Message != `unknown API "othr"; did you mean "other"?` {
		t.Errorf("%v %v", issues, err)
	}
	deletion := Change{Kind: KindTenants, Name: "acme", Delete: true, DryRun: true}
	if _, issues, err = d.Apply(t.Context(), deletion); err != nil || len(issues) > 0 {
		t.Errorf("%v %v", issues, err)
	}
	c.Match.Revision = 7
	if _, _, err = d.Apply(t.Context(), c); !errors.Is(err, ErrConflict) {
		t.Errorf("%v, want ErrConflict", err)
	}
	if diff := cmp.Diff(before, d.serving()); diff != "" {
		t.Errorf("a dry run has changed something: %s", diff)
	}
	if got := d.store.docs["tenants/acme"]; got.Revision != 1 {
		t.Errorf("a dry run has stored %+v", got)
	}
}

func TestApplyErrors(t *testing.T) {
	full := errors.New("no space left")
	tests := []struct {
		name   string
		change Change
		fail   error
		want   error
	}{
		{"no kind", Change{Kind: "secrets", Name: "a"}, nil, ErrName},
		{"old revision", Change{Kind: KindPlans, Name: "pro", Match: Match{Revision: 3}}, nil, ErrConflict},
		{"there already", Change{Kind: KindPlans, Name: "pro", Match: Match{Absent: true}}, nil, ErrConflict},
		{"revision of nothing", Change{Kind: KindPlans, Name: "none", Match: Match{Revision: 1}}, nil, ErrConflict},
		{"delete nothing", Change{Kind: KindPlans, Name: "none", Delete: true}, nil, ErrNotFound},
		{"delete an old revision", Change{Kind: KindTenants, Name: "acme", Delete: true, Match: Match{Revision: 3}}, nil, ErrConflict},
		{"delete a spec in use", Change{Kind: KindSpecs, Name: "crm", Delete: true}, nil, ErrInUse},
		{"delete an API in use", Change{Kind: KindAPIs, Name: "shop", Delete: true}, nil, ErrInUse},
		{"delete a plan in use", Change{Kind: KindPlans, Name: "pro", Delete: true}, nil, ErrInUse},
		{"too large", Change{Kind: KindPlans, Name: "pro", Text: make([]byte, 5<<20)}, nil, ErrTooLarge},
		{"the store fails", changeOf("plans/pro.yaml", "streams: 7"), full, full},
		{"the store cannot be written", changeOf("plans/pro.yaml", "streams: 7"), ErrReadOnly, ErrReadOnly},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			d := load(t, small())
			before := d.serving()
			d.store.failWith(c.fail)
			if _, _, err := d.Apply(t.Context(), c.change); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if diff := cmp.Diff(before, d.serving()); diff != "" {
				t.Errorf("a failed change has changed something: %s", diff)
			}
		})
	}
}

func TestApplyInUseNamesUsers(t *testing.T) {
	files := small()
	for i := range 12 {
		files[fmt.Sprintf("tenants/t%02d.yaml", i)] = "api: other"
	}
	d := load(t, files)
	_, _, err := d.Apply(t.Context(), Change{Kind: KindAPIs, Name: "other", Delete: true})
	want := "apis/other is in use by tenants/globex, tenants/t00, tenants/t01, tenants/t02, tenants/t03, tenants/t04, " +
		"tenants/t05, tenants/t06, tenants/t07, tenants/t08 and 3 more"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestApplyDeletes(t *testing.T) {
	d := load(t, small())
	change := Change{Kind: KindTenants, Name: "acme", Delete: true, Match: Match{Revision: 1}, By: "bob"}
	if _, issues, err := d.Apply(t.Context(), change); err != nil || len(issues) > 0 {
		t.Fatal(issues, err)
	}
	for _, host := range []string{"acme.com", "acme.localhost"} {
		if got := d.resolves(host, ""); got != unknownTenant {
			t.Errorf("%s is still %s", host, got)
		}
	}
	d.put("tenants/globex.yaml", "api: other\nhosts: [acme.com, acme.localhost]") // its hosts are free
	if _, _, err := d.Apply(t.Context(), Change{Kind: KindPlans, Name: "pro", Delete: true}); err != nil {
		t.Errorf("its plan is not free: %v", err)
	}
	d.put("tenants/globex.yaml", "api: other")
	if doc := d.put("tenants/acme.yaml", "api: other"); doc.Revision != 3 {
		t.Errorf("revision %d, want 3: revisions go on after a deletion", doc.Revision)
	}
	if r, _, _ := d.Tenant("acme"); r.tenant.Revision != 3 {
		t.Errorf("the runtime was compiled for revision %d, want 3", r.tenant.Revision)
	}
}

// TestApplyBehindTheStore: the snapshot does not know yet what another replica has done.
func TestApplyBehindTheStore(t *testing.T) {
	d := load(t, small())
	d.store.write("plans/pro.yaml", "streams: 6") // revision 2
	if doc := d.put("plans/pro.yaml", "streams: 7"); doc.Revision != 3 {
		t.Errorf("revision %d, want 3", doc.Revision)
	}
	d.store.write("plans/pro.yaml", "streams: 8") // revision 4
	c := changeOf("plans/pro.yaml", "streams: 9")
	c.Match.Revision = 4 // as the other replica answered
	if _, _, err := d.Apply(t.Context(), c); err != nil {
		t.Errorf("the newest revision: %v", err)
	}
	d.store.write("plans/pro.yaml", "streams: 10")
	c.Match.Revision = 5
	if _, _, err := d.Apply(t.Context(), c); !errors.Is(err, ErrConflict) {
		t.Errorf("a revision that the snapshot has, and the store no longer: %v, want ErrConflict", err)
	}
	d.store.write("plans/new.yaml", "streams: 1")
	if _, _, err := d.Apply(t.Context(), Change{Kind: KindPlans, Name: "new", Delete: true}); err != nil {
		t.Errorf("delete what only the store knows: %v", err)
	}
}
