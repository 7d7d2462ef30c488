package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"

	"atrium/clients"
)

// KeySets holds the public keys of issuers, fetched when first needed and shared by all tenants. It starts no goroutine.
type KeySets struct {
	client *http.Client

	mu   sync.Mutex
	sets map[string]*keySet // by where the keys are
}

// The life of a key set. A flood of tokens with unknown keys costs one fetch a minute.
const (
	keySetLife    = time.Hour
	refetchAfter  = time.Minute
	fetchTimeout  = 5 * time.Second
	maxKeySetSize = 1 << 20
)

// NewKeySets returns key sets that are fetched through rt, which guards addresses.
func NewKeySets(rt http.RoundTripper) *KeySets {
	return &KeySets{sets: make(map[string]*keySet), client: &http.Client{
		Transport: rt, Timeout: fetchTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

type keySet struct {
	mu      sync.Mutex // held while fetching, so that callers share one fetch
	keys    keyfunc.Keyfunc
	fetched time.Time // of the last try
	err     error     // of the last try
}

func (k *KeySets) keyfunc(ctx context.Context, issuer, jwks string) jwt.Keyfunc {
	return func(token *jwt.Token) (any, error) {
		k.mu.Lock()
		set := k.sets[issuer+" "+jwks]
		if set == nil {
			set = new(keySet)
			k.sets[issuer+" "+jwks] = set
		}
		k.mu.Unlock()
		return set.key(ctx, token, func(ctx context.Context) (keyfunc.Keyfunc, error) { return k.fetch(ctx, issuer, jwks) })
	}
}

func (s *keySet) key(ctx context.Context, token *jwt.Token, fetch func(context.Context) (keyfunc.Keyfunc, error)) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	age := time.Since(s.fetched)
	if s.keys == nil && age > time.Second || age > keySetLife {
		s.refresh(ctx, fetch)
	}
	if s.keys == nil {
		return nil, s.err
	}
	key, err := s.keys.Keyfunc(token)
	if errors.Is(err, jwkset.ErrKeyNotFound) && time.Since(s.fetched) > refetchAfter {
		s.refresh(ctx, fetch)
		key, err = s.keys.Keyfunc(token)
	}
	return key, err
}

// refresh fetches the keys; where that fails the old ones stay.
func (s *keySet) refresh(ctx context.Context, fetch func(context.Context) (keyfunc.Keyfunc, error)) {
	s.fetched = time.Now()
	keys, err := fetch(context.WithoutCancel(ctx)) // others wait for the same keys; the client has its own timeout
	if s.err = err; err == nil {
		s.keys = keys
	}
}

func (k *KeySets) fetch(ctx context.Context, issuer, jwks string) (keyfunc.Keyfunc, error) {
	if jwks == "" {
		d, err := k.discover(ctx, issuer)
		if err != nil {
			return nil, err
		}
		jwks = d.JWKS
	}
	text, err := k.get(ctx, jwks)
	if err != nil {
		return nil, err
	}
	keys, err := keyfunc.NewJWKSetJSON(text)
	if err != nil {
		return nil, fetchError(fmt.Errorf("read the key set of %s: %w", issuer, err))
	}
	return keys, nil
}

func (k *KeySets) get(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, fetchError(err)
	}
	resp, err := k.client.Do(req)
	if err != nil {
		if call, ok := errors.AsType[*clients.Error](err); ok {
			call.Upstream, call.Operation = "issuer", "keys"
			return nil, call
		}
		return nil, fetchError(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxKeySetSize))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %s", url, resp.Status)
	}
	if err != nil {
		return nil, fetchError(err)
	}
	return text, nil
}

func fetchError(err error) *clients.Error {
	return &clients.Error{Kind: clients.Unreachable, Upstream: "issuer", Operation: "keys", Err: err}
}
