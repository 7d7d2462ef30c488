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
)

// A Proxy is a compiled proxy route; all tenants of an API share it.
type Proxy struct {
	strip        string
	maxBody      int64
	contentTypes []string
	headers      map[string]bool       // request headers that cross, canonical
	cookies      bool                  // Set-Cookie may come back
	reverse      httputil.ReverseProxy // what all requests have in common
}

// Settings describe a proxy route.
type Settings struct {
	Strip        string   // path prefix taken off before the rest is joined to the target's path
	MaxBody      int64    // bytes; zero means that the target's bound holds
	ContentTypes []string // of a request body, "image/*" allowed; empty means any
	Forward      []string // client headers passed on besides those that every proxy needs
}

// A Target is one tenant's upstream.
type Target struct {
	BaseURL      *url.URL
	Header       http.Header // set on every request; they win over the client's
	MaxBody      int64       // bytes of a request body; zero means no bound
	RoundTripper http.RoundTripper
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
		strip: strings.TrimSuffix(s.Strip, "/"), maxBody: s.MaxBody, contentTypes: s.ContentTypes,
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
	body, err := p.body(w, r, t)
	if err != nil {
		return err
	}
	in := new(*r) // the reverse proxy clones what it changes
	in.Body = body
	var failure error
	rp := p.reverse
	rp.Transport = t.RoundTripper
	rp.Rewrite = func(pr *httputil.ProxyRequest) { p.rewrite(pr, t) }
	rp.ModifyResponse = p.clean
	rp.ErrorHandler = func(_ http.ResponseWriter, _ *http.Request, err error) { failure = err }
	rp.ServeHTTP(&progress{ResponseWriter: w, control: http.NewResponseController(w)}, in)
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](failure); ok {
		return problem.New(http.StatusRequestEntityTooLarge, "payload-too-large",
			"The body is larger than the %d bytes allowed here.", tooLarge.Limit)
	}
	return failure
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
	rest := strings.TrimPrefix(pr.In.URL.EscapedPath(), p.strip)
	target := *t.BaseURL
	escaped := strings.TrimSuffix(target.EscapedPath(), "/") + "/" + strings.TrimPrefix(rest, "/")
	if unescaped, err := url.PathUnescape(escaped); err == nil {
		target.Path, target.RawPath = unescaped, escaped
	}
	target.RawQuery = pr.In.URL.RawQuery
	pr.Out.URL = &target
	pr.Out.Host = ""
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

func (p *Proxy) clean(resp *http.Response) error {
	for _, name := range ours {
		resp.Header.Del(name)
	}
	for name := range resp.Header {
		if strings.HasPrefix(name, "Access-Control-") || strings.HasPrefix(name, "Ratelimit") || strings.HasPrefix(name, "X-Ratelimit") {
			resp.Header.Del(name) // CORS and limits are the tenant's
		}
	}
	if !p.cookies {
		resp.Header.Del("Set-Cookie")
	}
	return nil
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
