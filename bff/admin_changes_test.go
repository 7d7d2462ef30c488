package bff_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"atrium/tenants"
)

// TestAdminMakesAPIKeys holds that a key works from when it is shown, and is kept nowhere.
func TestAdminMakesAPIKeys(t *testing.T) {
	h := start(t, new(crm), documents())
	const path = "/admin/v1/tenants/acme/keys"
	before := h.adminDo(http.MethodGet, "/admin/v1/tenants/acme", "")
	a := h.adminDo(http.MethodPost, path, `{"name":"ci","roles":["customer"],"expires":"2999-01-31"}`)
	var made struct{ ID, Key string }
	must(t, json.Unmarshal([]byte(a.body), &made))
	if a.status != http.StatusCreated || made.ID != "ci" || len(made.Key) < 30 || a.header.Get("Etag") != `"2"` {
		t.Fatalf("a new key: %d %s %s", a.status, a.header.Get("Etag"), a.body)
	}
	after := h.adminDo(http.MethodGet, "/admin/v1/tenants/acme", "").body
	if strings.Contains(after, made.Key) || strings.Contains(h.log.String(), made.Key) || !strings.Contains(after, `"id":"ci"`) {
		t.Errorf("the document or the log: %s", after)
	}
	if line, _, _ := strings.Cut(before.body, "\n"); !strings.HasPrefix(after, line) {
		t.Errorf("the document was written anew: %s", after)
	}
	for body, want := range map[string]int{
		`{"name":"ci"}`:                          http.StatusConflict,
		`{"name":"a b"}`:                         http.StatusBadRequest,
		`{"name":"other","expires":"next year"}`: http.StatusUnprocessableEntity,
		`{"name":"other","colour":"red"}`:        http.StatusBadRequest,
	} {
		if a := h.adminDo(http.MethodPost, path, body); a.status != want || strings.Contains(a.body, `"key"`) {
			t.Errorf("%s: %d %s, want %d", body, a.status, a.body, want)
		}
	}
	if a := h.adminDo(http.MethodPost, "/admin/v1/tenants/nobody/keys", `{"name":"ci"}`); a.status != http.StatusNotFound {
		t.Errorf("a key for nobody: %d", a.status)
	}
	if a := h.get("/customers/17", "X-API-Key", made.Key); a.status != http.StatusOK {
		t.Errorf("with the key: %d %s", a.status, a.body)
	}
}

// TestAdminTellsOfChanges holds that the audit lists changes newest first, and that a stream of events has each as it is made.
func TestAdminTellsOfChanges(t *testing.T) {
	h := start(t, new(crm), documents())
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.admin+"/admin/v1/events", http.NoBody)
	must(t, err)
	req.Header.Set("Authorization", "Bearer "+adminToken)
	stream, err := h.client.Do(req)
	must(t, err)
	defer stream.Body.Close()
	const path = "/admin/v1/plans/extra"
	for _, text := range []string{"streams: 1", "streams: 2"} {
		if a := h.adminDo(http.MethodPut, path, text); a.status >= 300 {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	var told []tenants.Event
	lines := bufio.NewScanner(stream.Body)
	for len(told) < 2 && lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			var e tenants.Event
			must(t, json.Unmarshal([]byte(data), &e))
			told = append(told, e)
		}
	}
	if len(told) != 2 || told[0].Action != "create" || told[1].Action != "update" || told[1].Name != "extra" || told[1].By != "admin" {
		t.Errorf("told %+v", told)
	}
	var page struct {
		Items []tenants.Event
		Next  string
	}
	must(t, json.Unmarshal([]byte(h.adminDo(http.MethodGet, "/admin/v1/audit?limit=1", "").body), &page))
	if len(page.Items) != 1 || page.Items[0] != told[1] || page.Next == "" {
		t.Fatalf("the newest is %+v, next %q", page.Items, page.Next)
	}
	must(t, json.Unmarshal([]byte(h.adminDo(http.MethodGet, "/admin/v1/audit?limit=1&cursor="+page.Next, "").body), &page))
	if len(page.Items) != 1 || page.Items[0] != told[0] {
		t.Errorf("the one before is %+v, want %+v", page.Items, told[0])
	}
	for _, bad := range []string{"/admin/v1/audit?limit=0", "/admin/v1/audit?cursor=x"} {
		if a := h.adminDo(http.MethodGet, bad, ""); a.status != http.StatusBadRequest {
			t.Errorf("%s: %d", bad, a.status)
		}
	}
	if a := h.adminDo(http.MethodGet, "/admin/v1/events", "", "Last-Event-ID", "x"); a.status != http.StatusBadRequest {
		t.Errorf("a strange Last-Event-ID: %d", a.status)
	}
}

// TestAdminDescribes holds that the admin API has its own OpenAPI document and each tenant's.
func TestAdminDescribes(t *testing.T) {
	h := start(t, new(crm), documents())
	tenant := h.adminDo(http.MethodGet, "/admin/v1/tenants/acme/openapi.json", "")
	if public := h.get("/-/openapi.json"); tenant.status != http.StatusOK || tenant.body != public.body {
		t.Errorf("the tenant's document: %d %.200s", tenant.status, tenant.body)
	}
	own := h.adminDo(http.MethodGet, "/admin/v1/openapi.json", "")
	if own.status != http.StatusOK || !json.Valid([]byte(own.body)) || !strings.Contains(own.body, "/admin/v1/explain") {
		t.Errorf("its own document: %d %.200s", own.status, own.body)
	}
}
