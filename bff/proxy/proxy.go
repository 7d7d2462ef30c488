package proxy

import (
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"

	"atrium/bff/problem"
	"atrium/bff/proxy/httpcache"
)

// A Proxy is a compiled proxy route; all tenants of an API share it.
type Proxy struct {
	strip        string
	maxBody      int64
	contentTypes []string
	headers      map[string]bool       // request headers that cross, canonical
	cookies      bool                  // Set-Cookie may come back
	cache        bool                  // GET is answered from the target's cache
	reverse      httputil.ReverseProxy // what all requests have in common
}

// Settings describe a proxy route.
type Settings struct {
	Strip        string   // path prefix taken off before the rest is joined to the target's path
	MaxBody      int64    // bytes; zero means that the target's bound holds
	ContentTypes []string // of a request body, "image/*" allowed; empty means any
	Forward      []string // client headers passed on besides those that every proxy needs
	Cache        bool     // GET and HEAD are answered from the target's cache, as the upstream's headers say (RFC 9111)
}

// A Target is one tenant's upstream.
type Target struct {
	BaseURL      *url.URL
	Header       http.Header // set on every request; they win over the client's
	MaxBody      int64       // bytes of a request body; zero means no bound
	RoundTripper http.RoundTripper
	Cache        *Cache // nil when no route to the upstream has a cache
}

// A Cache is one tenant's view of the HTTP cache for an upstream.
type Cache struct {
	*httpcache.Cache

	Tenant   string
	Identity []byte // of the upstream, and of all that is set on requests to it
}

// crossing are the request headers without which HTTP does not work end to end.
var crossing = []string{
	"Accept", "Accept-Encoding", "Content-Encoding", "Content-Type", "Idempotency-Key", "If-Match", "If-Modified-Since",
	"If-None-Match", "If-Range", "If-Unmodified-Since", "Last-Event-Id", "Range", "Prefer", "Traceparent", "Tracestate",
	"Connection", "Upgrade", "Sec-Websocket-Key", "Sec-Websocket-Version", "Sec-Websocket-Protocol", "Sec-Websocket-Extensions", "Te",
}

// New compiles a proxy route.
func New(s Settings) *Proxy {
	p := &Proxy{
		strip: strings.TrimSuffix(s.Strip, "/"), maxBody: s.MaxBody, contentTypes: s.ContentTypes, cache: s.Cache,
		headers: make(map[string]bool, len(crossing)+len(s.Forward)),
		reverse: httputil.ReverseProxy{
			BufferPool: buffers, FlushInterval: flushInterval,
			ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // the request's one line tells of it
		},
	}
	for _, name := range crossing {
		p.headers[name] = true
	}
	for _, name := range s.Forward {
		name = http.CanonicalHeaderKey(name)
		p.headers[name] = true
		p.cookies = p.cookies || name == "Cookie"
	}
	return p
}

// Serve passes one request through. An error that comes before the answer is returned and nothing is written: a *problem.Problem,
// or a *clients.Error of the round tripper. An answer that breaks off is broken off.
func (p *Proxy) Serve(w http.ResponseWriter, r *http.Request, t *Target) error {
	if err := checkPath(r.URL.EscapedPath()); err != nil {
		return err
	}
	if p.cache && t.Cache != nil {
		if httpcache.Eligible(r) {
			return p.cached(w, r, t)
		}
		return p.pass(w, r, t, via{t.RoundTripper, t.Cache.Bypass(r)})
	}
	return p.pass(w, r, t, via{t.RoundTripper, ""})
}

// via is how a request reaches its answer, and what Cache-Status says of it.
type via struct {
	http.RoundTripper

	cacheStatus string // a member; "" for none
}

// pass streams a request and its answer.
func (p *Proxy) pass(w http.ResponseWriter, r *http.Request, t *Target, v via) error {
	body, err := p.body(w, r, t)
	if err != nil {
		return err
	}
	in := new(*r) // the reverse proxy clones what it changes
	in.Body = body
	var failure error
	rp := p.reverse
	rp.Transport = v.RoundTripper
	rp.Rewrite = func(pr *httputil.ProxyRequest) { p.rewrite(pr, t) }
	rp.ModifyResponse = func(resp *http.Response) error { return p.modify(resp, t, v.cacheStatus) }
	rp.ErrorHandler = func(_ http.ResponseWriter, _ *http.Request, err error) { failure = err }
	rp.ServeHTTP(&progress{ResponseWriter: w, control: http.NewResponseController(w)}, in)
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](failure); ok {
		return problem.New(http.StatusRequestEntityTooLarge, "payload-too-large",
			"The body is larger than the %d bytes allowed here.", tooLarge.Limit)
	}
	return failure
}

