package rest

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"atrium/clients"
	"atrium/tenants"
)

// Settings of an upstream.
type Settings struct {
	Name            string
	Timeout         time.Duration // of a call with all its tries and waits; zero means 5s
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
func NewUpstream(s Settings) *Upstream {
	s.Timeout = cmp.Or(s.Timeout, 5*time.Second)
	s.MaxAnswer = cmp.Or(s.MaxAnswer, 8<<20)
	return &Upstream{Settings: s}
}

// TargetSettings are a tenant's part of an upstream.
type TargetSettings struct {
	BaseURL     string      // http or https; its path is put before the operation's
	Literal     bool        // BaseURL is the operator's word: any address may be dialled
	Header      http.Header // sent with every call, over what the call brings; may hold secrets
	Concurrency int         // calls at once; zero means no limit
}

// A Target is one tenant's view of an upstream. Build it once per tenant revision: breaker and share live in it.
type Target struct {
	upstream *Upstream
	tenant   tenants.ID
	base     *url.URL
	prefix   string // of every URL, without a trailing slash
	header   http.Header
	guarded  bool
	gate     *clients.Gate
}

// Target returns a tenant's view of the upstream. The error says what is wrong with the settings and shows no value of
// theirs, which may hold secrets.
func (u *Upstream) Target(tenant tenants.ID, s TargetSettings) (*Target, error) {
	base, err := parseBase(s.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("base URL: %w", err)
	}
	header := make(http.Header, len(s.Header)+1)
	for name, values := range s.Header {
		if err := CheckHeaderName(name); err != nil {
			return nil, fmt.Errorf("headers: %w", err)
		}
		for _, value := range values {
			if err := checkHeaderText([]byte(value)); err != nil {
				return nil, fmt.Errorf("header %s: %w", name, err)
			}
		}
		header[http.CanonicalHeaderKey(name)] = values
	}
	return &Target{
		upstream: u, tenant: tenant, base: base,
		prefix: strings.TrimRight(base.String(), "/"), header: header, guarded: !s.Literal,
		gate: clients.NewGate(clients.GateOptions{
			Upstream: u.Name, Attempts: u.Attempts,
			Failures: u.BreakerFailures, Open: u.BreakerOpen, Concurrency: s.Concurrency,
		}),
	}, nil
}

// parseBase reads a base URL. Its errors show nothing of it.
func parseBase(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.New("it is no URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("want http:// or https://")
	case u.Hostname() == "" || u.Opaque != "":
		return nil, errors.New("it names no host")
	case u.User != nil:
		return nil, errors.New("it holds a password; send one with headers")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Contains(text, "#"):
		return nil, errors.New("it has a query or fragment")
	}
	for part := range strings.SplitSeq(u.Path, "/") {
		if part == "." || part == ".." {
			return nil, errors.New("it holds a dot segment")
		}
	}
	u.Host = strings.ToLower(u.Host)
	return u, nil
}

// Upstream returns the upstream that t is a view of.
func (t *Target) Upstream() *Upstream { return t.upstream }

// Tenant returns whose view it is.
func (t *Target) Tenant() tenants.ID { return t.tenant }

// BaseURL returns where calls go, without a trailing slash.
func (t *Target) BaseURL() string { return t.prefix }

// Header returns what is sent with every call. Do not change it; it may hold secrets.
func (t *Target) Header() http.Header { return t.header }

// Guarded reports whether the address guard applies.
func (t *Target) Guarded() bool { return t.guarded }

// Gate returns the breaker and share that calls to the target go through.
func (t *Target) Gate() *clients.Gate { return t.gate }
