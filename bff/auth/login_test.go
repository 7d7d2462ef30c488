package auth_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"atrium/bff/auth"
	"atrium/bff/auth/issuertest"
	"atrium/tenants"
)

type stage struct {
	*browser

	clock   *clock
	issuer  *issuertest.Issuer
	replica *replica
	guard   *auth.Guard
}

func setStage(t *testing.T) *stage {
	t.Helper()
	c := newClock()
	f := issuertest.Start(t, c.now)
	p := startReplica(t, c, nil)
	return &stage{browser: newBrowser(t), clock: c, issuer: f, replica: p, guard: p.guard("acme", f.URL)}
}

func TestABrowserSignsInAndOut(t *testing.T) {
	s := setStage(t)
	if got := s.me(s.guard); got != "" {
		t.Fatalf("nobody is %s", got)
	}
	s.signIn(s.guard, s.issuer)
	var me struct {
		ID     string
		Roles  []string
		Scopes []string
		Claims map[string]json.RawMessage
	}
	text := s.me(s.guard)
	if err := json.Unmarshal([]byte(text), &me); err != nil {
		t.Fatal(err)
	}
	if me.ID != "user-17" || me.Roles[0] != "customer" || strings.Join(me.Scopes, " ") != "openid orders" {
		t.Errorf("me is %s", text)
	}
	if string(me.Claims["number"]) != "9007199254740993" {
		t.Errorf("a number lost digits: %s", me.Claims["number"])
	}
	for _, never := range []string{"nonce", "sid", "access-", "refresh-"} {
		if strings.Contains(text, never) {
			t.Errorf("me shows %s: %s", never, text)
		}
	}
	for name, value := range s.cookies {
		if strings.Contains(value, "access-") || strings.Contains(value, "refresh-") || strings.Contains(value, ".") {
			t.Errorf("cookie %s holds a token: %s", name, value)
		}
	}
	p, err := s.guard.Principal(t.Context(), s.request(http.MethodGet, "/"))
	if err != nil || !strings.HasPrefix(p.AccessToken(), "access-") || p.ID != "session:user-17" {
		t.Errorf("%+v, %v", p, err)
	}
	before := maps.Clone(s.cookies)
	if resp := s.send(s.guard, http.MethodPost, "/-/auth/logout"); resp.StatusCode != http.StatusNoContent {
		t.Errorf("logout: %d", resp.StatusCode)
	}
	if len(s.issuer.Revoked) != 1 || s.issuer.Revoked[0] != s.issuer.RefreshToken() {
		t.Errorf("revoked %v", s.issuer.Revoked)
	}
	s.cookies = before
	if got := s.me(s.guard); got != "" {
		t.Errorf("the old cookie still is %s", got)
	}
}

func TestASignInGetsANewIDAndEndsTheOldSession(t *testing.T) {
	s := setStage(t)
	s.cookies["__Host-session"] = strings.Repeat("A", 43) // planted
	s.signIn(s.guard, s.issuer)
	first := maps.Clone(s.cookies)
	if first["__Host-session"] == strings.Repeat("A", 43) {
		t.Fatal("the planted id became a session")
	}
	s.signIn(s.guard, s.issuer)
	if s.me(s.guard) == "" {
		t.Error("the second sign-in is nobody")
	}
	s.cookies = first
	if got := s.me(s.guard); got != "" {
		t.Errorf("the first session lives on: %s", got)
	}
}

func TestTwoTabsSignInAtOnce(t *testing.T) {
	s := setStage(t)
	one, two := s.begin(s.guard, s.issuer, "/one"), s.begin(s.guard, s.issuer, "/two")
	for want, q := range map[string]url.Values{"/one": one, "/two": two} {
		if resp := s.send(s.guard, http.MethodGet, "/-/auth/callback?"+q.Encode()); resp.Header.Get("Location") != want {
			t.Errorf("%d to %q, want %s", resp.StatusCode, resp.Header.Get("Location"), want)
		}
	}
}

func TestACookieIsItsTenantsAlone(t *testing.T) {
	s := setStage(t)
	other := s.replica.guard("globex", s.issuer.URL)
	moved := s.replica.guard("acme", s.issuer.URL, func(t *tenants.Tenant) { t.Spec.Auth.Session.ClientID = "another" })
	s.signIn(s.guard, s.issuer)
	for name, g := range map[string]*auth.Guard{"another tenant": other, "another client of the tenant": moved} {
		if got := s.me(g); got != "" {
			t.Errorf("%s: the cookie is %s", name, got)
		}
	}
	q := s.begin(s.guard, s.issuer, "/")
	if resp := s.send(other, http.MethodGet, "/-/auth/callback?"+q.Encode()); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("another tenant took the sign-in: %d", resp.StatusCode)
	}
}

