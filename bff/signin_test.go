package bff_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"atrium/bff"
	"atrium/bff/auth/issuertest"
	"atrium/clients"
)

// signInDocs are two tenants of an API whose every route asks for sign-in, but one.
func signInDocs(issuer string) map[string]string {
	tenant := func(id string) string {
		return "api: shop\nvars: { url: '{{upstream}}' }\nsecrets: { oidc: { value: '" + issuertest.Secret + "' } }\n" +
			"auth:\n  apiKeys: [{ id: machine, hash: 'sha256:" + keyHash + "' }]\n" +
			"  session: { issuer: '" + issuer + "', clientId: " + issuertest.Client + ", clientSecret: '${secrets.oidc}', scopes: [offline_access] }\n" +
			"hosts: [" + id + ".example]\n"
	}
	return map[string]string{
		"tenants/acme.yaml": tenant("acme"), "tenants/globex.yaml": tenant("globex"),
		"apis/shop.yaml": `
auth: { required: true, roles: [customer] }
upstreams:
  told: { baseUrl: "${vars.url}", forward: [Authorization, Cookie], operations: { seen: GET /seen, order: POST /orders } }
  untold: { baseUrl: "${vars.url}", operations: { seen: GET /seen } }
routes:
  GET /who: { steps: { a: { call: told.seen }, b: { call: untold.seen } }, response: { user: "${user.id}", told: "${a}", untold: "${b}" } }
  GET /cookies: { auth: none, response: { cookie: "${header.cookie}" } }
  POST /orders: { steps: { a: { call: told.order } }, response: { user: "${user.id}" } }
  ANY /told/{path...}: { proxy: { upstream: told, strip: /told } }
  ANY /untold/{path...}: { proxy: { upstream: untold, strip: /untold } }
`,
	}
}

// keyHash is that of the API key "machine-key".
const keyHash = "07e9236af2ff422fe354b6152f4f57b73f956d59d8fa22632d3965259c1e1034"

// seen answers with the credentials that an upstream is sent.
func seen(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	token := r.Header.Get("Authorization")
	if strings.HasPrefix(token, "Bearer access-") {
		token = "the user's"
	}
	_, _ = w.Write([]byte(`{"authorization":"` + token + `","cookie":"` + r.Header.Get("Cookie") + `"}`))
}

// signedIn signs a browser in at acme and returns its cookies.
func signedIn(t *testing.T, h *harness, f *issuertest.Issuer) (cookies string) {
	t.Helper()
	begun := h.browse(http.MethodGet, "acme.localhost", "/-/auth/login?returnTo=/who", "")
	cookies = jar(begun)
	q := f.Approve(begun.header.Get("Location"))
	back := h.browse(http.MethodGet, "acme.localhost", "/-/auth/callback?"+q.Encode(), cookies)
	if back.status != http.StatusSeeOther || back.header.Get("Location") != "/who" {
		t.Fatalf("the callback answers %d: %s", back.status, back.body)
	}
	return cookies + "; " + jar(back) + "; mine=1"
}

func jar(a answer) string {
	var pairs []string
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		pairs = append(pairs, c.Name+"="+c.Value)
	}
	return strings.Join(pairs, "; ")
}

// browse sends what a browser sends; it follows no redirect.
func (h *harness) browse(method, host, path, cookies string, headers ...string) answer {
	h.t.Helper()
	h.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	headers = append(headers, "Host", host)
	if cookies != "" {
		headers = append(headers, "Cookie", cookies)
	}
	return h.send(h.public, method, path, "", headers...)
}

