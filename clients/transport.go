package clients

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"time"

	"go.opentelemetry.io/otel/metric"
)

// Options configure a Transport. The zero value is a transport that guards every guarded call.
type Options struct {
	AllowAll     bool           // guarded calls may reach any address
	AllowPrivate []netip.Prefix // guarded calls may reach these addresses besides public ones
	Resolver     *net.Resolver  // nil means the system's
	Meter        metric.Meter   // nil means no metrics
}

// A Transport owns the connections of all outbound calls. Use it from any number of goroutines.
type Transport struct{}

// NewTransport returns a transport; Close it when no call will follow.
func NewTransport(o Options) *Transport { return &Transport{} }

// RoundTripper sends requests as they are: no redirects, no cookies, no retries. Each is a CLIENT span whose context
// travels upstream. guarded refuses addresses that are not public, when dialling: use it for every address that a
// tenant chose. Its errors are *Error with Kind, Err and nothing else.
func (t *Transport) RoundTripper(guarded bool) http.RoundTripper { return http.DefaultTransport }

// Close closes idle connections; those in use close when their call ends.
func (t *Transport) Close() {}

// A Gate is what calls of one tenant to one upstream share: the breaker and the bulkhead. The zero value is not ready:
// use NewGate. It costs little until its first call.
type Gate struct{}

// GateOptions configure a Gate.
type GateOptions struct {
	Upstream    string        // names it in errors
	Attempts    int           // tries of a call that may be repeated, in all; zero means 3
	Failures    int           // failed calls in a row that open the breaker; zero means 5, negative means no breaker
	Open        time.Duration // how long before one call probes again; zero means 5s
	Concurrency int           // calls at once; zero means no limit
}

// NewGate returns a gate.
func NewGate(o GateOptions) *Gate { return &Gate{} }

// A Call is one use of a Gate.
type Call struct {
	Operation string
	Repeat    bool          // it may be tried again
	Timeout   time.Duration // of the call with all its tries and waits; zero means none but the context's
}

// Do makes a call: try is run until it succeeds, fails for good, or the deadline comes. What Do returns is nil or an *Error.
func (g *Gate) Do(ctx context.Context, c Call, try func(ctx context.Context) error) error { return nil }
