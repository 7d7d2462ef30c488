package tenants

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const (
	unknownTenant  = "unknown tenant"
	tenantMismatch = "the host names a tenant and the header X-Tenant another"
)

func twoTenants() map[string]string {
	return map[string]string{
		"apis/a.yaml":         "vars: []",
		"tenants/acme.yaml":   "api: a\nhosts: [Shop.Acme.com., xn--bcher-kva.example, '2001:DB8::1', 10.0.0.7]",
		"tenants/globex.yaml": "api: a\nhosts: [localhost.globex.com]",
		"tenants/broken.yaml": "api: none\nhosts: [broken.com]",
	}
}

func TestResolve(t *testing.T) {
	d := load(t, twoTenants())
	tests := []struct {
		name, host, header, want string
	}{
		{"exact host", "shop.acme.com", "", "acme"},
		{"exact host with port", "shop.acme.com:8080", "", "acme"},
		{"exact host with an empty port", "shop.acme.com:", "", "acme"},
		{"exact host in upper case", "SHOP.Acme.COM", "", "acme"},
		{"exact host with a trailing dot", "shop.acme.com.", "", "acme"},
		{"exact host with a trailing dot and a port", "shop.acme.com.:443", "", "acme"},
		{"punycode", "xn--bcher-kva.example", "", "acme"},
		{"punycode in upper case", "XN--BCHER-KVA.EXAMPLE", "", "acme"},
		{"IPv4", "10.0.0.7:80", "", "acme"},
		{"IPv6", "[2001:db8::1]", "", "acme"},
		{"IPv6 with port, written long", "[2001:0DB8:0:0:0:0:0:1]:8080", "", "acme"},
		{"subdomain", "globex.localhost:8080", "", "globex"},
		{"subdomain in mixed case", "GloBex.LocalHost", "", "globex"},
		{"the base domain in a tenant's host", "localhost.globex.com", "", "globex"},
		{"header at the base domain", "localhost:8080", "acme", "acme"},
		{"header at another host", "api.example.com", "globex", "globex"},
		{"header at an address", "127.0.0.1:8080", "globex", "globex"},
		{"header at an IPv6 address", "[::1]:8080", "globex", "globex"},
		{"header at a name of a container", "atrium_1:8080", "globex", "globex"},
		{"header without host", "", "globex", "globex"},
		{"host and the same header", "acme.localhost", "acme", "acme"},
		{"exact host and the same header", "shop.acme.com", "acme", "acme"},

		{"subdomain and another header", "acme.localhost", "globex", tenantMismatch},
		{"exact host and another header", "shop.acme.com", "globex", tenantMismatch},
		{"host and a header that names nobody", "acme.localhost", "nobody", tenantMismatch},
		{"host and a header in upper case", "acme.localhost", "ACME", tenantMismatch},
		{"host and two headers joined", "acme.localhost", "acme, globex", tenantMismatch},

		{"nothing", "", "", unknownTenant},
		{"the base domain", "localhost", "", unknownTenant},
		{"another host", "example.com", "", unknownTenant},
		{"another host below a tenant's", "a.shop.acme.com", "", unknownTenant},
		{"a tenant's host with more behind", "shop.acme.com.evil.com", "", unknownTenant},
		{"a tenant's host with more before", "evilshop.acme.com", "", unknownTenant},
		{"a header that names nobody", "localhost", "nobody", unknownTenant},
		{"a header that is no id", "localhost", "../acme", unknownTenant},
		{"a header in upper case", "localhost", "ACME", unknownTenant},
		{"a very long header", "localhost", strings.Repeat("a", 1<<20), unknownTenant},
		{"a tenant that never compiled, by subdomain", "broken.localhost", "", unknownTenant},
		{"a tenant that never compiled, by host", "broken.com", "", unknownTenant},
		{"a tenant that never compiled, by header", "localhost", "broken", unknownTenant},

		{"nobody's subdomain, whatever the header", "nobody.localhost", "acme", unknownTenant},
		{"two labels below the base domain", "shop.acme.localhost", "acme", unknownTenant},
		{"an upper case label that is no id", "ac_me.localhost", "acme", unknownTenant},

		{"two trailing dots", "acme.localhost..", "acme", unknownTenant},
		{"a leading dot", ".localhost", "acme", unknownTenant},
		{"only a dot", ".", "acme", unknownTenant},
		{"only a port", ":8080", "acme", unknownTenant},
		{"an empty label", "acme..localhost", "acme", unknownTenant},
		{"a port that is none", "acme.localhost:http", "acme", unknownTenant},
		{"a port that is too long", "acme.localhost:8080808", "acme", unknownTenant},
		{"two ports", "acme.localhost:80:80", "acme", unknownTenant},
		{"a negative port", "acme.localhost:-1", "acme", unknownTenant},
		{"IPv6 without brackets", "::1", "acme", unknownTenant},
		{"IPv6 that does not end", "[::1", "acme", unknownTenant},
		{"IPv6 with more behind", "[::1]acme.localhost", "acme", unknownTenant},
		{"IPv6 with a zone", "[fe80::1%25eth0]", "acme", unknownTenant},
		{"IPv4 in brackets", "[10.0.0.7]", "acme", unknownTenant},
		{"a name in brackets", "[acme.localhost]", "acme", unknownTenant},
		{"userinfo", "acme@acme.localhost", "acme", unknownTenant},
		{"a path", "acme.localhost/../globex", "acme", unknownTenant},
		{"a scheme", "http://acme.localhost", "acme", unknownTenant},
		{"a space", "acme.localhost ", "acme", unknownTenant},
		{"a tab", "acme.localhost\t", "acme", unknownTenant},
		{"a line break", "acme.localhost\r\nX-Tenant: globex", "acme", unknownTenant},
		{"a NUL", "acme.localhost\x00", "acme", unknownTenant},
		{"a comma", "acme.localhost,globex.localhost", "acme", unknownTenant},
		{"a wildcard", "*.localhost", "acme", unknownTenant},
		{"percent encoding", "acme%2elocalhost", "acme", unknownTenant},
		{"letters that are not ASCII", "bücher.example", "acme", unknownTenant},
		{"letters that look like ASCII", "аcme.localhost", "acme", unknownTenant},
		{"a full-width dot", "acme。localhost", "acme", unknownTenant},
		{"invalid UTF-8", "acme\xff.localhost", "acme", unknownTenant},
		{"a very long host", strings.Repeat("a", 1<<20), "acme", unknownTenant},
		{"a very long host below the base domain", strings.Repeat("a.", 1<<19) + "localhost", "acme", unknownTenant},
		{"a host one longer than DNS allows", strings.Repeat("a", 254), "acme", unknownTenant},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			if got := d.resolves(c.host, c.header); got != c.want {
				t.Errorf("Resolve(%.60q, %.20q) = %s, want %s", c.host, c.header, got, c.want)
			}
		})
	}
}