func TestABrowserSignsInAndCalls(t *testing.T) {
	f := issuertest.Start(t, time.Now)
	h := start(t, http.HandlerFunc(seen), signInDocs(f.URL))
	if a := h.browse(http.MethodGet, "acme.localhost", "/-/auth/me", ""); a.status != http.StatusUnauthorized || a.problem(t).Code != "unauthorized" {
		t.Errorf("nobody is %d %s", a.status, a.body)
	}
	cookies := signedIn(t, h, f)
	for path, want := range map[string]string{
		"/who":    `{"user":"user-17","told":{"authorization":"the user's","cookie":"mine=1"},"untold":{"authorization":"","cookie":""}}`,
		"/told/x": `{"authorization":"the user's","cookie":"mine=1"}`, "/untold/x": `{"authorization":"","cookie":""}`,
		"/cookies": `{"cookie":"mine=1"}`,
	} {
		if a := h.browse(http.MethodGet, "acme.localhost", path, cookies); a.status != http.StatusOK || a.body != want {
			t.Errorf("%s: %d %s, want %s", path, a.status, a.body, want)
		}
	}
	a := h.browse(http.MethodGet, "acme.localhost", "/who", cookies)
	if !strings.Contains(strings.Join(a.header.Values("Vary"), ","), "Cookie") || !strings.Contains(a.header.Get("Cache-Control"), "private") {
		t.Errorf("a shared cache may keep it: %v", a.header)
	}
	for _, host := range []string{"globex.localhost", "globex.example"} {
		if a := h.browse(http.MethodGet, host, "/who", cookies); a.status != http.StatusUnauthorized {
			t.Errorf("acme's cookie at %s: %d %s", host, a.status, a.body)
		}
	}
	if strings.Contains(h.log.String(), "access-") || strings.Contains(h.log.String(), "refresh-") ||
		strings.Contains(h.log.String(), issuertest.Secret) {
		t.Error("the log holds a token or a secret")
	}
	if a := h.browse(http.MethodGet, "acme.localhost", "/-/openapi.json", cookies); !strings.Contains(a.body, `"__Host-session"`) {
		t.Errorf("the OpenAPI document does not name the cookie: %d %s", a.status, a.body)
	}
}

func TestAForgedCallChangesNothing(t *testing.T) {
	f := issuertest.Start(t, time.Now)
	ordered := 0
	h := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ordered++
		seen(w, r)
	}), signInDocs(f.URL))
	cookies := signedIn(t, h, f)
	for _, path := range []string{"/orders", "/told/orders", "/-/auth/logout"} {
		a := h.browse(http.MethodPost, "acme.localhost", path, cookies, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")
		if a.status != http.StatusForbidden || a.problem(t).Code != "cross-site" || ordered > 0 {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	if a := h.browse(http.MethodPost, "acme.localhost", "/orders", cookies, "Sec-Fetch-Site", "same-origin"); a.status != http.StatusOK || ordered != 1 {
		t.Errorf("its own page: %d %s", a.status, a.body)
	}
	if a := h.browse(http.MethodPost, "acme.localhost", "/-/auth/logout", cookies, "Sec-Fetch-Site", "same-origin"); a.status != http.StatusNoContent {
		t.Errorf("signing out: %d %s", a.status, a.body)
	}
	if a := h.browse(http.MethodGet, "acme.localhost", "/who", cookies); a.status != http.StatusUnauthorized {
		t.Errorf("after signing out: %d %s", a.status, a.body)
	}
}

func TestAnIssuerAtAPrivateAddressIsRefused(t *testing.T) {
	asked := false
	private := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer private.Close()
	h := start(t, http.NotFoundHandler(), signInDocs(private.URL), func(c *bff.Config) { c.Transport = clients.NewTransport(clients.Options{}) })
	a := h.browse(http.MethodGet, "acme.localhost", "/-/auth/login", "")
	if a.status != http.StatusBadGateway || a.problem(t).Code != "upstream-address" || asked {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestWithoutSignInThereIsNoLogin(t *testing.T) {
	h := start(t, http.NotFoundHandler(), map[string]string{"tenants/acme.yaml": "api: shop\n", "apis/shop.yaml": "routes: { GET /a: { response: 1 } }\n"})
	for _, route := range []string{"GET /-/auth/login", "GET /-/auth/callback?code=x&state=y", "POST /-/auth/logout"} {
		method, path, _ := strings.Cut(route, " ")
		if a := h.browse(method, "acme.localhost", path, ""); a.status != http.StatusNotFound || a.problem(t).Code != "not-found" {
			t.Errorf("%s: %d %s", route, a.status, a.body)
		}
	}
	if a := h.browse(http.MethodGet, "acme.localhost", "/-/auth/me", ""); a.status != http.StatusUnauthorized {
		t.Errorf("me: %d %s", a.status, a.body)
	}
}
