package issuertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Client is the client that the issuer knows.
const Client = "web"

// Secret is the client's.
const Secret = "s3cret:with/odd chars"

// An Issuer signs user-17 in, as OpenID Connect says. Its exported fields may be changed and read while it answers nothing.
type Issuer struct {
	*httptest.Server

	// What tests change.
	Claims    func(jwt.MapClaims)            // of ID tokens
	Sign      func(jwt.MapClaims) string     // an ID token
	Discovery func(map[string]any)           // the discovery document
	Token     func(http.ResponseWriter) bool // instead of the token endpoint; true: it has answered
	Gate      chan struct{}                  // refreshes wait until it is closed; nil: they do not
	Expires   int                            // of access tokens, in seconds; zero: it does not say

	// What tests look at.
	Exchanges int // of codes
	Refreshes int
	Revoked   []string

	t   testing.TB
	now func() time.Time
	key *ecdsa.PrivateKey

	mu      sync.Mutex
	codes   map[string]url.Values // the authentication request of each code
	current string                // the refresh token that may be used; its older ones may not
}

// Start runs an issuer until the test ends. now is its clock.
func Start(t testing.TB, now func() time.Time) *Issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	f := &Issuer{t: t, now: now, key: key, codes: map[string]url.Values{}, Expires: 300}
	f.Sign = func(c jwt.MapClaims) string { return Signed(t, jwt.SigningMethodES256, key, c) }
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", f.serveDiscovery)
	mux.HandleFunc("GET /jwks", f.serveKeys)
	mux.HandleFunc("POST /token", f.serveToken)
	mux.HandleFunc("POST /revoke", func(_ http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.Revoked = append(f.Revoked, r.PostFormValue("token"))
	})
	f.Server = httptest.NewServer(mux)
	t.Cleanup(f.Close)
	return f
}

// Signed writes a token that names the issuer's key, whatever it is signed with.
func Signed(t testing.TB, method jwt.SigningMethod, key any, c jwt.MapClaims) string {
	token := jwt.NewWithClaims(method, c)
	token.Header["kid"] = "k1"
	text, err := token.SignedString(key)
	if err != nil {
		t.Error(err)
	}
	return text
}

func (f *Issuer) serveDiscovery(w http.ResponseWriter, _ *http.Request) {
	doc := map[string]any{
		"issuer": f.URL, "jwks_uri": f.URL + "/jwks", "authorization_endpoint": f.URL + "/authorize", "token_endpoint": f.URL + "/token",
		"revocation_endpoint": f.URL + "/revoke", "authorization_response_iss_parameter_supported": true,
	}
	if f.Discovery != nil {
		f.Discovery(doc)
	}
	_ = json.NewEncoder(w).Encode(doc)
}

func (f *Issuer) serveKeys(w http.ResponseWriter, _ *http.Request) {
	b64 := base64.RawURLEncoding.EncodeToString
	raw, err := f.key.PublicKey.Bytes()
	if err != nil {
		f.t.Error(err)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{map[string]any{
		"kty": "EC", "crv": "P-256", "kid": "k1", "use": "sig", "alg": "ES256", "x": b64(raw[1:33]), "y": b64(raw[33:65]),
	}}})
}

// Approve is what the user's browser does at the issuer: it gives back the query of the callback.
func (f *Issuer) Approve(location string) url.Values {
	f.t.Helper()
	u, err := url.Parse(location)
	if err != nil || u.Scheme+"://"+u.Host+u.Path != f.URL+"/authorize" {
		f.t.Fatalf("sent to %q, want %s/authorize", location, f.URL)
	}
	q := u.Query()
	if q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || len(q.Get("state")) < 40 || len(q.Get("nonce")) < 40 {
		f.t.Fatalf("the request lacks something: %v", q)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	code := rand.Text()
	f.codes[code] = q
	return url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {f.URL}}
}

func (f *Issuer) serveToken(w http.ResponseWriter, r *http.Request) {
	if f.Token != nil && f.Token(w) {
		return
	}
	id, secret, _ := r.BasicAuth()
	id, _ = url.QueryUnescape(id)
	secret, _ = url.QueryUnescape(secret)
	if id != Client || secret != Secret {
		refuse(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	if r.PostFormValue("grant_type") == "refresh_token" {
		if f.Gate != nil {
			<-f.Gate
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.Refreshes++
		if f.current == "" || r.PostFormValue("refresh_token") != f.current {
			f.current = "" // a second use: the family ends
			refuse(w, http.StatusBadRequest, "invalid_grant")
			return
		}
		f.answer(w, "")
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Exchanges++
	asked, ok := f.codes[r.PostFormValue("code")]
	delete(f.codes, r.PostFormValue("code"))
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !ok || asked.Get("redirect_uri") != r.PostFormValue("redirect_uri") ||
		asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) {
		refuse(w, http.StatusBadRequest, "invalid_grant")
		return
	}
	f.answer(w, asked.Get("nonce"))
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": code})
}

func (f *Issuer) answer(w http.ResponseWriter, nonce string) {
	f.current = "refresh-" + rand.Text()
	c := jwt.MapClaims{
		"iss": f.URL, "aud": Client, "sub": "user-17", "roles": []string{"customer"}, "iat": f.now().Unix(),
		"exp": f.now().Add(5 * time.Minute).Unix(), "number": json.Number("9007199254740993"), "sid": "issuer-session",
	}
	if nonce != "" {
		c["nonce"] = nonce
	}
	if f.Claims != nil {
		f.Claims(c)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{
		"access_token": "access-" + rand.Text(), "token_type": "bearer", "expires_in": f.Expires, "refresh_token": f.current,
		"id_token": f.Sign(c), "scope": "openid orders",
	})
}

// RefreshToken is the refresh token that may be used now.
func (f *Issuer) RefreshToken() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.current
}

// Steal makes another refresh token the current one: what clients hold has been used.
func (f *Issuer) Steal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.current = "refresh-of-a-thief"
}
