package tenants

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFollowKeepsTheLastGood(t *testing.T) {
	tests := []struct {
		name        string
		path, text  string
		serving     []string // what is not as it was
		issue       string
		repair      string
		wantCompile string // of the repair, besides its own
	}{
		{
			"a tenant that does not parse", "tenants/acme.yaml", "api: [",
			[]string{"tenants/acme@1 (2)"},
			"tenants/acme.yaml:1:", "api: shop\nvars: {brand: Acme}\nhosts: [acme.com]", "",
		},
		{
			"an API that does not compile", "apis/shop.yaml", "fail: oops",
			[]string{"apis/shop@1 (2)"},
			"apis/shop.yaml:1:7: oops", "vars: []", "tenants/acme.yaml",
		},
		{
			"a spec that does not compile", "specs/crm.yaml", "broken",
			[]string{"specs/crm@1 (2)"},
			"specs/crm.yaml:1:1: the spec is broken", "openapi", "apis/shop.yaml",
		},
		{
			"a plan that does not compile", "plans/pro.yaml", "streams: many",
			[]string{"plans/pro@1 (2)"},
			"plans/pro.yaml:1:10: want a whole number", "streams: 5", "tenants/acme.yaml",
		},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			d := load(t, small())
			before := strings.Join(d.serving(), "\n")
			good, tenant, _ := d.Tenant("acme")

			d.store.write(c.path, c.text)
			d.reload()
			for _, s := range c.serving {
				before = strings.Replace(before, strings.TrimSuffix(s, " (2)"), s, 1)
			}
			if diff := cmp.Diff(before, strings.Join(d.serving(), "\n")); diff != "" {
				t.Errorf("serving: %s", diff)
			}
			if r, got, _ := d.Tenant("acme"); r != good || got != tenant {
				t.Error("the last good one does not serve")
			}
			if got := d.resolves("acme.com", ""); got != "acme" {
				t.Errorf("acme.com is %s", got)
			}
			if issues := d.issues(); len(issues) == 0 || !strings.HasPrefix(issues[0], c.issue) {
				t.Errorf("status has %v, want %s", issues, c.issue)
			}
			if lines := d.log.take(); len(lines) != 1 || !strings.Contains(lines[0], c.path) {
				t.Errorf("logged %v, want one line that names %s", lines, c.path)
			}
			d.builder.take()
			d.reload()
			d.store.write("plans/unused.yaml", "streams: 1")
			d.reload()
			if lines := d.log.take(); len(lines) > 0 {
				t.Errorf("logged again: %v", lines)
			}
			if compiled := d.builder.take(); len(compiled) > 0 {
				t.Errorf("compiled again: %v", compiled)
			}

			d.store.write(c.path, c.repair)
			d.reload()
			if issues := d.issues(); len(issues) > 0 {
				t.Errorf("after the repair: %v", issues)
			}
			if c.wantCompile != "" && d.builder.take()[c.wantCompile] != 1 {
				t.Errorf("%s was not compiled with the repair", c.wantCompile)
			}
			if lines := d.log.take(); len(lines) != 1 || !strings.Contains(lines[0], "served again") {
				t.Errorf("logged %v, want that it is served again", lines)
			}
		})
	}
}

func TestFollowDeletionsByHand(t *testing.T) {
	d := load(t, small())
	for _, path := range []string{"apis/shop.yaml", "plans/pro.yaml", "specs/crm.yaml"} {
		d.store.write(path, "")
	}
	d.reload()
	if got := d.resolves("acme.com", ""); got != "acme" {
		t.Errorf("acme.com is %s, though it compiled before", got)
	}
	want := []string{
		`tenants/acme.yaml:1:6: unknown API "shop"; there is other`,
		`tenants/acme.yaml:2:7: unknown plan "pro"`,
	}
	if diff := cmp.Diff(want, d.issues()); diff != "" {
		t.Error(diff)
	}
	d.store.write("tenants/acme.yaml", "")
	d.reload()
	if got := d.resolves("acme.com", ""); got != unknownTenant {
		t.Errorf("acme.com is %s after its deletion", got)
	}
	if diff := cmp.Diff([]string{"apis/other@1", "tenants/globex@1"}, d.serving()); diff != "" {
		t.Error(diff)
	}
}

