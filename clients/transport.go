package clients

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"time"

	"go.opentelemetry.io/otel/metric"

	"atrium/clients/http1"
)

// Do makes a call, behaviour by behaviour; what it returns is nil or an *Error.
//
// try makes one attempt: it sends through a RoundTripper, which is where spans and the address guard are, and reads the
// answer to its end before it returns.
func (g *Gate) Do(ctx context.Context, c Call, try func(ctx context.Context) error) error {
	err := within(ctx, c.Timeout, func(ctx context.Context) error {
		return g.whileClosed(func() error { // the breaker
			return g.withShare(ctx, func() error { // the bulkhead
				return g.repeatedly(ctx, c, try)
			})
		})
	})
	return g.named(ctx, c, err)
}

// Options configure a Transport. The zero value guards every guarded call.
type Options struct {
	AllowAll     bool           // guarded calls may reach any address
	AllowPrivate []netip.Prefix // guarded calls may reach these addresses besides public ones
	Resolver     *net.Resolver  // nil means the system's
	Meter        metric.Meter   // nil means no metrics
}

const (
	dialTimeout      = 5 * time.Second
	handshakeTimeout = 5 * time.Second
	idleTimeout      = 60 * time.Second // shorter than what servers usually keep
	idlePerHost      = 128              // the default of 2 dials anew for nearly every call under load
	idleInAll        = 2048
	openPerHost      = 1024 // of typed calls
	maxHeaderBytes   = 256 << 10
)

// A Transport owns the connections of all outbound calls. Use it from any number of goroutines.
type Transport struct {
	guarded, open connections // never shared: one may have dialled what the other may not
	metrics       *metrics
}

// connections are those of two clients. The lean one sends what it can of the typed calls, and leaves the rest to the
// other.
type connections struct {
	lean *http1.Transport
	full *http.Transport
}

// NewTransport returns a transport; Close it when no call will follow.
func NewTransport(o Options) *Transport {
	t := &Transport{metrics: newMetrics(o.Meter)}
	t.open = newConnections(&net.Dialer{Timeout: dialTimeout, Resolver: o.Resolver})
	t.guarded = t.open
	if !o.AllowAll {
		guard := newGuard(o.AllowPrivate)
		t.guarded = newConnections(&net.Dialer{Timeout: dialTimeout, Resolver: o.Resolver, ControlContext: guard.control})
	}
	return t
}

func newConnections(d *net.Dialer) connections {
	full := newHTTPTransport(d)
	return connections{full: full, lean: http1.New(http1.Options{
		Dial: d.DialContext, Otherwise: full, HeaderBytes: maxHeaderBytes,
		IdleTimeout: idleTimeout, IdlePerHost: idlePerHost, IdleInAll: idleInAll, OpenPerHost: openPerHost,
	})}
}

func newHTTPTransport(d *net.Dialer) *http.Transport {
	return &http.Transport{
		// No Proxy: one would dial for us, out of sight of the guard.
		DialContext:            d.DialContext,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           idleInAll,
		MaxIdleConnsPerHost:    idlePerHost,
		IdleConnTimeout:        idleTimeout,
		TLSHandshakeTimeout:    handshakeTimeout,
		ExpectContinueTimeout:  time.Second,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
}

// RoundTripper sends requests as they are: no redirects, no cookies, no retries. Each is a CLIENT span that lasts until
// the answer's body is read or closed, and whose W3C context travels upstream. Compressed answers are decompressed,
// unless the request names its own Accept-Encoding.
//
// guarded refuses addresses that are not public, when dialling: use it for every address that a tenant chose.
// Errors are *Error with a Kind and a cause.
func (t *Transport) RoundTripper(guarded bool) http.RoundTripper {
	return &tripper{next: t.connections(guarded).full, metrics: t.metrics}
}

// CallTripper is a RoundTripper for calls whose answer is read to its end without pause: over plain HTTP it costs a
// fraction, reads more strictly, and has no trailers.
func (t *Transport) CallTripper(guarded bool) http.RoundTripper {
	return &tripper{next: t.connections(guarded).lean, metrics: t.metrics}
}

func (t *Transport) connections(guarded bool) connections {
	if guarded {
		return t.guarded
	}
	return t.open
}

// Close closes idle connections; those in use close when their call ends.
func (t *Transport) Close() {
	for _, c := range [...]connections{t.guarded, t.open} {
		c.lean.CloseIdleConnections()
		c.full.CloseIdleConnections()
	}
}
