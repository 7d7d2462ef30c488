package bff_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestAdminNeedsItsToken(t *testing.T) {
	h := start(t, new(crm), documents())
	for _, path := range []string{"/admin/v1/status", "/admin/v1/tenants/acme", "/admin/v1/traces", "/metrics"} {
		for _, token := range []string{"", "Bearer wrong", "Basic " + adminToken} {
			a := h.send(h.admin, http.MethodGet, path, "", "Authorization", token)
			if p := a.problem(t); p.Code != "unauthorized" || strings.Contains(a.body, "brand") {
				t.Errorf("%s with %q: %d %s", path, token, a.status, a.body)
			}
		}
		if a := h.adminDo(http.MethodGet, path, ""); a.status != http.StatusOK {
			t.Errorf("%s with the token: %d %s", path, a.status, a.body)
		}
	}
	if a := h.adminDo(http.MethodGet, "/admin/v1/status", "", "Host", "evil.example"); a.problem(t).Code != "unknown-host" {
		t.Errorf("a foreign Host: %d %s", a.status, a.body)
	}
	a := h.adminDo(http.MethodPut, "/admin/v1/plans/small", "streams: 1", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
	if a.problem(t).Code != "cross-origin" {
		t.Errorf("a foreign Origin: %d %s", a.status, a.body)
	}
	if a := h.do(http.MethodGet, "/admin/v1/status", "", "X-Tenant", "acme", "Authorization", "Bearer "+adminToken); a.status != http.StatusNotFound && a.status != http.StatusUnauthorized {
		t.Errorf("the public listener answers the admin's path with %d", a.status)
	}
}

func TestAdminDocuments(t *testing.T) {
	h := start(t, new(crm), documents())
	const path = "/admin/v1/apis/shop"
	a := h.adminDo(http.MethodGet, path, "")
	if a.status != http.StatusOK || a.body != apiDoc || a.header.Get("Etag") != `"1"` {
		t.Fatalf("get: %d, ETag %s\n%s", a.status, a.header.Get("Etag"), a.body)
	}
	misspelled := strings.Replace(apiDoc, "${customer.name}", "${customer.nam}", 1)
	a = h.adminDo(http.MethodPut, path, misspelled)
	p := a.problem(t)
	if a.status != http.StatusUnprocessableEntity || len(p.Errors) != 1 || p.Errors[0].Line != 11 || p.Errors[0].Column == 0 ||
		!strings.Contains(p.Errors[0].Message, `"name"`) || p.Errors[0].Pointer != "/routes/GET ~1customers~1{id}/response/name" {
		t.Errorf("a misspelled field: %d %s", a.status, a.body)
	}
	if a = h.adminDo(http.MethodPut, path, "routes: ["); a.status != http.StatusBadRequest {
		t.Errorf("what cannot be parsed: %d %s", a.status, a.body)
	}
	changed := strings.Replace(apiDoc, "name: \"${customer.name}\"", "title: \"${customer.name}\"", 1)
	if a = h.adminDo(http.MethodPut, path+"?dryRun=true", changed); a.status != http.StatusOK {
		t.Errorf("dry run: %d %s", a.status, a.body)
	}
	if a = h.get("/customers/17"); !strings.HasPrefix(a.body, `{"name"`) {
		t.Errorf("the dry run changed what is served: %s", a.body)
	}
	if a = h.adminDo(http.MethodPut, path, changed, "If-Match", `"7"`); a.status != http.StatusPreconditionFailed {
		t.Errorf("with the wrong revision: %d %s", a.status, a.body)
	}
	if a = h.adminDo(http.MethodPut, path, changed, "If-None-Match", "*"); a.status != http.StatusPreconditionFailed {
		t.Errorf("as if it were new: %d %s", a.status, a.body)
	}
	if a = h.adminDo(http.MethodPut, path, changed, "If-Match", `"1"`); a.status != http.StatusOK || a.header.Get("Etag") != `"2"` {
		t.Errorf("put: %d, ETag %s %s", a.status, a.header.Get("Etag"), a.body)
	}
	if a = h.get("/customers/17"); !strings.HasPrefix(a.body, `{"title"`) {
		t.Errorf("the change is not served: %s", a.body)
	}
	if a = h.adminDo(http.MethodPost, path+"/rollback", `{"revision":1}`); a.status != http.StatusOK || a.header.Get("Etag") != `"3"` {
		t.Errorf("rollback: %d, ETag %s %s", a.status, a.header.Get("Etag"), a.body)
	}
	if a = h.get("/customers/17"); !strings.HasPrefix(a.body, `{"name"`) {
		t.Errorf("the rollback is not served: %s", a.body)
	}
	if a = h.adminDo(http.MethodDelete, path, ""); a.status != http.StatusConflict {
		t.Errorf("deleting what tenants use: %d %s", a.status, a.body)
	}
	var list struct{ Items []struct{ Name string } }
	must(t, json.Unmarshal([]byte(h.adminDo(http.MethodGet, "/admin/v1/tenants?limit=1", "").body), &list))
	if len(list.Items) != 1 || list.Items[0].Name != "acme" {
		t.Errorf("the first page of tenants is %+v", list)
	}
}

func TestAdminRefusesWhatIsTooLarge(t *testing.T) {
	h := start(t, new(crm), documents())
	a := h.adminDo(http.MethodPut, "/admin/v1/plans/small", "streams: 1 #"+strings.Repeat("x", 4<<20))
	if p := a.problem(t); a.status != http.StatusRequestEntityTooLarge || p.Code != "payload-too-large" || !strings.Contains(p.Detail, "4194304") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestAdminNeverShowsSecrets(t *testing.T) {
	h := start(t, new(crm), documents())
	const path = "/admin/v1/tenants/acme"
	a := h.adminDo(http.MethodGet, path, "")
	if strings.Contains(a.body, "secret-of-acme") || strings.Contains(a.body, "hook-of-acme") || !strings.Contains(a.body, "# ") && !strings.Contains(a.body, "brand") {
		t.Fatalf("get shows secrets: %s", a.body)
	}
	if a = h.adminDo(http.MethodPut, path, strings.Replace(a.body, "ACME", "Acme & Co", 1)); a.status != http.StatusOK {
		t.Fatalf("writing it back: %d %s", a.status, a.body)
	}
	if a = h.get("/customers/17"); a.status != http.StatusOK || !strings.Contains(a.body, "Acme \\u0026 Co") && !strings.Contains(a.body, "Acme & Co") {
		t.Errorf("the secret was lost on the way: %d %s", a.status, a.body)
	}
	for _, path := range []string{path + "/effective", path + "/usage", "/admin/v1/status", path + "/history"} {
		if a := h.adminDo(http.MethodGet, path, ""); a.status != http.StatusOK || strings.Contains(a.body, "secret-of-acme") {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
}

// TestChangesDropNoRequest applies 200 changes while requests and a stream run, and counts failures.
func TestChangesDropNoRequest(t *testing.T) {
	up := new(crm)
	release := make(chan struct{})
	up.instead("/raw/stream", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("begin "))
		_ = http.NewResponseController(w).Flush()
		<-release
		_, _ = w.Write([]byte("end"))
	})
	h := start(t, up, documents())
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.public+"/files/raw/stream", http.NoBody)
	must(t, err)
	req.Header.Set("X-Tenant", "acme")
	stream, err := h.client.Do(req)
	must(t, err)
	defer stream.Body.Close()

	ctx, stop := context.WithCancel(t.Context())
	var served, failed atomic.Int64
	var running sync.WaitGroup
	for i := range 4 {
		running.Go(func() {
			for ctx.Err() == nil {
				a := h.get(fmt.Sprintf("/customers/%d", i))
				if a.status != http.StatusOK || !strings.Contains(a.body, "of acme") {
					failed.Add(1)
					t.Errorf("status %d: %s", a.status, a.body)
					return
				}
				served.Add(1)
			}
		})
	}
	for i := range 200 {
		path, text := "/admin/v1/apis/shop", strings.Replace(apiDoc, "brand:", fmt.Sprintf("brand%d:", i), 1)
		if i%2 == 1 {
			path, text = "/admin/v1/plans/small", fmt.Sprintf("requests: [\"%d/1m\"]\nmaxBody: 64KiB\n", 1_000_000+i)
		}
		if a := h.adminDo(http.MethodPut, path, text); a.status != http.StatusOK {
			t.Fatalf("change %d: %d %s", i, a.status, a.body)
		}
	}
	stop()
	running.Wait()
	if failed.Load() != 0 || served.Load() < 50 {
		t.Errorf("%d requests served, %d failed", served.Load(), failed.Load())
	}
	close(release)
	if text, err := io.ReadAll(stream.Body); err != nil || string(text) != "begin end" {
		t.Errorf("the stream that was open is %q, %v", text, err)
	}
}

// TestEditByHand holds that an edit is served within a second, and that a bad edit leaves the last good document serving and says so.
func TestEditByHand(t *testing.T) {
	h := start(t, new(crm), documents())
	h.write("apis/shop.yaml", strings.Replace(apiDoc, "brand:", "label:", 1))
	h.within(time.Second, func() bool { return strings.Contains(h.get("/customers/17").body, `"label"`) }, "the edit is not served")
	h.write("apis/shop.yaml", strings.Replace(apiDoc, "crm.getCustomer", "crm.getCustomr", 1))
	h.within(time.Second, func() bool {
		return strings.Contains(h.adminDo(http.MethodGet, "/admin/v1/status", "").body, "getCustomr")
	}, "status does not tell of the bad edit")
	if a := h.get("/customers/17"); a.status != http.StatusOK || !strings.Contains(a.body, `"label"`) {
		t.Errorf("the last good document does not serve: %d %s", a.status, a.body)
	}
	if !strings.Contains(h.log.String(), "getCustomr") {
		t.Error("the log does not tell of the bad edit")
	}
}

// within waits until cond holds, for at most d.
func (h *harness) within(d time.Duration, cond func() bool, what string) {
	h.t.Helper()
	for end := time.Now().Add(d + 500*time.Millisecond); time.Now().Before(end); {
		if cond() {
			return
		}
		<-time.After(20 * time.Millisecond)
	}
	h.t.Fatalf("%s within %s", what, d)
}