// TestFollowTenantLeftBehind: of the tenants of an API, one cannot take its new revision.
func TestFollowTenantLeftBehind(t *testing.T) {
	files := small()
	files["tenants/rich.yaml"] = "api: shop\nvars: {brand: Rich, crmUrl: x}"
	d := load(t, files)
	d.store.write("apis/shop.yaml", "vars: [brand, crmUrl]")
	d.reload()
	acme, _, _ := d.Tenant("acme")
	rich, _, _ := d.Tenant("rich")
	if acme.api.revision != 1 || rich.api.revision != 2 {
		t.Errorf("acme has API revision %d and rich %d, want 1 and 2", acme.api.revision, rich.api.revision)
	}
	d.store.write("tenants/acme.yaml", "api: shop\nvars: {brand: Acme, crmUrl: x}")
	d.reload()
	if acme, _, _ = d.Tenant("acme"); acme.api.revision != 2 {
		t.Errorf("acme has API revision %d, want 2", acme.api.revision)
	}
}

func TestFollowHostsMove(t *testing.T) {
	tests := []struct {
		name   string
		edits  map[string]string
		want   map[string]string // by host
		issues []string
	}{
		{
			"from one tenant to another at once",
			map[string]string{"a": "api: x", "b": "api: x\nhosts: [a.com]"},
			map[string]string{"a.com": "b", "b.com": unknownTenant},
			nil,
		},
		{
			"exchanged",
			map[string]string{"a": "api: x\nhosts: [b.com]", "b": "api: x\nhosts: [a.com]"},
			map[string]string{"a.com": "b", "b.com": "a"},
			nil,
		},
		{
			"taken from one whose new revision does not compile",
			map[string]string{"a": "api: none", "b": "api: x\nhosts: [a.com]"},
			map[string]string{"a.com": "a", "b.com": "b"},
			[]string{`tenants/a.yaml:1:6: unknown API "none"; there is x`, "tenants/b.yaml:2:9: the host a.com belongs to tenant a"},
		},
		{
			"in a ring with one that keeps its own",
			map[string]string{"a": "api: x\nhosts: [b.com, c.com]", "b": "api: x\nhosts: [a.com]"},
			map[string]string{"a.com": "a", "b.com": "b", "c.com": "c"},
			[]string{"tenants/a.yaml:2:16: the host c.com belongs to tenant c", "tenants/b.yaml:2:9: the host a.com belongs to tenant a"},
		},
		{
			"wanted by two",
			map[string]string{"b": "api: x\nhosts: [new.com]", "c": "api: x\nhosts: [new.com]"},
			map[string]string{"new.com": "b", "b.com": unknownTenant, "c.com": "c"},
			[]string{"tenants/c.yaml:2:9: the host new.com belongs to tenant b"},
		},
		{
			"of a tenant that is deleted",
			map[string]string{"a": "", "b": "api: x\nhosts: [a.com, a.localhost]"},
			map[string]string{"a.com": "b", "a.localhost": "b"},
			nil,
		},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			d := load(t, map[string]string{
				"apis/x.yaml": "vars: []", "tenants/a.yaml": "api: x\nhosts: [a.com]", "tenants/b.yaml": "api: x\nhosts: [b.com]",
				"tenants/c.yaml": "api: x\nhosts: [c.com]",
			})
			for id, text := range c.edits {
				d.store.write("tenants/"+id+".yaml", text)
			}
			d.reload()
			for host, want := range c.want {
				if got := d.resolves(host, ""); got != want {
					t.Errorf("%s is %s, want %s", host, got, want)
				}
			}
			if diff := cmp.Diff(c.issues, d.issues()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFollowHostIsFreeAtLast(t *testing.T) {
	d := load(t, map[string]string{
		"apis/x.yaml": "vars: []", "tenants/a.yaml": "api: x\nhosts: [a.com]", "tenants/b.yaml": "api: x\nhosts: [a.com]",
	})
	if got := d.resolves("b.localhost", ""); got != unknownTenant {
		t.Errorf("b is %s, though it lacks its host", got)
	}
	d.put("tenants/a.yaml", "api: x")
	if got := d.resolves("a.com", ""); got != "b" {
		t.Errorf("a.com is %s, want b, which waited for it", got)
	}
}

func TestFollowTwins(t *testing.T) {
	d := load(t, small())
	d.store.mu.Lock()
	d.store.extra = []Document{{Kind: KindTenants, Name: "acme", Text: []byte("{}"), Path: "tenants/acme.json"}}
	d.store.mu.Unlock()
	d.store.write("tenants/globex.yaml", "") // in the same reading, so that the numbers of documents agree
	d.reload()
	want := []string{"tenants/acme.json: there is also tenants/acme.yaml with the same name; remove all but one"}
	if diff := cmp.Diff(want, d.issues()); diff != "" {
		t.Error(diff)
	}
	if got := d.resolves("acme.com", ""); got != "acme" {
		t.Errorf("acme.com is %s", got)
	}
	if got := d.resolves("globex.localhost", ""); got != unknownTenant {
		t.Errorf("globex.localhost is %s", got)
	}
	d.reload()
	if compiled := d.builder.take(); len(compiled) > 0 {
		t.Errorf("nothing changed, and %v was compiled", compiled)
	}
	d.store.mu.Lock()
	d.store.extra = nil
	d.store.mu.Unlock()
	d.reload()
	if issues := d.issues(); len(issues) > 0 {
		t.Errorf("one of the twins is gone: %v", issues)
	}
}

func TestFollowASecretThatComesLater(t *testing.T) {
	var there atomic.Bool
	files := small()
	files["tenants/acme.yaml"] += "\nsecrets: {token: {env: TOKEN}}"
	synctest.Test(t, func(t *testing.T) {
		d := load(t, files, func(o *Options) {
			o.Env = func(name string) (string, bool) { return "hush", name == "TOKEN" && there.Load() }
		})
		stop := d.start()
		defer stop()
		time.Sleep(time.Minute)
		want := []string{`tenants/acme.yaml:5:18: secret "token": the server's environment has no TOKEN`}
		if diff := cmp.Diff(want, d.issues()); diff != "" {
			t.Error(diff)
		}
		if lines := d.log.take(); len(lines) > 1 {
			t.Errorf("logged %v", lines)
		}
		there.Store(true)
		time.Sleep(2 * blockedTicks * retryAfter)
		if _, tenant, ok := d.Tenant("acme"); !ok || tenant.Secrets["token"].Reveal() != "hush" {
			t.Errorf("acme is served: %t", ok)
		}
	})
}

// start follows the store until stop is called.
func (d *testDirectory) start() (stop func()) {
	ctx, cancel := context.WithCancel(d.t.Context())
	var following sync.WaitGroup
	following.Go(func() {
		if err := d.Follow(ctx); err != nil {
			d.t.Errorf("follow: %v", err)
		}
	})
	return func() {
		cancel()
		following.Wait()
	}
}

func TestFollowAStoreInTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := load(t, small())
		stop := d.start()
		defer stop()
		synctest.Wait()
		d.store.failWith(errors.New("connection refused"))
		d.store.write("plans/pro.yaml", "streams: 6")
		time.Sleep(time.Minute)
		if got := d.resolves("acme.com", ""); got != "acme" {
			t.Errorf("acme.com is %s", got)
		}
		if r := d.Status().Reload; r.OK || !strings.Contains(r.Error, "connection refused") || time.Since(r.Time) > 2*retryAfter {
			t.Errorf("status: %+v", r)
		}
		if lines := d.log.take(); len(lines) != 1 || !strings.Contains(lines[0], "connection refused") {
			t.Errorf("logged %v, want one line", lines)
		}
		d.store.failWith(nil)
		time.Sleep(2 * retryAfter)
		if r := d.Status().Reload; !r.OK || r.Error != "" {
			t.Errorf("status after recovery: %+v", r)
		}
		if _, tenant, _ := d.Tenant("acme"); tenant.Plan.Streams != 6 {
			t.Errorf("%d streams, want those of the edit", tenant.Plan.Streams)
		}
	})
}