func TestCallbacksThatAreRefused(t *testing.T) {
	for name, change := range map[string]func(s *stage, q url.Values){
		"another state":        func(_ *stage, q url.Values) { q.Set("state", strings.Repeat("x", 43)) },
		"no state":             func(_ *stage, q url.Values) { q.Del("state") },
		"a huge state":         func(_ *stage, q url.Values) { q.Set("state", strings.Repeat("x", 5000)) },
		"another browser":      func(s *stage, _ url.Values) { s.cookies["__Host-login"] = strings.Repeat("x", 43) },
		"no browser":           func(s *stage, _ url.Values) { clear(s.cookies) },
		"another issuer":       func(_ *stage, q url.Values) { q.Set("iss", "https://evil.example") },
		"no issuer":            func(_ *stage, q url.Values) { q.Del("iss") },
		"another code":         func(_ *stage, q url.Values) { q.Set("code", "stolen") },
		"a code of another":    func(s *stage, q url.Values) { q.Set("code", newBrowser(s.t).begin(s.guard, s.issuer, "/").Get("code")) },
		"the issuer's refusal": func(_ *stage, q url.Values) { q.Set("error", "access_denied<script>") },
		"too late":             func(s *stage, _ url.Values) { s.clock.pass(11 * time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			s := setStage(t)
			q := s.begin(s.guard, s.issuer, "/")
			change(s, q)
			resp := s.send(s.guard, http.MethodGet, "/-/auth/callback?"+q.Encode())
			body := text(resp)
			if resp.StatusCode != http.StatusBadRequest || !strings.Contains(body, `"sign-in-failed"`) || strings.Contains(body, "<script") {
				t.Errorf("%d %s", resp.StatusCode, body)
			}
			if s.cookies["__Host-session"] != "" {
				t.Error("a session began")
			}
		})
	}
}

func TestACallbackCountsOnce(t *testing.T) {
	s := setStage(t)
	q := s.begin(s.guard, s.issuer, "/")
	s.send(s.guard, http.MethodGet, "/-/auth/callback?"+q.Encode())
	if s.me(s.guard) == "" {
		t.Fatal("the first is nobody")
	}
	if resp := s.send(s.guard, http.MethodGet, "/-/auth/callback?"+q.Encode()); code(t, resp) != "sign-in-failed" {
		t.Errorf("the second: %d", resp.StatusCode)
	}
	if s.issuer.Exchanges != 1 {
		t.Errorf("the issuer was asked %d times", s.issuer.Exchanges)
	}
}

func TestIDTokensThatAreRefused(t *testing.T) {
	secret := func(s *stage, c jwt.MapClaims) string {
		return issuertest.Signed(s.t, jwt.SigningMethodHS256, []byte(issuertest.Secret), c)
	}
	for name, change := range map[string]func(s *stage){
		"nonce":    func(s *stage) { s.issuer.Claims = func(c jwt.MapClaims) { c["nonce"] = "another" } },
		"no nonce": func(s *stage) { s.issuer.Claims = func(c jwt.MapClaims) { delete(c, "nonce") } },
		"audience": func(s *stage) { s.issuer.Claims = func(c jwt.MapClaims) { c["aud"] = "another" } },
		"party":    func(s *stage) { s.issuer.Claims = func(c jwt.MapClaims) { c["azp"] = "another" } },
		"audiences": func(s *stage) {
			s.issuer.Claims = func(c jwt.MapClaims) { c["aud"] = []string{issuertest.Client, "another"} }
		},
		"issuer": func(s *stage) { s.issuer.Claims = func(c jwt.MapClaims) { c["iss"] = "https://evil.example" } },
		"expired": func(s *stage) {
			s.issuer.Claims = func(c jwt.MapClaims) { c["exp"] = s.clock.now().Add(-time.Minute).Unix() }
		},
		"no expiry": func(s *stage) { s.issuer.Claims = func(c jwt.MapClaims) { delete(c, "exp") } },
		"from later": func(s *stage) {
			s.issuer.Claims = func(c jwt.MapClaims) { c["iat"] = s.clock.now().Add(time.Hour).Unix() }
		},
		"nobody":      func(s *stage) { s.issuer.Claims = func(c jwt.MapClaims) { delete(c, "sub") } },
		"no token":    func(s *stage) { s.issuer.Sign = func(jwt.MapClaims) string { return "" } },
		"HS256":       func(s *stage) { s.issuer.Sign = func(c jwt.MapClaims) string { return secret(s, c) } },
		"another key": func(s *stage) { other := issuertest.Start(s.t, s.clock.now); s.issuer.Sign = other.Sign },
		"none": func(s *stage) {
			s.issuer.Sign = func(c jwt.MapClaims) string {
				return issuertest.Signed(s.t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, c)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := setStage(t)
			change(s)
			resp := s.send(s.guard, http.MethodGet, "/-/auth/callback?"+s.begin(s.guard, s.issuer, "/").Encode())
			if got := code(t, resp); got != "sign-in-failed" || s.cookies["__Host-session"] != "" {
				t.Errorf("%d %s, cookies %v", resp.StatusCode, got, s.cookies)
			}
		})
	}
}