// modify readies an answer for the client. What it made stale in the cache is forgotten before the client hears of it.
func (p *Proxy) modify(resp *http.Response, t *Target, cacheStatus string) error {
	if t.Cache != nil {
		if err := t.Cache.Invalidate(resp.Request.Context(), t.Cache.Tenant, resp.Request, resp.StatusCode, resp.Header); err != nil {
			return err
		}
	}
	p.clean(resp.Header)
	if cacheStatus != "" {
		resp.Header.Add("Cache-Status", cacheStatus)
	}
	return nil
}

// flushInterval hands on what an upstream wrote even while it thinks about the rest.
const flushInterval = 20 * time.Millisecond

func (p *Proxy) rewrite(pr *httputil.ProxyRequest, t *Target) {
	for name := range pr.Out.Header {
		if !p.headers[name] {
			pr.Out.Header.Del(name)
		}
	}
	if _, ok := pr.Out.Header["User-Agent"]; !ok {
		pr.Out.Header.Set("User-Agent", "") // nil would let net/http add its own
	}
	maps.Copy(pr.Out.Header, t.Header)
	pr.Out.URL = p.address(pr.In, t)
	pr.Out.Host = ""
}

// address is where a request goes.
func (p *Proxy) address(in *http.Request, t *Target) *url.URL {
	rest := strings.TrimPrefix(in.URL.EscapedPath(), p.strip)
	target := *t.BaseURL
	escaped := strings.TrimSuffix(target.EscapedPath(), "/") + "/" + strings.TrimPrefix(rest, "/")
	if unescaped, err := url.PathUnescape(escaped); err == nil {
		target.Path, target.RawPath = unescaped, escaped
	}
	target.RawQuery = in.URL.RawQuery
	return &target
}

// checkPath refuses a path that would climb out of the upstream's base path once it is joined.
func checkPath(escaped string) error {
	unescaped, err := url.PathUnescape(escaped)
	if err != nil || strings.ContainsAny(unescaped, "\x00\r\n\\") || climbs(unescaped) || climbs(escaped) {
		return problem.New(http.StatusBadRequest, "invalid-request", "The path is not one that may be passed on.")
	}
	return nil
}

func climbs(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if segment == ".." || segment == "." {
			return true
		}
	}
	return false
}

// ours are headers of the answer that this server writes itself or that speak of the upstream only.
var ours = []string{"X-Request-Id", "Atrium-Parts", "Server", "X-Powered-By", "Alt-Svc", "Strict-Transport-Security"}

func (p *Proxy) clean(h http.Header) {
	for _, name := range ours {
		h.Del(name)
	}
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-") || strings.HasPrefix(name, "Ratelimit") || strings.HasPrefix(name, "X-Ratelimit") {
			h.Del(name) // CORS and limits are the tenant's
		}
	}
	if !p.cookies {
		h.Del("Set-Cookie")
	}
}

// progress moves the connection's deadlines on as an answer makes progress, so that a long one is not cut and a stuck one is.
type progress struct {
	http.ResponseWriter

	control *http.ResponseController
}

const stuckAfter = 60 * time.Second

func (w *progress) Write(b []byte) (int, error) {
	deadline := time.Now().Add(stuckAfter)
	_ = w.control.SetWriteDeadline(deadline) // not every writer has deadlines (a recorder in a test)
	_ = w.control.SetReadDeadline(deadline)
	return w.ResponseWriter.Write(b)
}

func (w *progress) Unwrap() http.ResponseWriter { return w.ResponseWriter }

type bufferPool struct{ pool sync.Pool }

var buffers = &bufferPool{pool: sync.Pool{New: func() any { return new([32 << 10]byte) }}}

func (b *bufferPool) Get() []byte {
	return b.pool.Get().(*[32 << 10]byte)[:] //nolint:forcetypeassert // the pool holds nothing else
}

func (b *bufferPool) Put(buf []byte) {
	b.pool.Put((*[32 << 10]byte)(buf))
}
