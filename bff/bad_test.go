package bff_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestBadRequests holds that whatever a caller sends is answered with a clear problem.
func TestBadRequests(t *testing.T) {
	h := start(t, new(crm), documents())
	long := strings.Repeat("a", 300)
	tests := []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		code                     string
	}{
		{"no tenant", "GET", "/customers/17", "", nil, 404, "unknown-tenant"},
		{"unknown tenant", "GET", "/customers/17", "", []string{"X-Tenant", "nobody"}, 404, "unknown-tenant"},
		{"unknown host below the base domain", "GET", "/customers/17", "", []string{"Host", "nobody.localhost", "X-Tenant", "acme"}, 404, "unknown-tenant"},
		{"two tenants", "GET", "/customers/17", "", []string{"Host", "acme.localhost", "X-Tenant", "globex"}, 400, "tenant-mismatch"},
		{"two headers", "GET", "/customers/17", "", []string{"X-Tenant", "acme", "X-Tenant", "globex"}, 404, "unknown-tenant"},
		{"hostile header", "GET", "/customers/17", "", []string{"X-Tenant", "../acme"}, 404, "unknown-tenant"},
		{"spoofed host", "GET", "/customers/17", "", []string{"Host", "nobody.localhost", "X-Forwarded-Host", "acme.localhost"}, 404, "unknown-tenant"},
		{"long host", "GET", "/customers/17", "", []string{"Host", long + ".localhost"}, 404, "unknown-tenant"},
		{"unknown route", "GET", "/customer/17", "", []string{"X-Tenant", "acme"}, 404, "not-found"},
		{"wrong method", "DELETE", "/customers/17", "", []string{"X-Tenant", "acme"}, 405, "method-not-allowed"},
		{"wrong parameter", "GET", "/customers/17?limit=many", "", []string{"X-Tenant", "acme"}, 400, "invalid-request"},
		{"dots for an id", "GET", "/customers/%2e%2e", "", []string{"X-Tenant", "acme"}, 400, "invalid-request"},
		{"body is no JSON", "POST", "/orders", "{", []string{"X-Tenant", "acme", "X-API-Key", "key-of-acme"}, 400, "invalid-request"},
		{"no body", "POST", "/orders", "", []string{"X-Tenant", "acme", "X-API-Key", "key-of-acme"}, 400, "invalid-request"},
		{"body of another type", "POST", "/orders", "a=b", []string{"X-Tenant", "acme", "X-API-Key", "key-of-acme", "Content-Type", "text/plain"}, 415, "unsupported-media-type"},
		{"large body", "POST", "/orders", `{"customer":"` + strings.Repeat("a", 70<<10) + `"}`, []string{"X-Tenant", "acme", "X-API-Key", "key-of-acme"}, 413, "payload-too-large"},
		{"deep body", "POST", "/orders", strings.Repeat("[", 30000), []string{"X-Tenant", "acme", "X-API-Key", "key-of-acme"}, 400, "invalid-request"},
		{"upload of another type", "PUT", "/files/raw/a.png", "hello", []string{"X-Tenant", "acme", "Content-Type", "text/plain"}, 415, "unsupported-media-type"},
		{"upload that lies", "PUT", "/files/raw/a.png", "hello", []string{"X-Tenant", "acme", "Content-Type", "image/png"}, 415, "unsupported-media-type"},
		{"large upload", "PUT", "/files/raw/a.png", strings.Repeat("a", 200<<10), []string{"X-Tenant", "acme", "Content-Type", "image/png"}, 413, "payload-too-large"},
		{"path that climbs", "GET", "/files/raw/..%2f..%2fsecret", "", []string{"X-Tenant", "acme"}, 400, "invalid-request"},
		{"unsigned webhook", "POST", "/hooks/stripe", "{}", []string{"X-Tenant", "acme"}, 401, "webhook-signature"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := h.do(tt.method, tt.path, tt.body, tt.headers...)
			p := a.problem(t)
			if a.status != tt.status || p.Code != tt.code {
				t.Errorf("status %d, code %s, want %d, %s: %s", a.status, p.Code, tt.status, tt.code, a.body)
			}
			if p.TraceID == "" || p.Detail == "" {
				t.Errorf("the problem lacks its traceId or its detail: %s", a.body)
			}
			if tt.status == http.StatusMethodNotAllowed && a.header.Get("Allow") != "GET, HEAD, OPTIONS" {
				t.Errorf("Allow is %q", a.header.Get("Allow"))
			}
		})
	}
}

// TestBadAnswers holds that whatever an upstream answers becomes a clear problem, and nothing of it leaks.
func TestBadAnswers(t *testing.T) {
	up := new(crm)
	docs := documents()
	docs["apis/shop.yaml"] = strings.Replace(apiDoc, "timeout: 2s", "timeout: 1s", 1)
	h := start(t, up, docs)
	const marker = "marker-of-the-upstream"
	answer := func(status int, contentType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	tests := []struct {
		name    string
		handler http.HandlerFunc
		status  int
		code    string
	}{
		{"html", answer(200, "text/html", "<html>"+marker), 502, "upstream-contract"},
		{"truncated", answer(200, "application/json", `{"id":"17","name":"`+marker), 502, "upstream-contract"},
		{"large", answer(200, "application/json", `"`+marker+strings.Repeat("x", 10<<20)+`"`), 502, "upstream-contract"},
		{"error", answer(500, "application/json", `{"detail":"`+marker+`"}`), 502, "upstream-failed"},
		{"our credential", answer(403, "application/json", `{"detail":"`+marker+`"}`), 502, "upstream-failed"},
		{"gone", answer(410, "application/json", `{"detail":"`+marker+`"}`), 410, "gone"},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/"+marker, http.StatusFound)
		}, 502, "upstream-failed"},
		{"limited", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
		}, 503, "upstream-limited"},
		{"slow drip", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for {
				select {
				case <-r.Context().Done():
					return
				case <-time.After(50 * time.Millisecond):
					_, _ = w.Write([]byte(" "))
					_ = http.NewResponseController(w).Flush()
				}
			}
		}, 504, "upstream-timeout"},
		{"cut off", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 502, "upstream-failed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			up.instead("/customers/17", tt.handler)
			a := h.get("/customers/17")
			p := a.problem(t)
			if a.status != tt.status || p.Code != tt.code {
				t.Errorf("status %d, code %s, want %d, %s: %s", a.status, p.Code, tt.status, tt.code, a.body)
			}
			if strings.Contains(a.body, marker) || strings.Contains(a.body, "secret-of") || strings.Contains(a.body, "127.0.0.1") {
				t.Errorf("the answer shows what is the operator's: %s", a.body)
			}
			if tt.code == "upstream-limited" && a.header.Get("Retry-After") != "7" {
				t.Errorf("Retry-After is %q", a.header.Get("Retry-After"))
			}
			if !strings.HasPrefix(a.header.Get("Atrium-Parts"), "customer=failed") {
				t.Errorf("Atrium-Parts is %q", a.header.Get("Atrium-Parts"))
			}
		})
	}
}