func TestIssuersThatAreRefused(t *testing.T) {
	for name, change := range map[string]func(map[string]any){
		"it is another":                func(d map[string]any) { d["issuer"] = "https://evil.example" },
		"its page is no address":       func(d map[string]any) { d["authorization_endpoint"] = "javascript:alert(1)" },
		"it has no token endpoint":     func(d map[string]any) { delete(d, "token_endpoint") },
		"its revocation is no address": func(d map[string]any) { d["revocation_endpoint"] = "/revoke" },
	} {
		t.Run(name, func(t *testing.T) {
			s := setStage(t)
			s.issuer.Discovery = change
			if resp := s.send(s.guard, http.MethodGet, "/-/auth/login"); resp.StatusCode != http.StatusBadGateway {
				t.Errorf("%d to %s", resp.StatusCode, resp.Header.Get("Location"))
			}
		})
	}
}

func TestOnlyPathsOfThisSiteAreReturnedTo(t *testing.T) {
	s := setStage(t)
	for _, bad := range []string{
		"https://evil.example/", "//evil.example", "/\\evil.example", "\\/evil.example", "/\t/evil.example", "/\n/evil.example", "javascript:alert(1)",
		"evil", "/ x", "/-/auth/login", "/x/../-/auth/logout", "/%2d/auth/login", "/\u0000", "/%zz", "/" + strings.Repeat("a", 3000),
		"http:/x", "?x", "/é",
	} {
		for _, route := range []string{"GET /-/auth/login", "POST /-/auth/logout"} {
			method, path, _ := strings.Cut(route, " ")
			resp := s.send(s.guard, method, path+"?returnTo="+url.QueryEscape(bad))
			if resp.StatusCode != http.StatusBadRequest || resp.Header.Get("Location") != "" {
				t.Errorf("%s %q: %d to %q", route, bad, resp.StatusCode, resp.Header.Get("Location"))
			}
		}
	}
	for _, good := range []string{"/", "/a/b?c=d&e=%2F#f", "/-/auth/me", "/a//b"} {
		q := s.begin(s.guard, s.issuer, good)
		if resp := s.send(s.guard, http.MethodGet, "/-/auth/callback?"+q.Encode()); resp.Header.Get("Location") != good {
			t.Errorf("%q: to %q", good, resp.Header.Get("Location"))
		}
	}
}

func TestAForgedCallIsRefused(t *testing.T) {
	s := setStage(t)
	s.signIn(s.guard, s.issuer)
	for name, headers := range map[string][]string{
		"another site":        {"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"},
		"a sibling tenant":    {"Sec-Fetch-Site", "same-site", "Origin", "http://globex.localhost"},
		"an older browser":    {"Origin", "https://evil.example"},
		"a page of no origin": {"Origin", "null"},
	} {
		p, err := s.guard.Principal(t.Context(), s.request(http.MethodPost, "/orders", headers...))
		if err == nil || p != nil {
			t.Errorf("%s: writes as %v", name, p)
		}
		resp := s.send(s.guard, http.MethodPost, "/-/auth/logout", headers...)
		if resp.StatusCode != http.StatusForbidden || code(t, resp) != "cross-site" {
			t.Errorf("%s: signs out with %d", name, resp.StatusCode)
		}
		socket := s.request(http.MethodGet, "/socket", append(headers, "Upgrade", "websocket")...)
		if p, err := s.guard.Principal(t.Context(), socket); err == nil || p != nil {
			t.Errorf("%s: opens a socket as %v", name, p)
		}
	}
	if s.me(s.guard) == "" {
		t.Fatal("a forged call signed out")
	}
	own := s.request(http.MethodPost, "/orders", "Sec-Fetch-Site", "same-origin", "Origin", "http://acme.localhost")
	if p, err := s.guard.Principal(t.Context(), own); err != nil || p == nil {
		t.Errorf("its own page is refused: %v", err)
	}
	trusting := s.replica.guard("acme", s.issuer.URL, func(t *tenants.Tenant) {
		t.Spec.CORS = tenants.CORS{Origins: []string{"https://app.example", "*"}, Credentials: true}
	})
	for origin, want := range map[string]bool{"https://app.example": true, "https://evil.example": false} {
		p, _ := trusting.Principal(t.Context(), s.request(http.MethodPost, "/", "Sec-Fetch-Site", "cross-site", "Origin", origin))
		if (p != nil) != want {
			t.Errorf("CORS with credentials, %s: %v", origin, p)
		}
	}
}
