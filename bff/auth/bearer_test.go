package auth_test

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"atrium/bff/api"
	"atrium/bff/auth"
	"atrium/bff/problem"
	"atrium/clients"
	"atrium/tenants"
)

// A tokenIssuer signs tokens and serves its discovery document and keys.
type tokenIssuer struct {
	*httptest.Server

	key   *rsa.PrivateKey
	calls atomic.Int64 // of its keys
}

func newTokenIssuer(t *testing.T) *tokenIssuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	is := &tokenIssuer{key: key}
	mux := http.NewServeMux()
	is.Server = httptest.NewServer(mux)
	t.Cleanup(is.Close)
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": is.URL, "jwks_uri": is.URL + "/keys"})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		is.calls.Add(1)
		encode := base64.RawURLEncoding.EncodeToString
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []map[string]string{{
			"kty": "RSA", "kid": "k1", "alg": "RS256", "use": "sig",
			"n": encode(key.N.Bytes()), "e": encode(big.NewInt(int64(key.E)).Bytes()),
		}}})
	})
	return is
}

// token signs claims that are good but for what is given.
func (is *tokenIssuer) token(t *testing.T, method jwt.SigningMethod, key any, kid string, other jwt.MapClaims) string {
	t.Helper()
	claims := jwt.MapClaims{
		"iss": is.URL, "sub": "user-17", "aud": []string{"web"}, "exp": time.Now().Add(time.Hour).Unix(), "roles": []string{"staff"},
		"scope": "read write",
	}
	maps.Copy(claims, other)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"] = kid
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func guardOf(t *testing.T, spec *tenants.Auth, allow bool) *auth.Guard {
	t.Helper()
	transport := clients.NewTransport(clients.Options{AllowAll: allow})
	t.Cleanup(transport.Close)
	shared := auth.NewSessions(auth.SessionsOptions{Keys: auth.NewKeySets(transport.RoundTripper(true))})
	g, err := auth.NewGuard(&tenants.Tenant{ID: "acme", Spec: tenants.Spec{Auth: *spec}}, shared)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func principalOf(t *testing.T, g *auth.Guard, header, value string) (*auth.Principal, error) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
	r.Header.Set(header, value)
	return g.Principal(t.Context(), r)
}

func TestTokens(t *testing.T) {
	is := newTokenIssuer(t)
	g := guardOf(t, &tenants.Auth{JWT: &tenants.JWT{Issuer: is.URL, Audience: []string{"web"}}}, true)
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&is.key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
	rs, good := jwt.SigningMethodRS256, is.token(t, jwt.SigningMethodRS256, is.key, "k1", nil)
	past := time.Now().Add(-time.Hour).Unix()
	tests := map[string]struct {
		token string
		ok    bool
	}{
		"good":                          {good, true},
		"signed by somebody else":       {is.token(t, rs, stranger, "k1", nil), false},
		"algorithm none":                {is.token(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "k1", nil), false},
		"the public key as a secret":    {is.token(t, jwt.SigningMethodHS256, publicPEM, "k1", nil), false},
		"unknown key":                   {is.token(t, rs, is.key, "k2", nil), false},
		"another issuer":                {is.token(t, rs, is.key, "k1", jwt.MapClaims{"iss": "https://evil.example"}), false},
		"another audience":              {is.token(t, rs, is.key, "k1", jwt.MapClaims{"aud": "admin"}), false},
		"no audience":                   {is.token(t, rs, is.key, "k1", jwt.MapClaims{"aud": nil}), false},
		"expired":                       {is.token(t, rs, is.key, "k1", jwt.MapClaims{"exp": past}), false},
		"never expires":                 {is.token(t, rs, is.key, "k1", jwt.MapClaims{"exp": nil}), false},
		"not valid yet":                 {is.token(t, rs, is.key, "k1", jwt.MapClaims{"nbf": time.Now().Add(time.Hour).Unix()}), false},
		"expired within the leeway":     {is.token(t, rs, is.key, "k1", jwt.MapClaims{"exp": time.Now().Add(-5 * time.Second).Unix()}), true},
		"of nobody":                     {is.token(t, rs, is.key, "k1", jwt.MapClaims{"sub": nil}), false},
		"changed after it was signed":   {tampered(good), false},
		"longer than anybody's":         {good + strings.Repeat("A", 16<<10), false},
		"three words with dots between": {"a.b.c", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p, err := principalOf(t, g, "Authorization", "Bearer "+tt.token)
			if !tt.ok {
				refusal, is := errors.AsType[*problem.Problem](err)
				if !is || refusal.Status != http.StatusUnauthorized || p != nil || refusal.Header.Get("Www-Authenticate") == "" {
					t.Errorf("the token gives %v, %v; want 401", p, err)
				}
				return
			}
			if err != nil || p.ID != "jwt:user-17" || len(p.Roles) != 1 || len(p.Scopes) != 2 {
				t.Errorf("the token gives %+v, %v", p, err)
			}
		})
	}
	if n := is.calls.Load(); n != 1 {
		t.Errorf("the keys were fetched %d times, want once", n)
	}
}