// TestApplyUnderLoad: changes fail no request.
func TestApplyUnderLoad(t *testing.T) {
	d := load(t, small())
	stop := d.start()
	defer stop()
	done := make(chan struct{})
	var failures, resolved atomic.Int64
	var resolving sync.WaitGroup
	for range 8 {
		resolving.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				for _, c := range []struct{ host, id string }{
					{"acme.com", "acme"}, {"acme.localhost:8080", "acme"}, {"globex.localhost", "globex"},
				} {
					r, tenant, err := d.Resolve(c.host, "")
					if err != nil || string(tenant.ID) != c.id || r.tenant != tenant || r.api == nil {
						failures.Add(1)
					}
					resolved.Add(1)
				}
			}
		})
	}
	for i := range 200 {
		switch i % 5 {
		case 0:
			d.put("tenants/acme.yaml", fmt.Sprintf("api: shop\nvars: {brand: B%d}\nhosts: [acme.com, h%d.com]", i, i))
		case 1:
			d.put("apis/shop.yaml", fmt.Sprintf("vars: [brand] # %d", i))
		case 2:
			d.put(fmt.Sprintf("tenants/t%d.yaml", i), "api: other")
		case 3:
			d.put("plans/pro.yaml", fmt.Sprintf("streams: %d", i))
		case 4:
			change := Change{Kind: KindTenants, Name: fmt.Sprintf("t%d", i-2), Delete: true}
			if _, _, err := d.Apply(t.Context(), change); err != nil {
				t.Error(err)
			}
		}
	}
	close(done)
	resolving.Wait()
	if failures.Load() > 0 || resolved.Load() == 0 {
		t.Errorf("%d of %d requests failed", failures.Load(), resolved.Load())
	}
}
