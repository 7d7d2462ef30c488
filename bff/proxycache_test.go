package bff_test

import (
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// catalog are documents with a proxy route that keeps answers. Both tenants have the same upstream.
func catalog() map[string]string {
	docs := documents()
	docs["apis/shop.yaml"] += "  GET /catalog/{path...}: { proxy: { upstream: files, strip: /catalog, cache: http } }\n"
	docs["tenants/globex.yaml"] = strings.Replace(docs["tenants/globex.yaml"], "{{upstream}}/globex", "{{upstream}}/acme", 1)
	return docs
}

// shelf answers with a number that counts the calls, and keeps as its answers say.
func shelf(calls *atomic.Int64) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		n := calls.Add(1)
		w.Header().Set("Cache-Control", "public, max-age=600")
		w.Header().Set("Vary", "Accept")
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("X-Powered-By", "something")
		if r.Header.Get("If-None-Match") == `"v1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = w.Write([]byte("call " + strconv.FormatInt(n, 10) + " as " + r.Header.Get("Accept")))
	}
}

func TestACatalogRouteKeepsWhatItsUpstreamSaysItMay(t *testing.T) {
	up, calls := new(crm), new(atomic.Int64)
	up.instead("/raw/shoes", shelf(calls))
	h := start(t, up, catalog())
	as := func(tenant, accept string, more ...string) answer {
		return h.do(http.MethodGet, "/catalog/raw/shoes", "", append([]string{"X-Tenant", tenant, "Accept", accept}, more...)...)
	}
	first := as("acme", "text/plain")
	if first.body != "call 1 as text/plain" || !strings.Contains(first.header.Get("Cache-Status"), "atrium; fwd=uri-miss") {
		t.Errorf("first: %q %v", first.body, first.header)
	}
	second := as("acme", "text/plain", "Authorization", "Bearer key-of-acme") // it does not go upstream
	if second.body != first.body || !strings.HasPrefix(second.header.Get("Cache-Status"), "atrium; hit; ttl=") {
		t.Errorf("second: %q %v", second.body, second.header)
	}
	for name, want := range map[string]string{
		"Cache-Control": "public, max-age=600", "ETag": `"v1"`, "X-Powered-By": "", "Content-Length": "20",
	} {
		if got := second.header.Get(name); got != want {
			t.Errorf("second: %s is %q, want %q", name, got, want)
		}
	}
	if second.header.Get("Age") == "" || second.header.Get("X-Request-Id") == first.header.Get("X-Request-Id") {
		t.Errorf("second: no Age, or the first one's id: %v", second.header)
	}
	same := as("acme", "text/plain", "If-None-Match", `W/"v1"`)
	if same.status != http.StatusNotModified || same.body != "" || same.header.Get("ETag") != `"v1"` {
		t.Errorf("with its ETag: %d %q %v", same.status, same.body, same.header)
	}
	if other := as("acme", "text/html"); other.body != "call 2 as text/html" {
		t.Errorf("another Accept: %q", other.body)
	}
	if theirs := as("globex", "text/plain"); theirs.body != "call 3 as text/plain" {
		t.Errorf("another tenant: %q", theirs.body)
	}
	anew := as("acme", "text/plain", "Cache-Control", "no-cache")
	if anew.body != first.body || calls.Load() != 4 || !strings.Contains(anew.header.Get("Cache-Status"), "fwd-status=304") {
		t.Errorf("confirmed: %q after %d calls, %v", anew.body, calls.Load(), anew.header)
	}
	if h.get("/catalog/raw/nothing", "Cache-Control", "only-if-cached").problem(t).Code != "not-cached" {
		t.Error("only-if-cached asked the upstream, or said something else")
	}
}

func TestAWriteThroughAnotherRouteEndsWhatIsKept(t *testing.T) {
	up, calls := new(crm), new(atomic.Int64)
	up.instead("/raw/shoes", shelf(calls))
	h := start(t, up, catalog())
	read := func(tenant string) string {
		return h.do(http.MethodGet, "/catalog/raw/shoes", "", "X-Tenant", tenant).body
	}
	was, theirs := read("acme"), read("globex")
	if a := h.do(http.MethodDelete, "/files/raw/shoes", "", "X-Tenant", "acme"); a.status != http.StatusOK {
		t.Fatalf("the write: %d %s", a.status, a.body)
	}
	if now := read("acme"); now == was {
		t.Errorf("after the write the old answer is served: %q", now)
	}
	if now := read("globex"); now != theirs {
		t.Errorf("one tenant's write ended what is another's: %q, then %q", theirs, now)
	}
}

func TestAPurgeOfATenantEndsWhatItsProxiesKeep(t *testing.T) {
	up, calls := new(crm), new(atomic.Int64)
	up.instead("/raw/shoes", shelf(calls))
	h := start(t, up, catalog())
	h.get("/catalog/raw/shoes")
	if a := h.adminDo(http.MethodPost, "/admin/v1/tenants/acme/purge", `{"all":true}`); a.status >= 300 {
		t.Fatalf("the purge: %d %s", a.status, a.body)
	}
	if a := h.get("/catalog/raw/shoes"); !strings.HasPrefix(a.body, "call 2") {
		t.Errorf("after the purge: %q %v", a.body, a.header)
	}
}

func TestAnEventStreamOfACatalogRouteStreams(t *testing.T) {
	up, more := new(crm), make(chan struct{})
	up.instead("/raw/events", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Cache-Control", "max-age=600")
		_, _ = w.Write([]byte("data: 1\n\n"))
		_ = http.NewResponseController(w).Flush()
		<-more
	})
	h := start(t, up, catalog())
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.public+"/catalog/raw/events", http.NoBody)
	must(t, err)
	req.Header.Set("X-Tenant", "acme")
	resp, err := h.client.Do(req)
	must(t, err)
	defer resp.Body.Close()
	defer time.AfterFunc(10*time.Second, func() { _ = resp.Body.Close() }).Stop() // rather than hang
	defer close(more)
	event := make([]byte, 9)
	if n, err := resp.Body.Read(event); err != nil || string(event[:n]) != "data: 1\n\n" {
		t.Errorf("the first event, while the stream is open: %q %v", event[:n], err)
	}
}