// tampered puts another subject into a signed token.
func tampered(token string) string {
	parts := strings.Split(token, ".")
	claims, _ := base64.RawURLEncoding.DecodeString(parts[1])
	parts[1] = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(claims), "user-17", "user-18", 1)))
	return strings.Join(parts, ".")
}

// TestKeysOfAnIssuer holds that unknown keys cost no flood of fetches, and that the address guard holds for issuers too.
func TestKeysOfAnIssuer(t *testing.T) {
	is := newTokenIssuer(t)
	spec := &tenants.Auth{JWT: &tenants.JWT{Issuer: is.URL}}
	g := guardOf(t, spec, true)
	for range 20 {
		if _, err := principalOf(t, g, "Authorization", "Bearer "+is.token(t, jwt.SigningMethodRS256, is.key, rand.Text(), nil)); err == nil {
			t.Fatal("an unknown key passes")
		}
	}
	if n := is.calls.Load(); n != 1 {
		t.Errorf("20 tokens with unknown keys cost %d fetches, want one", n)
	}
	_, err := principalOf(t, guardOf(t, spec, false), "Authorization", "Bearer "+is.token(t, jwt.SigningMethodRS256, is.key, "k1", nil))
	if call, ok := errors.AsType[*clients.Error](err); !ok || call.Kind != clients.Address {
		t.Errorf("an issuer at a private address gives %v", err)
	}
}

func TestAPIKeys(t *testing.T) {
	sum := func(key string) string { h := sha256.Sum256([]byte(key)); return "sha256:" + hex.EncodeToString(h[:]) }
	g := guardOf(t, &tenants.Auth{APIKeys: []tenants.APIKey{
		{ID: "web", Hash: sum("good"), Roles: []string{"staff"}},
		{ID: "old", Hash: sum("old"), Expires: tenants.Instant{Time: time.Now().Add(-time.Minute)}},
	}}, true)
	for _, header := range []string{"X-API-Key", "Authorization"} {
		value := map[string]string{"X-API-Key": "good", "Authorization": "Bearer good"}[header]
		if p, err := principalOf(t, g, header, value); err != nil || p.ID != "key:web" {
			t.Errorf("%s gives %v, %v", header, p, err)
		}
	}
	for _, key := range []string{"old", "bad", sum("good"), hex.EncodeToString(hmac.New(sha256.New, nil).Sum(nil))} {
		if p, err := principalOf(t, g, "X-API-Key", key); err == nil || p != nil {
			t.Errorf("the key %s gives %v", key, p)
		}
	}
	if p, err := principalOf(t, g, "Authorization", "Basic Z29vZA=="); err != nil || p != nil {
		t.Errorf("another scheme gives %v, %v; want nobody", p, err)
	}
}

func TestAllow(t *testing.T) {
	staff := &auth.Principal{Roles: []string{"staff"}, Scopes: []string{"read", "write"}}
	tests := []struct {
		name   string
		rule   *api.Auth
		who    *auth.Principal
		status int // 0 when it passes
	}{
		{"no rule", nil, nil, 0},
		{"optional", &api.Auth{Mode: api.AuthOptional}, nil, 0},
		{"required of nobody", &api.Auth{Mode: api.AuthRequired}, nil, http.StatusUnauthorized},
		{"required", &api.Auth{Mode: api.AuthRequired}, staff, 0},
		{"one of the roles", &api.Auth{Mode: api.AuthRequired, Roles: []string{"admin", "staff"}}, staff, 0},
		{"none of the roles", &api.Auth{Mode: api.AuthRequired, Roles: []string{"admin"}}, staff, http.StatusForbidden},
		{"all scopes", &api.Auth{Mode: api.AuthRequired, Scopes: []string{"read", "write"}}, staff, 0},
		{"one scope missing", &api.Auth{Mode: api.AuthRequired, Scopes: []string{"read", "delete"}}, staff, http.StatusForbidden},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := auth.Allow(tt.rule, tt.who)
			refusal, _ := errors.AsType[*problem.Problem](err)
			if tt.status == 0 && err != nil || tt.status != 0 && (refusal == nil || refusal.Status != tt.status) {
				t.Errorf("it gives %v, want %d", err, tt.status)
			}
		})
	}
}