func TestResolveWithoutBaseDomain(t *testing.T) {
	d := load(t, twoTenants(), func(o *Options) { o.BaseDomain = "" })
	for _, c := range []struct{ host, header, want string }{
		{"shop.acme.com", "", "acme"},
		{"acme.localhost", "", unknownTenant},
		{"nobody.localhost", "acme", "acme"},
		{"acme", "", unknownTenant},
		{"acme.", "", unknownTenant},
	} {
		if got := d.resolves(c.host, c.header); got != c.want {
			t.Errorf("Resolve(%q, %q) = %s, want %s", c.host, c.header, got, c.want)
		}
	}
}

func TestResolveBaseDomainOfManyLabels(t *testing.T) {
	d := load(t, twoTenants(), func(o *Options) { o.BaseDomain = ".BFF.Example.com." })
	for _, c := range []struct{ host, want string }{
		{"acme.bff.example.com", "acme"},
		{"ACME.BFF.EXAMPLE.COM.:443", "acme"},
		{"acmebff.example.com", unknownTenant},
		{"acme.example.com", unknownTenant},
		{"bff.example.com", unknownTenant},
	} {
		if got := d.resolves(c.host, ""); got != c.want {
			t.Errorf("Resolve(%q) = %s, want %s", c.host, got, c.want)
		}
	}
}

