package bff_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestDocsPage holds that every tenant has the page, that it needs no sign-in, and that nobody else has it.
func TestDocsPage(t *testing.T) {
	h := start(t, new(crm), documents())
	a := h.get("/-/docs")
	if a.status != http.StatusOK || !strings.Contains(a.body, "/-/openapi.json") || a.header.Get("Content-Security-Policy") == "" {
		t.Errorf("the page: %d %.200s", a.status, a.body)
	}
	if a := h.get("/-/docs/docs.js"); a.status != http.StatusOK || !strings.HasPrefix(a.header.Get("Content-Type"), "text/javascript") {
		t.Errorf("its script: %d %s", a.status, a.header.Get("Content-Type"))
	}
	if a := h.get("/-/docs/nothing.js"); a.problem(t).Code != "not-found" {
		t.Errorf("what is not there: %d %s", a.status, a.body)
	}
	if a := h.do(http.MethodGet, "/-/docs", "", "X-Tenant", "nobody"); a.problem(t).Code != "unknown-tenant" {
		t.Errorf("of no tenant: %d %s", a.status, a.body)
	}
}
