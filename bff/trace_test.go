package bff_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// TestTraceOfAView holds that one request is one tree of spans, that each names the tenant, and that none shows a secret.
func TestTraceOfAView(t *testing.T) {
	h := start(t, new(crm), documents())
	a := h.get("/customers/17?limit=5")
	id := a.header.Get("X-Trace-Id")
	raw := h.adminDo(http.MethodGet, "/admin/v1/traces/"+id, "")
	var trace struct {
		TraceID string
		Spans   []struct {
			SpanID, ParentSpanID, Name, Kind string
			Attributes                       map[string]any
		}
	}
	must(t, json.Unmarshal([]byte(raw.body), &trace))
	names := map[string]string{}
	for _, s := range trace.Spans {
		names[s.SpanID] = s.Kind + " " + s.Name
	}
	parents := map[string]string{}
	for _, s := range trace.Spans {
		parents[s.Kind+" "+s.Name] = names[s.ParentSpanID]
		if s.Attributes["tenant.id"] != "acme" {
			t.Errorf("the span %s has tenant.id %v", s.Name, s.Attributes["tenant.id"])
		}
		if s.Name == "step orders" && (s.Attributes["atrium.call"] != "crm.listOrders" || s.Attributes["atrium.outcome"] != "ok") {
			t.Errorf("the span of a step has %v", s.Attributes)
		}
	}
	for name, parent := range map[string]string{
		"server GET /customers/{id}": "",
		"internal step customer":     "server GET /customers/{id}", "client GET /customers/{id}": "internal step customer",
		"internal step orders": "server GET /customers/{id}", "client GET /orders": "internal step orders",
	} {
		if got, ok := parents[name]; !ok || got != parent {
			t.Errorf("the span %q is below %q, want %q: %v", name, got, parent, parents)
		}
	}
	if trace.TraceID != id || strings.Contains(raw.body, "secret-of-acme") {
		t.Errorf("the trace of %s: %s", id, raw.body)
	}
}

func TestUsageOfATenant(t *testing.T) {
	h := start(t, new(crm), documents())
	for range 4 {
		h.get("/cached/17")
	}
	var u struct {
		Requests struct{ Count, Limited int64 }
		Cache    struct {
			Bytes    int64
			HitRatio float64
		}
	}
	must(t, json.Unmarshal([]byte(h.adminDo(http.MethodGet, "/admin/v1/tenants/acme/usage", "").body), &u))
	if u.Requests.Count != 4 || u.Requests.Limited != 0 || u.Cache.Bytes <= 0 || u.Cache.HitRatio != 0.75 {
		t.Errorf("the usage is %+v", u)
	}
	must(t, json.Unmarshal([]byte(h.adminDo(http.MethodGet, "/admin/v1/tenants/globex/usage", "").body), &u))
	if u.Requests.Count != 0 || u.Cache.Bytes != 0 {
		t.Errorf("the usage of a tenant that nobody called is %+v", u)
	}
}
