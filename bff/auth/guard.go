package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"atrium/tenants"
)

// A Guard knows the credentials of one tenant. It is immutable.
type Guard struct {
	keys   map[[sha256.Size]byte]*apiKey
	jwt    *tenants.JWT
	sets   *KeySets
	signIn *SignIn // nil: no browser signs in here
}

type apiKey struct {
	principal *Principal
	expires   time.Time // zero means never
}

// NewGuard builds the guard of a tenant. Sessions and their key sets are shared by all tenants.
func NewGuard(t *tenants.Tenant, shared *Sessions) (*Guard, error) {
	spec := &t.Spec.Auth
	g := &Guard{jwt: spec.JWT, sets: shared.keys}
	if spec.Session != nil {
		var err error
		if g.signIn, err = shared.signIn(t); err != nil {
			return nil, err
		}
	}
	if len(spec.APIKeys) > 0 {
		g.keys = make(map[[sha256.Size]byte]*apiKey, len(spec.APIKeys))
	}
	for _, k := range spec.APIKeys {
		p, err := newPrincipal("key:"+k.ID, k.ID, k.Roles, k.Scopes, nil)
		if err != nil {
			return nil, err
		}
		var sum [sha256.Size]byte
		if _, err := hex.Decode(sum[:], []byte(strings.TrimPrefix(k.Hash, "sha256:"))); err != nil {
			return nil, err
		}
		g.keys[sum] = &apiKey{principal: p, expires: k.Expires.Time}
	}
	return g, nil
}

// SignIn is the tenant's browser sign-in, nil when it has none.
func (g *Guard) SignIn() *SignIn { return g.signIn }

// Principal returns who sent the request: nil when it carries no credential, a 401 problem when its credential is not valid.
// A bearer token is an API key, or else a JWT where the tenant names an issuer. Without either the cookie of a session counts, unless a
// page of another origin may have sent it: that is a 403.
func (g *Guard) Principal(ctx context.Context, r *http.Request) (*Principal, error) {
	credential := r.Header.Get("X-API-Key")
	if credential == "" {
		scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if strings.EqualFold(scheme, "Bearer") {
			credential = strings.TrimSpace(token)
		}
	}
	if credential == "" {
		if g.signIn != nil {
			return g.signIn.principal(ctx, r)
		}
		return nil, nil //nolint:nilnil // nobody is a valid answer
	}
	// The key is looked up by its hash, so that how long it takes tells nothing of the keys there are.
	if k, ok := g.keys[sha256.Sum256([]byte(credential))]; ok {
		if !k.expires.IsZero() && time.Now().After(k.expires) {
			return nil, unauthorized("The API key has expired.", "invalid_token")
		}
		return k.principal, nil
	}
	if g.jwt != nil && strings.Count(credential, ".") == 2 {
		return g.verify(ctx, credential)
	}
	return nil, unauthorized("The credential is not known here.", "invalid_token")
}
