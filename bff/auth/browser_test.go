package auth_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"atrium/bff/auth"
	"atrium/bff/auth/issuertest"
	"atrium/bff/auth/sessions"
	"atrium/bff/problem"
	"atrium/clients"
	"atrium/tenants"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A clock is set by its test.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Now()} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// A replica is a server's part in sign-in: guards of tenants over a store.
type replica struct {
	t      *testing.T
	shared *auth.Sessions
}

func startReplica(t *testing.T, c *clock, store sessions.Store) *replica {
	t.Helper()
	transport := clients.NewTransport(clients.Options{AllowAll: true})
	t.Cleanup(transport.Close)
	keys := auth.NewKeySets(transport.RoundTripper(true))
	return &replica{t: t, shared: auth.NewSessions(auth.SessionsOptions{Store: store, Keys: keys, Now: c.now})}
}

func (p *replica) guard(id tenants.ID, issuer string, change ...func(*tenants.Tenant)) *auth.Guard {
	p.t.Helper()
	tenant := &tenants.Tenant{ID: id, Secrets: map[string]tenants.Secret{"oidc": tenants.NewSecret(issuertest.Secret)}}
	tenant.Spec.Auth.Session = &tenants.Session{
		Issuer: issuer, ClientID: issuertest.Client, ClientSecret: tenants.SecretReference{Name: "oidc"}, Scopes: []string{"offline_access", "orders"},
	}
	for _, c := range change {
		c(tenant)
	}
	g, err := auth.NewGuard(tenant, p.shared)
	if err != nil {
		p.t.Fatal(err)
	}
	return g
}

// A browser keeps the cookies of one host, as the prefix __Host- asks for.
type browser struct {
	t       *testing.T
	host    string
	cookies map[string]string
}

func newBrowser(t *testing.T) *browser {
	return &browser{t: t, host: "acme.localhost", cookies: map[string]string{}}
}

func (b *browser) request(method, target string, headers ...string) *http.Request {
	r := httptest.NewRequestWithContext(b.t.Context(), method, "http://"+b.host+target, nil)
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// send asks a route of sign-in and keeps its cookies.
func (b *browser) send(g *auth.Guard, method, target string, headers ...string) *http.Response {
	b.t.Helper()
	r, w := b.request(method, target, headers...), httptest.NewRecorder()
	var err error
	switch r.URL.Path {
	case "/-/auth/login":
		err = g.SignIn().ServeLogin(w, r, "http://"+b.host)
	case "/-/auth/callback":
		err = g.SignIn().ServeCallback(w, r)
	case "/-/auth/logout":
		err = g.SignIn().ServeLogout(w, r)
	case "/-/auth/me":
		var p *auth.Principal
		if p, err = g.Principal(r.Context(), r); err == nil {
			err = auth.ServeMe(w, p)
		}
	}
	if err != nil {
		problem.Write(w, r, problem.From(err), "")
	}
	resp := w.Result()
	for _, c := range resp.Cookies() {
		if !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" ||
			!strings.HasPrefix(c.Name, "__Host-") {
			b.t.Errorf("cookie %s has not what it needs: %v", c.Name, c)
		}
		b.cookies[c.Name] = c.Value
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return resp
}

// begin starts a sign-in and lets the issuer approve it: what the callback is then asked with.
func (b *browser) begin(g *auth.Guard, f *issuertest.Issuer, returnTo string) url.Values {
	b.t.Helper()
	resp := b.send(g, http.MethodGet, "/-/auth/login?returnTo="+url.QueryEscape(returnTo))
	if resp.StatusCode != http.StatusSeeOther {
		b.t.Fatalf("login: %d %s", resp.StatusCode, text(resp))
	}
	return f.Approve(resp.Header.Get("Location"))
}

func (b *browser) signIn(g *auth.Guard, f *issuertest.Issuer) {
	b.t.Helper()
	resp := b.send(g, http.MethodGet, "/-/auth/callback?"+b.begin(g, f, "/home?x=1").Encode())
	if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/home?x=1" {
		b.t.Fatalf("callback: %d to %q %s", resp.StatusCode, resp.Header.Get("Location"), text(resp))
	}
}

// me is who the browser is; empty for nobody.
func (b *browser) me(g *auth.Guard) string {
	b.t.Helper()
	resp := b.send(g, http.MethodGet, "/-/auth/me")
	body := text(resp)
	switch resp.StatusCode {
	case http.StatusUnauthorized:
		return ""
	case http.StatusOK:
		return body
	}
	b.t.Fatalf("me: %d %s", resp.StatusCode, body)
	return ""
}

func text(resp *http.Response) string {
	var b strings.Builder
	_ = resp.Write(&b)
	_, body, _ := strings.Cut(b.String(), "\r\n\r\n")
	return body
}

func code(t *testing.T, resp *http.Response) string {
	t.Helper()
	var p struct{ Code string }
	if err := json.Unmarshal([]byte(text(resp)), &p); err != nil {
		t.Fatal(err)
	}
	return p.Code
}
