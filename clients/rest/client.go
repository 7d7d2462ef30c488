package rest

import (
	"context"
	"net/http"
	"time"

	"atrium/clients"
	"atrium/tenants"
)

// Settings of an upstream.
type Settings struct {
	Name            string
	Timeout         time.Duration // of a call with all its tries; zero means 5s
	MaxAnswer       int64         // bytes of an answer; zero means 8 MiB
	Attempts        int           // tries in all of idempotent calls; zero means 3, 1 means no retry
	BreakerFailures int           // failed calls in a row that open the breaker; zero means 5, negative means no breaker
	BreakerOpen     time.Duration // how long before one call probes again; zero means 5s
	Forward         []string      // client headers that callers pass on; kept for them
}

// An Upstream is an HTTP API as all tenants of an API share it. It is immutable.
type Upstream struct {
	Settings
}

// NewUpstream returns an upstream, its zero settings filled in.
func NewUpstream(s Settings) *Upstream { return &Upstream{s} }

// TargetSettings are a tenant's part of an upstream.
type TargetSettings struct {
	BaseURL     string      // http or https; its path is put before the operation's
	Literal     bool        // BaseURL is the operator's word: any address may be dialled
	Header      http.Header // sent with every call, over what the call brings; may hold secrets
	Concurrency int         // calls at once; zero means no limit
}

// A Target is one tenant's view of an upstream. Build it once per tenant revision: breaker and share live in it.
type Target struct{}

// Target returns a tenant's view of the upstream. The error says what is wrong with the settings and names no secret.
func (u *Upstream) Target(tenant tenants.ID, s TargetSettings) (*Target, error) {
	return &Target{}, nil
}

// Upstream returns the upstream that t is a view of.
func (t *Target) Upstream() *Upstream { return nil }

// BaseURL returns where calls go, without a trailing slash.
func (t *Target) BaseURL() string { return "" }

// Header returns what is sent with every call. Do not change it; it may hold secrets.
func (t *Target) Header() http.Header { return nil }

// Guarded reports whether the address guard applies.
func (t *Target) Guarded() bool { return false }

// Gate returns the breaker and share that calls to the target go through.
func (t *Target) Gate() *clients.Gate { return nil }

// Args are what a call is made with.
type Args struct {
	Params  [][]byte      // raw JSON by the index of Operation.Params; nil or null means absent
	Body    []byte        // raw JSON; nil means none
	Header  http.Header   // extra headers, already allowed
	Timeout time.Duration // shorter than the upstream's; zero means the upstream's

	Forwarded bool // Header carries the user's own credential
}

// A Request is a call that has been checked and escaped. It may be sent more than once.
type Request struct{}

// Request builds a call. The error is a *clients.Error of Kind Request.
func (o *Operation) Request(t *Target, a Args) (*Request, error) { return &Request{}, nil }

// Key returns every byte that will reach the upstream: method, URL, headers and body. Equal keys are equal calls.
// It may hold secrets: hash it.
func (r *Request) Key() []byte { return nil }

// Client sends requests.
type Client struct{}

// NewClient returns a client on a transport.
func NewClient(t *clients.Transport) *Client { return &Client{} }

// A Response is an answer with a 2xx status.
type Response struct {
	Status int
	Header http.Header
	Body   []byte // valid JSON, "null" when there was none
}

// Do sends a request: with the call's deadline, retries within it, breaker and share. The error is a *clients.Error.
func (c *Client) Do(ctx context.Context, r *Request) (*Response, error) { return &Response{}, nil }
