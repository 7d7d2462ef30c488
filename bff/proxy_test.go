package bff_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

const pngHead = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"

func TestProxyPassesThroughWhatMayCross(t *testing.T) {
	up := new(crm)
	up.instead("/raw/a b.png", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "image/png")
		w.Header().Set("Set-Cookie", "session=of-the-upstream")
		w.Header().Set("X-Powered-By", "something")
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("X-Kept", "yes")
		w.WriteHeader(http.StatusAccepted)
		fmt.Fprintf(w, "%s %s %d", r.Method, r.URL.RawQuery, len(body))
	})
	h := start(t, up, documents())
	body := pngHead + strings.Repeat("x", 90<<10)
	a := h.do(http.MethodPut, "/files/raw/a%20b.png?v=1&w=a%26b", body, "X-Tenant", "acme", "Content-Type", "image/png",
		"Cookie", "session=of-the-user", "Authorization", "Bearer key-of-acme", "X-Anything", "else")
	if want := fmt.Sprintf("PUT v=1&w=a%%26b %d", len(body)); a.status != http.StatusAccepted || a.body != want {
		t.Errorf("status %d, body %q, want %q", a.status, a.body, want)
	}
	for _, name := range []string{"Set-Cookie", "X-Powered-By", "Access-Control-Allow-Origin"} {
		if a.header.Get(name) != "" {
			t.Errorf("the answer has %s: %q", name, a.header.Get(name))
		}
	}
	if a.header.Get("X-Kept") != "yes" || a.header.Get("X-Request-Id") == "" {
		t.Errorf("the answer lacks headers: %v", a.header)
	}
	sent := up.requests()[0]
	for _, name := range []string{"Cookie", "Authorization", "X-Anything", "X-Tenant", "X-Forwarded-For"} {
		if sent.Header.Get(name) != "" {
			t.Errorf("the upstream got %s: %q", name, sent.Header.Get(name))
		}
	}
	if sent.Header.Get("Traceparent") == "" {
		t.Error("the upstream got no traceparent")
	}
}

func TestProxyStreamsAndBreaksOffWithItsUpstream(t *testing.T) {
	up := new(crm)
	up.instead("/raw/broken", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("part"))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	h := start(t, up, documents())
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.public+"/files/raw/broken", http.NoBody)
	must(t, err)
	req.Header.Set("X-Tenant", "acme")
	resp, err := h.client.Do(req)
	must(t, err)
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); err == nil || string(text) != "part" {
		t.Errorf("a broken answer reads as %q, %v: want what came, and an error", text, err)
	}
}

func TestProxyWithoutItsUpstream(t *testing.T) {
	docs := documents()
	docs["tenants/acme.yaml"] = strings.Replace(docs["tenants/acme.yaml"], "{{upstream}}/acme", "http://127.0.0.1:1", 1)
	h := start(t, new(crm), docs)
	for _, path := range []string{"/files/raw/a", "/customers/17"} {
		a := h.get(path)
		if p := a.problem(t); p.Code != "upstream-failed" || a.status != http.StatusBadGateway || strings.Contains(a.body, "127.0.0.1") {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
}

func stripeSignature(secret, body string, at time.Time) string {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "." + body))
	return "t=" + stamp + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

func TestWebhookPurgesOnce(t *testing.T) {
	up := new(crm)
	h := start(t, up, documents())
	hit := func() bool { return strings.Contains(h.get("/cached/17").header.Get("Cache-Status"), "hit") }
	hit()
	if !hit() {
		t.Fatal("the view is not cached")
	}
	const body = `{"customer":"17"}`
	send := func(signature, tenant string) answer {
		return h.do(http.MethodPost, "/hooks/stripe", body, "X-Tenant", tenant, "Stripe-Signature", signature)
	}
	if a := send(stripeSignature("hook-of-acme", body, time.Now().Add(-10*time.Minute)), "acme"); a.problem(t).Code != "webhook-expired" {
		t.Errorf("an old webhook: %d %s", a.status, a.body)
	}
	if a := send(stripeSignature("hook-of-globex", body, time.Now()), "acme"); a.problem(t).Code != "webhook-signature" || !hit() {
		t.Errorf("another tenant's webhook: %d %s", a.status, a.body)
	}
	genuine := stripeSignature("hook-of-acme", body, time.Now())
	if a := send(genuine, "acme"); a.status != http.StatusOK || hit() {
		t.Errorf("a genuine webhook: %d %s", a.status, a.body)
	}
	hit()
	if a := send(genuine, "acme"); a.status != http.StatusOK || !hit() {
		t.Errorf("its replay: %d %s, or it purged again", a.status, a.body)
	}
}
