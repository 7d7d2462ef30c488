package httpcache

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"atrium/bff/problem"
	"atrium/cache"
)

// MaxBody is the size in bytes of the largest body that is kept. Larger ones stream through.
const MaxBody = 1 << 20

// Credentials are the request headers that say who the client is.
var Credentials = []string{"Authorization", "Cookie", "X-Api-Key"}

// Cache is an HTTP cache over the cache of this server. It has no state of its own.
type Cache struct {
	store *cache.Cache
	name  string
}

// New returns an HTTP cache that keeps its answers in store and calls itself name in Cache-Status.
func New(store *cache.Cache, name string) *Cache { return &Cache{store: store, name: name} }

// An Exchange is a client's request as it goes upstream.
type Exchange struct {
	Tenant   string
	Identity []byte        // tells upstreams and what this server adds to their requests apart: part of the key
	Sent     *http.Request // the request for the upstream: GET, an absolute URL, and only headers that may reach it; none of If-* and Range
	Personal bool          // Sent has one of the client's Credentials
	Timeout  time.Duration // for the head and a kept body; zero means 30s

	RoundTripper http.RoundTripper
	Clean        func(http.Header) // takes away what the client must not see of an answer

	// Pass answers without the cache: by the round tripper given, else by the Exchange's, and with a member for Cache-Status.
	Pass func(via http.RoundTripper, cacheStatus string) error
}

// Eligible reports whether a request is one that the cache may answer.
func Eligible(r *http.Request) bool { return bypass(r) == "" }

// Bypass is the member of Cache-Status for a request that is not Eligible.
func (c *Cache) Bypass(r *http.Request) string { return c.name + "; fwd=" + bypass(r) }

// bypass names why a request goes past the cache, as RFC 9211 does; "" when it does not.
func bypass(r *http.Request) string {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return "method"
	}
	for _, name := range []string{
		"Range", "If-Range", "If-Match", "If-Unmodified-Since", "Upgrade", "Last-Event-Id",
	} {
		if _, ok := r.Header[name]; ok {
			return "bypass"
		}
	}
	if (r.Body != nil && r.Body != http.NoBody && r.ContentLength != 0) ||
		strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		return "bypass"
	}
	if wishesOf(r.Header).noStore {
		return "request"
	}
	return ""
}

// Serve answers an eligible request. When it returns an error, nothing was written: a *problem.Problem, or the round
// tripper's.
func (c *Cache) Serve(w http.ResponseWriter, r *http.Request, x *Exchange) error {
	e := &exchange{Exchange: x, cache: c, client: r, wishes: wishesOf(r.Header), hand: new(hand)}
	e.base = e.key(nil)
	defer e.hand.close()
	ctx := r.Context()
	if e.wishes.onlyIfCached || r.Method == http.MethodHead {
		state := e.peek(ctx)
		switch {
		case e.wishes.onlyIfCached && state != cache.Hit:
			return problem.New(http.StatusGatewayTimeout, "not-cached", "There is no fresh answer in the cache, and no other was wanted.")
		case state != cache.Hit && state != cache.Stale:
			return x.Pass(nil, c.name+"; fwd=uri-miss")
		}
	}
	result, err := e.fetch(ctx, e.wishes.revalidate)
	if err == nil && e.unwanted(result) {
		result, err = e.fetch(ctx, true)
	}
	return e.answer(w, result, err)
}

// exchange is one request at the cache.
type exchange struct {
	*Exchange

	cache  *Cache
	client *http.Request
	wishes wishes
	base   cache.Key
	hand   *hand
}

// key is the base key, or with the names of selecting headers that of a variant.
func (e *exchange) key(names []string) cache.Key {
	personal := []byte("all")
	if e.Personal {
		personal = []byte("personal") // never what was made for a request without a credential
	}
	parts := [][]byte{[]byte("http"), e.Identity, personal, []byte(e.Sent.URL.String())}
	if len(names) > 0 {
		parts = append(parts, selecting(names, e.Sent.Header))
	}
	return cache.NewKey(e.Tenant, parts...)
}

// fetch follows the record, if there is one. What the fills of this very request left in hand goes before the result.
func (e *exchange) fetch(ctx context.Context, revalidate bool) (cache.Result, error) {
	result, err := e.get(ctx, nil, revalidate)
	if err != nil {
		return result, err
	}
	names, ok := recorded(result.Entry)
	if !ok || e.hand.full() {
		return result, nil
	}
	return e.get(ctx, names, revalidate)
}

func (e *exchange) get(ctx context.Context, names []string, revalidate bool) (cache.Result, error) {
	req := cache.Request{
		Key: e.key(names), Policy: cache.Policy{Tags: []string{uriTag(e.Sent.URL)}}, HardTimeout: e.Timeout, Revalidate: revalidate,
	}
	return e.cache.store.Fetch(ctx, req, func(ctx context.Context, known *cache.Entry) (cache.Answer, error) {
		return e.fill(ctx, names, known)
	})
}

// peek tells what fetch would find, without asking the upstream.
func (e *exchange) peek(ctx context.Context) cache.State {
	state, _ := e.cache.store.Peek(ctx, e.base)
	if state != cache.Hit {
		return state
	}
	result, err := e.get(ctx, nil, false)
	if err != nil || result.State != cache.Hit {
		return cache.Miss
	}
	if names, ok := recorded(result.Entry); ok {
		state, _ = e.cache.store.Peek(ctx, e.key(names))
	}
	return state
}

// unwanted reports whether what the cache has is not what the client asked for.
func (e *exchange) unwanted(r cache.Result) bool {
	if r.State != cache.Hit && r.State != cache.Stale {
		return false
	}
	return (e.wishes.maxAge >= 0 && r.Age > e.wishes.maxAge) || r.TTL < e.wishes.minFresh && e.wishes.minFresh > 0
}

// errFailed stands for an answer of the upstream that says that it failed: kept content may take its place.
var errFailed = errors.New("the upstream answered with a server error")