// TestResolveOnlyOwners: whatever the host, Resolve never returns a tenant that does not own it.
func TestResolveOnlyOwners(t *testing.T) {
	label := rapid.StringMatching(`[a-z0-9]([a-z0-9-]{0,4}[a-z0-9])?`)
	rapid.Check(t, func(t *rapid.T) {
		base := rapid.SampledFrom([]string{"localhost", "bff.example.com", ""}).Draw(t, "base")
		ids := rapid.SliceOfNDistinct(label, 1, 6, rapid.ID).Draw(t, "ids")
		hosts := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) string {
			tail := rapid.SampledFrom([]string{".com", ".localhost", ".bff.example.com", ""}).Draw(t, "tail")
			return label.Draw(t, "label") + tail
		}), 0, 8, rapid.ID).Draw(t, "hosts")

		files := map[string]string{"apis/a.yaml": "vars: []"}
		listed := map[string][]string{}
		for _, host := range hosts {
			id := rapid.SampledFrom(ids).Draw(t, "owner")
			listed[id] = append(listed[id], host)
		}
		for _, id := range ids {
			files["tenants/"+id+".yaml"] = fmt.Sprintf("api: a\nhosts: [%s]", strings.Join(quoteAll(listed[id]), ", "))
		}
		store := newFakeStore(files)
		d := NewDirectory(store, Builder[*fakeSpec, *fakeAPI, *fakeRuntime](&fakeBuilder{}), Options{BaseDomain: base})
		if _, err := d.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			host := rapid.OneOf(rapid.SampledFrom(append(hosts, base)), rapid.Map(rapid.SampledFrom(ids), func(id string) string {
				return id + "." + base
			}), rapid.String()).Draw(t, "host")
			header := rapid.OneOf(rapid.Just(""), rapid.SampledFrom(ids)).Draw(t, "header")
			host = disguise(t, host)
			_, got, err := d.Resolve(host, header)
			host = plainHost.ReplaceAllString(strings.ToLower(host), "$1")
			if err != nil {
				continue
			}
			owner := slices.Contains(listed[string(got.ID)], host) || base != "" && host == string(got.ID)+"."+base
			named := slices.ContainsFunc(ids, func(id string) bool { return slices.Contains(listed[id], host) })
			below := base != "" && strings.HasSuffix(host, "."+base)
			switch {
			case owner && (header == "" || header == string(got.ID)):
			case !owner && header == string(got.ID) && !below && (!named || !serves(d, listed, host)):
			default:
				t.Fatalf("Resolve(%q, %q) returned %s, which lists %v", host, header, got.ID, listed[string(got.ID)])
			}
		}
	})
}

// serves says whether a tenant that lists the host serves it.
func serves(d *Directory[*fakeSpec, *fakeAPI, *fakeRuntime], listed map[string][]string, host string) bool {
	for id, hosts := range listed {
		if _, _, ok := d.Tenant(ID(id)); ok && slices.Contains(hosts, host) {
			return true
		}
	}
	return false
}

// plainHost takes the port and one trailing dot from a host.
var plainHost = regexp.MustCompile(`\A(.*?)\.?(:[0-9]*)?\z`)

// disguise writes a host in another way that means the same.
func disguise(t *rapid.T, host string) string {
	if rapid.Bool().Draw(t, "upper") {
		host = strings.ToUpper(host)
	}
	if rapid.Bool().Draw(t, "dot") && host != "" {
		host += "."
	}
	if rapid.Bool().Draw(t, "port") && host != "" {
		host += ":8080"
	}
	return host
}

func quoteAll(all []string) []string {
	quoted := make([]string, len(all))
	for i, s := range all {
		quoted[i] = "'" + s + "'"
	}
	return quoted
}

func TestResolveDoesNotAllocate(t *testing.T) {
	d := load(t, twoTenants())
	for _, c := range []struct{ host, header string }{
		{"acme.localhost:8080", ""},
		{"shop.acme.com", ""},
		{"localhost", "acme"},
		{"acme.localhost", "globex"},
		{"nobody.localhost", ""},
		{"shop.acme.com.", "acme"},
	} {
		allocs := testing.AllocsPerRun(100, func() { _, _, _ = d.Resolve(c.host, c.header) })
		if allocs != 0 {
			t.Errorf("Resolve(%q, %q): %v allocations", c.host, c.header, allocs)
		}
	}
}

func FuzzHost(f *testing.F) {
	for _, host := range []string{"", "acme.localhost:8080", "[::1]:80", "A.b.", "..", "[", "a:b:c", "[::ffff:1.2.3.4]", "ü.de"} {
		f.Add(host)
	}
	f.Fuzz(func(t *testing.T, host string) {
		name, ok := normalHost(host)
		if !ok {
			if name != "" {
				t.Fatalf("%q is no host, and is %q", host, name)
			}
			return
		}
		if name != strings.ToLower(name) || len(name) > maxHost || strings.ContainsAny(name, "[]/@ \r\n\x00%") {
			t.Fatalf("%q became %q", host, name)
		}
		if host == "" {
			return
		}
		again := name
		if strings.Contains(name, ":") {
			again = "[" + name + "]"
		}
		if twice, ok := normalHost(again); !ok || twice != name {
			t.Fatalf("%q became %q, and that %q, %t", host, name, twice, ok)
		}
		// What a document may list is what a request is compared with.
		if listed, err := parseHost(name); err == nil && listed != name {
			t.Fatalf("%q is listed as %q", name, listed)
		}
	})
}
