package httpcache_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"atrium/bff/problem"
	"atrium/bff/proxy"
	"atrium/bff/proxy/httpcache"
	"atrium/cache"
	"atrium/clients"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A visit is one request of a client, what the upstream would answer, and what the client is to get.
type visit struct {
	after  time.Duration // since the visit before
	method string        // GET when empty
	path   string        // /a when empty
	tenant string        // acme when empty
	send   string        // the client's header lines

	status int    // of the upstream: 200 when zero; a matching If-None-Match or If-Modified-Since is answered with 304
	answer string // the upstream's header lines; {+10} is the date in ten seconds. Date is added
	body   string // "call N" when empty
	down   bool   // the upstream cannot be reached

	want  string // new, cached, stale, validated (stale, and confirmed by a 304), or the status of a problem
	code  int    // of the client's answer; 200 when zero
	says  string // its body
	has   string // header lines of the answer
	lacks string // names of headers that the answer must not have
}

// A story is some visits to one cache.
type story struct {
	name   string
	visits []visit
}

// tell runs stories, each with a cache, a clock and an upstream of its own.
func tell(t *testing.T, stories []story) {
	t.Helper()
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlace(t)
				for i, v := range s.visits {
					time.Sleep(v.after)
					p.visit(fmt.Sprintf("visit %d", i+1), v)
				}
			})
		})
	}
}

// twice is a story of one answer, asked for again a few seconds later.
func twice(name, answer, want string) story {
	return story{name, []visit{{answer: answer, want: "new"}, {after: 3 * time.Second, answer: answer, want: want}}}
}

// A place is a proxy route with a cache in front of a pretend upstream.
type place struct {
	t     *testing.T
	proxy *proxy.Proxy
	cache *cache.Cache

	now   visit           // what the upstream answers
	calls []*http.Request // that it got
	last  map[string]string
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{t: t, cache: cache.New(cache.Options{}), last: map[string]string{}}
	p.proxy = proxy.New(proxy.Settings{Cache: true, Forward: []string{"Authorization", "Cookie", "Accept-Language", "Foo", "Bar"}})
	t.Cleanup(p.cache.Close)
	return p
}

func (p *place) target(tenant string) *proxy.Target {
	base, err := url.Parse("http://upstream.test/base")
	if err != nil {
		p.t.Fatal(err)
	}
	return &proxy.Target{BaseURL: base, RoundTripper: p, Cache: &proxy.Cache{
		Cache: httpcache.New(p.cache, "atrium"), Tenant: tenant, Identity: []byte("upstream"),
	}}
}

var errDown = errors.New("down")

// RoundTrip implements http.RoundTripper: the upstream.
func (p *place) RoundTrip(r *http.Request) (*http.Response, error) {
	p.calls = append(p.calls, r)
	if p.now.down {
		return nil, &clients.Error{Kind: clients.Unreachable, Err: errDown}
	}
	h := headers(p.now.answer)
	if _, ok := h["Date"]; !ok {
		h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	}
	status, body := max(p.now.status, http.StatusOK), orElse(p.now.body, "call "+strconv.Itoa(len(p.calls)))
	tag, modified := r.Header.Get("If-None-Match"), r.Header.Get("If-Modified-Since")
	if status == http.StatusOK && ((tag != "" && tag == h.Get("Etag")) ||
		(tag == "" && modified != "" && modified == h.Get("Last-Modified"))) {
		status, body = http.StatusNotModified, ""
	}
	return &http.Response{
		StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), ContentLength: -1, Request: r,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}, nil
}

var dateHole = regexp.MustCompile(`\{([+-]\d+)\}`)

func headers(lines string) http.Header {
	h := http.Header{}
	for line := range strings.SplitSeq(lines, "\n") {
		name, value, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok {
			continue
		}
		value = dateHole.ReplaceAllStringFunc(value, func(hole string) string {
			seconds, _ := strconv.Atoi(strings.Trim(hole, "{}"))
			return time.Now().Add(time.Duration(seconds) * time.Second).UTC().Format(http.TimeFormat)
		})
		h.Add(name, strings.TrimSpace(value))
	}
	return h
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// visit makes the request, and checks its answer.
func (p *place) visit(name string, v visit) {
	p.t.Helper()
	tenant, path, method := orElse(v.tenant, "acme"), orElse(v.path, "/a"), orElse(v.method, http.MethodGet)
	p.now = v
	before := len(p.calls)
	r := httptest.NewRequestWithContext(p.t.Context(), method, path, http.NoBody)
	r.Header = headers(v.send)
	w := httptest.NewRecorder()
	err := p.proxy.Serve(w, r, p.target(tenant))
	synctest.Wait() // what runs in the background now is this visit's
	if err != nil {
		if got := strconv.Itoa(problem.From(err).Status); got != v.want {
			p.t.Errorf("%s: the answer is a %s (%v), want %s", name, got, err, v.want)
		}
		return
	}
	if got := p.kind(p.calls[before:], w.Body.String(), p.last[tenant+path]); got != v.want {
		p.t.Errorf("%s: it is %s, want %s: %d %q %v", name, got, v.want, w.Code, w.Body, w.Header())
	}
	if method == http.MethodGet && w.Code == http.StatusOK {
		p.last[tenant+path] = w.Body.String()
	}
	p.check(name, v, w)
}

// kind tells how an answer came about.
func (p *place) kind(asked []*http.Request, body, last string) string {
	if len(asked) == 0 {
		return "cached"
	}
	if body != last || body == "" {
		return "new"
	}
	h := asked[len(asked)-1].Header
	if h.Get("If-None-Match")+h.Get("If-Modified-Since") != "" && !p.now.down && p.now.status == 0 {
		return "validated"
	}
	return "stale"
}

func (p *place) check(name string, v visit, w *httptest.ResponseRecorder) {
	p.t.Helper()
	if want := max(v.code, http.StatusOK); w.Code != want {
		p.t.Errorf("%s: status %d, want %d", name, w.Code, want)
	}
	if got := w.Body.String(); v.says != "" && got != v.says {
		p.t.Errorf("%s: the body is %q, want %q", name, got, v.says)
	}
	for wanted, values := range headers(v.has) {
		if got := strings.Join(w.Header().Values(wanted), ", "); got != strings.Join(values, ", ") {
			p.t.Errorf("%s: %s is %q, want %q", name, wanted, got, values)
		}
	}
	for unwanted := range strings.FieldsSeq(v.lacks) {
		if got, ok := w.Header()[http.CanonicalHeaderKey(unwanted)]; ok {
			p.t.Errorf("%s: %s is %q, want none", name, unwanted, got)
		}
	}
}
