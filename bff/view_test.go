package bff_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func TestViewMergesItsSteps(t *testing.T) {
	h := start(t, new(crm), documents())
	a := h.get("/customers/17?limit=5")
	if a.status != http.StatusOK {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	want := `{"name":"Customer 17 of acme","seen":9007199254740993,"brand":"ACME",` +
		`"orders":[{"id":"o-1","total":12.50},{"id":"o-2","total":1e400}],"parts":{`
	if !strings.HasPrefix(a.body, want) {
		t.Errorf("the body is\n%s, want it to begin\n%s", a.body, want)
	}
	for name, pattern := range map[string]string{
		"Atrium-Parts": `^customer=ok;ms=\d+, orders=ok;ms=\d+$`, "Content-Type": `^application/json$`,
		"Etag": `^"[\w-]+"$`, "X-Request-Id": `^\w{20,}$`, "X-Trace-Id": `^[0-9a-f]{32}$`,
		"Ratelimit": `^"tenant";r=\d+;t=\d+$`, "Ratelimit-Policy": `^"tenant";q=100000;w=60$`,
		"X-Ratelimit-Limit": `^100000$`, "X-Ratelimit-Reset": `^\d{10}$`, "Cache-Status": `^atrium; fwd=bypass$`,
	} {
		if got := a.header.Get(name); !regexp.MustCompile(pattern).MatchString(got) {
			t.Errorf("%s is %q, want %s", name, got, pattern)
		}
	}
	if log := h.log.String(); strings.Contains(log, "secret-of-acme") {
		t.Error("the log shows a secret")
	}
}

func TestTenantsSeeTheirOwn(t *testing.T) {
	h := start(t, new(crm), documents())
	for _, tenant := range []string{"acme", "globex"} {
		other := map[string]string{"acme": "globex", "globex": "acme"}[tenant]
		for _, path := range []string{"/customers/17", "/cached/17", "/cached/17"} {
			a := h.do(http.MethodGet, path, "", "Host", tenant+".localhost")
			if a.status != http.StatusOK || !strings.Contains(a.body, "of "+tenant) || strings.Contains(strings.ToLower(a.body), other) {
				t.Errorf("%s at %s: status %d, body %s", path, tenant, a.status, a.body)
			}
		}
	}
}

func TestCachedView(t *testing.T) {
	up := new(crm)
	h := start(t, up, documents())
	first, second := h.get("/cached/17"), h.get("/cached/17")
	if got := up.calls.Load(); got != 1 {
		t.Errorf("the upstream was called %d times, want once", got)
	}
	if first.header.Get("Cache-Status") != "atrium; fwd=uri-miss; stored" {
		t.Errorf("the first answer has Cache-Status %q", first.header.Get("Cache-Status"))
	}
	if got := second.header.Get("Cache-Status"); !regexp.MustCompile(`^atrium; hit; ttl=\d+$`).MatchString(got) {
		t.Errorf("the second answer has Cache-Status %q", got)
	}
	if second.header.Get("Age") == "" || first.body != second.body || first.header.Get("Etag") != second.header.Get("Etag") {
		t.Errorf("the second answer differs: %+v", second)
	}
	if a := h.get("/cached/17", "If-None-Match", first.header.Get("Etag")); a.status != http.StatusNotModified || a.body != "" {
		t.Errorf("with the ETag: status %d, body %q", a.status, a.body)
	}
	if a := h.get("/cached/17?unknown=1"); a.header.Get("Cache-Status") != second.header.Get("Cache-Status") && !strings.Contains(a.header.Get("Cache-Status"), "hit") {
		t.Errorf("an undeclared query parameter made a key of its own: %s", a.header.Get("Cache-Status"))
	}
	if a := h.adminDo(http.MethodPost, "/admin/v1/tenants/acme/purge", `{"tags":["customer:17"]}`); a.status != http.StatusOK {
		t.Fatalf("purge: %d %s", a.status, a.body)
	}
	if a := h.get("/cached/17"); !strings.Contains(a.header.Get("Cache-Status"), "fwd=uri-miss") {
		t.Errorf("after the purge Cache-Status is %q", a.header.Get("Cache-Status"))
	}
	h.do(http.MethodPost, "/orders", `{"customer":"17"}`, "X-Tenant", "acme", "X-API-Key", "key-of-acme", "Content-Type", "application/json")
	if a := h.get("/cached/17"); !strings.Contains(a.header.Get("Cache-Status"), "fwd=uri-miss") {
		t.Errorf("after a write that purges Cache-Status is %q", a.header.Get("Cache-Status"))
	}
}

func TestAuthAndWrites(t *testing.T) {
	h := start(t, new(crm), documents())
	post := func(body string, headers ...string) answer {
		return h.do(http.MethodPost, "/orders", body, append([]string{"X-Tenant", "acme", "Content-Type", "application/json"}, headers...)...)
	}
	if a := post(`{"customer":"17"}`); a.problem(t).Code != "unauthorized" || a.header.Get("Www-Authenticate") == "" {
		t.Errorf("without a key: %d %s", a.status, a.body)
	}
	if a := post(`{"customer":"17"}`, "X-API-Key", "key-of-globex"); a.problem(t).Code != "unauthorized" {
		t.Errorf("with another tenant's key: %d %s", a.status, a.body)
	}
	if a := post(`{"customer":"17"}`, "X-API-Key", "reader-of-acme"); a.problem(t).Code != "forbidden" || a.status != http.StatusForbidden {
		t.Errorf("without the role: %d %s", a.status, a.body)
	}
	if a := post(`{"customer":"17"}`, "Authorization", "Bearer key-of-acme"); a.status != http.StatusCreated || a.body != `{"id":"o-9"}` {
		t.Errorf("with the key: %d %s", a.status, a.body)
	}
	a := post(`{"customer":7,"quantity":0}`, "X-API-Key", "key-of-acme")
	p := a.problem(t)
	if p.Status != http.StatusBadRequest || len(p.Errors) != 2 || p.Errors[0].Pointer != "/body/customer" || p.Errors[1].Pointer != "/body/quantity" {
		t.Errorf("a body with two mistakes: %s", a.body)
	}
}

// TestAbsenceIsKept holds that negative: keeps an upstream's 404, and that without it every request asks again.
func TestAbsenceIsKept(t *testing.T) {
	for _, tt := range []struct {
		name, negative string
		calls          int64
	}{{"kept", ", negative: 1m", 1}, {"not kept", "", 3}} {
		t.Run(tt.name, func(t *testing.T) {
			up, docs := new(crm), documents()
			docs["apis/shop.yaml"] = strings.Replace(apiDoc, "stale: 5m, tags", "stale: 5m"+tt.negative+", tags", 1)
			h := start(t, up, docs)
			for range 3 {
				if a := h.get("/cached/missing"); a.status != http.StatusNotFound || a.problem(t).Code != "not-found" {
					t.Errorf("status %d: %s", a.status, a.body)
				}
			}
			if got := up.calls.Load(); got != tt.calls {
				t.Errorf("the upstream was called %d times, want %d", got, tt.calls)
			}
		})
	}
}
