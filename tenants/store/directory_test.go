package store

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"atrium/tenants"
	"atrium/tenants/document"
)

// A plainBuilder compiles every spec and API, and a tenant to its brand.
type plainBuilder struct{}

func (plainBuilder) Spec(doc tenants.Document) (string, document.Issues) { return doc.Name, nil }

func (plainBuilder) API(doc tenants.Document, _ func(string) (string, bool)) (string, document.Issues) {
	_, issues := document.Parse(doc.Path, doc.Text)
	return doc.Name, issues
}

func (plainBuilder) Tenant(t *tenants.Tenant, _ func() *document.Node, _ string) (string, document.Issues) {
	return t.Vars["brand"], nil
}

type directory = tenants.Directory[string, string, string]

// follow returns a directory that follows the store until the test ends.
func follow(t *testing.T, s tenants.Store) *directory {
	t.Helper()
	d := tenants.NewDirectory(s, plainBuilder{}, tenants.Options{BaseDomain: "localhost"})
	if _, err := d.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var following sync.WaitGroup
	following.Go(func() {
		if err := d.Follow(ctx); err != nil {
			t.Errorf("follow: %v", err)
		}
	})
	t.Cleanup(func() {
		stop()
		following.Wait()
	})
	return d
}

func brand(d *directory) string {
	b, _, err := d.Resolve("acme.localhost", "")
	if err != nil {
		return err.Error()
	}
	return b
}

func acme(brand string) string { return "api: shop\nvars: {brand: " + brand + "}\n" }

func TestDirectoryFollowsEdits(t *testing.T) {
	f := newFolder(t)
	f.edit("apis/shop.yaml", "routes: {}")
	f.edit("tenants/acme.yaml", acme("One"))
	d := follow(t, f)
	if got := brand(d); got != "One" {
		t.Fatal(got)
	}
	within := func(want string) {
		t.Helper()
		eventually(t, want, func() bool { return brand(d) == want })
	}
	f.edit("tenants/acme.yaml", acme("Two"))
	within("Two")

	f.edit("tenants/.acme.yaml.swp", acme("Three")) // as editors do
	if err := os.Rename(filepath.Join(f.dir, "tenants/.acme.yaml.swp"), filepath.Join(f.dir, "tenants/acme.yaml")); err != nil {
		t.Fatal(err)
	}
	within("Three")

	f.edit("tenants/acme.yaml", "api: [shop")
	eventually(t, "an issue in the status", func() bool { return d.Status().Failing == 1 })
	if got := brand(d); got != "Three" {
		t.Errorf("after a bad edit %s is served", got)
	}
	// The bad edit is what the folder holds; whoever mends it through the admin API sees its revision.
	doc, _ := d.Document(tenants.KindTenants, "acme")
	saved, issues, err := d.Apply(t.Context(), tenants.Change{
		Kind: tenants.KindTenants, Name: "acme", Text: []byte(acme("Four")), By: "alice",
		Match: tenants.Match{Revision: doc.Revision},
	})
	if err != nil || len(issues) > 0 || saved.Revision != 5 {
		t.Fatalf("%+v %v %v", saved, issues, err)
	}
	within("Four")
	text, err := os.ReadFile(filepath.Join(f.dir, "tenants/acme.yaml"))
	if err != nil || string(text) != acme("Four") {
		t.Errorf("the file holds %q, %v", text, err)
	}
	if err := os.Remove(filepath.Join(f.dir, "tenants/acme.yaml")); err != nil {
		t.Fatal(err)
	}
	within("unknown tenant")
}

func TestDirectoryReplicasFollowEachOther(t *testing.T) {
	server := startRedis(t)
	a, b := follow(t, server.open(t, RedisOptions{})), follow(t, server.open(t, RedisOptions{}))
	put := func(d *directory, kind tenants.Kind, name, text string) {
		t.Helper()
		_, issues, err := d.Apply(t.Context(), tenants.Change{Kind: kind, Name: name, Text: []byte(text), By: "alice"})
		if err != nil || len(issues) > 0 {
			t.Fatal(issues, err)
		}
	}
	put(a, tenants.KindAPIs, "shop", "routes: {}")
	for i := range 6 { // by turns, each from whatever it has seen so far
		d := []*directory{a, b}[i%2]
		if i == 1 {
			eventually(t, "the API on the other replica", func() bool { _, ok := b.API("shop"); return ok })
		}
		put(d, tenants.KindTenants, "acme", acme(name(i)))
		eventually(t, name(i)+" on both", func() bool { return brand(a) == name(i) && brand(b) == name(i) })
	}
}

func TestDirectoryWithoutRedis(t *testing.T) {
	server, dir := startRedis(t), t.TempDir()
	first := follow(t, server.open(t, RedisOptions{Copy: dir}))
	for _, c := range []tenants.Change{
		{Kind: tenants.KindAPIs, Name: "shop", Text: []byte("routes: {}")},
		{Kind: tenants.KindTenants, Name: "acme", Text: []byte(acme("One"))},
	} {
		if _, issues, err := first.Apply(t.Context(), c); err != nil || len(issues) > 0 {
			t.Fatal(issues, err)
		}
	}
	eventually(t, "the copy", func() bool {
		text, _ := os.ReadFile(filepath.Join(dir, copyName))
		return strings.Contains(string(text), "tenants/acme")
	})
	server.stop()
	d := follow(t, server.open(t, RedisOptions{Copy: dir}))
	if got := brand(d); got != "One" {
		t.Errorf("without Redis %s is served", got)
	}
	if text := d.Status().Degraded; !strings.Contains(text, "local copy") {
		t.Errorf("degraded: %q", text)
	}
	if got := brand(first); got != "One" {
		t.Errorf("a replica that runs serves %s", got)
	}
	if !server.start(t) {
		t.Fatal("redis-server does not start again")
	}
	eventually(t, "recovery", func() bool { return d.Status().Degraded == "" && first.Status().Degraded == "" })
	eventually(t, "the documents, which the first replica gives back", func() bool {
		return brand(d) == "One" && brand(first) == "One" && len(d.Status().Documents) == 2
	})
}
