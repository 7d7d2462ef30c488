package bff_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"atrium/bff"
)

// TestForwardedHeaders holds that what a proxy says of a request counts from trusted proxies only.
func TestForwardedHeaders(t *testing.T) {
	const remote = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	ask := func(h *harness) answer {
		return h.do(http.MethodGet, "/customers/17", "", "Host", "balancer.internal", "X-Forwarded-Host", "acme.localhost",
			"X-Forwarded-For", "203.0.113.9", "Traceparent", remote)
	}
	t.Run("nobody is trusted", func(t *testing.T) {
		a := ask(start(t, new(crm), documents()))
		if p := a.problem(t); p.Code != "unknown-tenant" || strings.HasPrefix(a.header.Get("X-Trace-Id"), "0af7") {
			t.Errorf("%d %s, trace %s", a.status, a.body, a.header.Get("X-Trace-Id"))
		}
	})
	t.Run("the proxy is trusted", func(t *testing.T) {
		docs := documents()
		docs["plans/small.yaml"] = "perClient: [\"1/1h\"]\n"
		h := start(t, new(crm), docs, func(c *bff.Config) {
			c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		})
		a := ask(h)
		if a.status != http.StatusOK || a.header.Get("X-Trace-Id") != "0af7651916cd43dd8448eb211c80319c" {
			t.Errorf("%d %s, trace %s", a.status, a.body, a.header.Get("X-Trace-Id"))
		}
		if a := ask(h); a.problem(t).Code != "limit-client" {
			t.Errorf("the same client again: %d %s", a.status, a.body)
		}
		for _, hops := range []string{"203.0.113.8", "203.0.113.9, 203.0.113.7", "203.0.113.6, 127.0.0.1"} {
			a := h.do(http.MethodGet, "/customers/17", "", "X-Forwarded-Host", "acme.localhost", "X-Forwarded-For", hops)
			if a.status != http.StatusOK {
				t.Errorf("another client (%s): %d %s", hops, a.status, a.body)
			}
		}
		a = h.do(http.MethodGet, "/customers/17", "", "X-Forwarded-Host", "acme.localhost", "X-Forwarded-For", "198.51.100.1, 203.0.113.9")
		if a.status != http.StatusTooManyRequests {
			t.Errorf("a client that makes up a hop before its own: %d %s", a.status, a.body)
		}
	})
}

// TestPagesOfOtherOrigins holds that a tenant's pages may call, preflights included, and nobody else's.
func TestPagesOfOtherOrigins(t *testing.T) {
	docs := documents()
	docs["tenants/acme.yaml"] += "cors: { origins: [\"https://acme.test\"], credentials: true }\n"
	h := start(t, new(crm), docs)
	a := h.get("/customers/17", "Origin", "https://acme.test")
	if a.header.Get("Access-Control-Allow-Origin") != "https://acme.test" || a.header.Get("Access-Control-Allow-Credentials") != "true" ||
		!strings.Contains(strings.Join(a.header.Values("Vary"), ","), "Origin") ||
		!strings.Contains(a.header.Get("Access-Control-Expose-Headers"), "Atrium-Parts") {
		t.Errorf("the tenant's page: %v", a.header)
	}
	a = h.do(http.MethodOptions, "/orders", "", "X-Tenant", "acme", "Origin", "https://acme.test",
		"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type")
	if a.status != http.StatusNoContent || a.header.Get("Access-Control-Allow-Methods") != "POST" ||
		a.header.Get("Access-Control-Allow-Headers") != "content-type" {
		t.Errorf("a preflight: %d %v", a.status, a.header)
	}
	if a := h.get("/nowhere", "Origin", "https://acme.test"); a.status != http.StatusNotFound || a.header.Get("Access-Control-Allow-Origin") == "" {
		t.Errorf("a page cannot read its own 404: %v", a.header)
	}
	for _, tenant := range []string{"acme", "globex"} { // globex allows none
		for _, origin := range []string{"https://evil.test", "https://acme.test.evil.test", "null", "http://acme.test"} {
			a := h.do(http.MethodGet, "/customers/17", "", "X-Tenant", tenant, "Origin", origin)
			if a.header.Get("Access-Control-Allow-Origin") != "" || a.header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%s lets %s in: %v", tenant, origin, a.header)
			}
		}
	}
}

// TestRequestIDs holds that an id that is fit for logs is kept, and any other replaced.
func TestRequestIDs(t *testing.T) {
	h := start(t, new(crm), documents())
	if got := h.get("/customers/17", "X-Request-Id", "order-4711/a").header.Get("X-Request-Id"); got != "order-4711/a" {
		t.Errorf("the caller's id became %q", got)
	}
	for _, id := range []string{"", "two words", `quo"te`, "back\\slash", strings.Repeat("x", 129), "ümlaut"} {
		if got := h.get("/customers/17", "X-Request-Id", id).header.Get("X-Request-Id"); got == id || len(got) < 20 {
			t.Errorf("%q became %q", id, got)
		}
	}
}
