package auth

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"atrium/bff/auth/sessions"
	"atrium/bff/problem"
	"atrium/tenants"
)

// The life of a session and of a sign-in that has begun.
const (
	sessionLife = 12 * time.Hour // from sign-in, whatever happens
	sessionIdle = time.Hour      // from the last request
	loginLife   = 10 * time.Minute
)

// Sessions are the browser sign-ins of all tenants. It starts no goroutine.
type Sessions struct {
	store   sessions.Store
	keys    *KeySets
	log     *slog.Logger
	now     func() time.Time
	flights singleflight.Group

	mu        sync.Mutex
	providers map[string]*provider // by issuer
}

// SessionsOptions configure Sessions.
type SessionsOptions struct {
	Store sessions.Store   // nil: in memory
	Keys  *KeySets         // required: issuers are asked through its client
	Log   *slog.Logger     // nil discards
	Now   func() time.Time // nil means time.Now
}

// NewSessions returns the sign-ins of all tenants.
func NewSessions(o SessionsOptions) *Sessions {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Store == nil {
		o.Store = sessions.NewMemory(o.Now)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Sessions{store: o.Store, keys: o.Keys, log: o.Log, now: o.Now, providers: map[string]*provider{}}
}

// SignIn is browser sign-in of one tenant: OpenID Connect's code flow with PKCE. Its browser holds the id of a session and no token.
type SignIn struct {
	shared *Sessions
	tenant string
	spec   *tenants.Session
	secret tenants.Secret
	forged *http.CrossOriginProtection
}

func (s *Sessions) signIn(t *tenants.Tenant) (*SignIn, error) {
	forged := http.NewCrossOriginProtection()
	if t.Spec.CORS.Credentials {
		for _, origin := range t.Spec.CORS.Origins {
			if origin == "*" {
				continue // any page may read what needs no sign-in, and none may act as who has signed in
			}
			if err := forged.AddTrustedOrigin(origin); err != nil {
				return nil, err
			}
		}
	}
	return &SignIn{
		shared: s, tenant: string(t.ID), spec: t.Spec.Auth.Session, secret: t.ClientSecret(), forged: forged,
	}, nil
}

// A session is somebody who has signed in, as the store keeps it.
type session struct {
	Issuer  string         `json:"issuer"`
	Client  string         `json:"client"`
	Subject string         `json:"subject"`
	Claims  map[string]any `json:"claims"` // of the ID token, without those of the protocol
	Scopes  []string       `json:"scopes"`
	Access  string         `json:"access"`
	Refresh string         `json:"refresh,omitempty"`
	Expires time.Time      `json:"expires"` // of the access token; zero where the issuer does not say
	Created time.Time      `json:"created"`
}

// A place is where the store keeps a record. The store sees a digest of its id, and the record sealed with a key that only the id gives:
// who reads the store can neither act for anybody nor learn a token.
type place struct {
	store sessions.Store
	key   sessions.Key
	aead  cipher.AEAD
	aad   []byte
}

// maxID bounds what a browser may send as an id.
const maxID = 128

func (s *SignIn) place(kind, id string) (*place, error) {
	if id == "" || len(id) > maxID {
		return nil, errors.New("that is no id")
	}
	about := "atrium " + kind + " of " + s.tenant
	both, err := hkdf.Key(sha256.New, []byte(id), nil, about, 2*sha256.Size)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(both[sha256.Size:])
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	key := sessions.Key{Tenant: s.tenant, Kind: kind, ID: [sha256.Size]byte(both[:sha256.Size])}
	return &place{store: s.shared.store, key: key, aead: aead, aad: []byte(about)}, nil
}

func (p *place) seal(v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return p.aead.Seal(nil, nil, text, p.aad), nil //nolint:gosec // no nonce is given: this AEAD makes its own
}

// open reads a record; false means that there is none that could be read.
func (p *place) open(sealed []byte, into any) bool {
	if sealed == nil {
		return false
	}
	text, err := p.aead.Open(nil, nil, sealed, p.aad)
	if err != nil {
		return false
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber() // claims keep every digit
	return decoder.Decode(into) == nil
}

// load returns the session of a place, nil when there is none that holds now.
func (s *SignIn) load(ctx context.Context, at *place) (*session, error) {
	sealed, err := at.store.Get(ctx, at.key, sessionIdle)
	if err != nil {
		return nil, unavailable(err)
	}
	sess := new(session)
	if !at.open(sealed, sess) || sess.Issuer != s.spec.Issuer || sess.Client != s.spec.ClientID ||
		s.shared.now().Sub(sess.Created) >= sessionLife {
		return nil, nil //nolint:nilnil // nobody is a valid answer
	}
	return sess, nil
}

// principal returns who the request's cookie speaks for: nil when nobody, a 403 when another site may have sent it.
func (s *SignIn) principal(ctx context.Context, r *http.Request) (*Principal, error) {
	id := cookie(r, sessionCookie)
	if id == "" {
		return nil, nil //nolint:nilnil // nobody is a valid answer
	}
	if err := s.sameOrigin(r); err != nil {
		return nil, err
	}
	at, err := s.place("session", id)
	if err != nil {
		return nil, nil //nolint:nilnil,nilerr // what is no id is nobody's
	}
	sess, err := s.load(ctx, at)
	if err == nil && sess != nil && s.stale(sess) {
		sess, err = s.refreshed(ctx, at)
	}
	if err != nil || sess == nil {
		return nil, err
	}
	role := s.spec.RolesClaim
	if role == "" {
		role = tenants.DefaultRolesClaim
	}
	p, err := newPrincipal("session:"+sess.Subject, sess.Subject, textList(sess.Claims[role]), sess.Scopes, sess.Claims)
	if err != nil {
		return nil, err
	}
	if sess.Expires.IsZero() || s.shared.now().Before(sess.Expires) {
		p.token = sess.Access
	}
	return p, nil
}

// sameOrigin refuses what the page of another origin may have sent with its visitor's cookie. Tenants of one base domain are one site
// to browsers, so that SameSite alone does not keep them apart. An upgrade is held to it too: a socket writes, though it starts as a GET.
func (s *SignIn) sameOrigin(r *http.Request) error {
	if r.Header.Get("Upgrade") != "" {
		asked := *r
		asked.Method = http.MethodPost
		r = &asked
	}
	if err := s.forged.Check(r); err != nil {
		return problem.New(http.StatusForbidden, "cross-site", "A page of another origin may not act for who has signed in here.").Because(err)
	}
	return nil
}

func unavailable(err error) *problem.Problem {
	p := problem.New(http.StatusServiceUnavailable, "sessions-unavailable", "Who has signed in cannot be read now.").Because(err)
	p.RetryAfter = time.Second
	return p
}
