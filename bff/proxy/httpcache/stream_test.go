package httpcache_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"atrium/bff/proxy"
	"atrium/bff/proxy/httpcache"
)

// upstream is a round tripper that writes its answers by hand.
type upstream func(r *http.Request) *http.Response

func (u upstream) RoundTrip(r *http.Request) (*http.Response, error) { return u(r), nil }

func respond(header string, body io.Reader) *http.Response {
	return &http.Response{
		StatusCode: http.StatusOK, Header: headers(header), Body: io.NopCloser(body), ContentLength: -1,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
}

func (p *place) ask(ctx context.Context, w http.ResponseWriter, u upstream) error {
	target := p.target("acme")
	target.RoundTripper = u
	return p.proxy.Serve(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/a", http.NoBody), target)
}

// counting counts what was read of a body, and whether it was closed.
type counting struct {
	io.Reader

	read   atomic.Int64
	closed atomic.Bool
}

func (c *counting) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.read.Add(int64(n))
	return n, err
}

func (c *counting) Close() error {
	c.closed.Store(true)
	return nil
}

func TestLargeBodiesStreamAndAreNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		const size = 3 * httpcache.MaxBody
		for _, declared := range []int64{-1, size} {
			body := &counting{Reader: strings.NewReader(strings.Repeat("x", size))}
			w := &firstByte{ResponseRecorder: httptest.NewRecorder(), body: body}
			err := p.ask(t.Context(), w, func(*http.Request) *http.Response {
				resp := respond("Cache-Control: max-age=60", nil)
				resp.Body, resp.ContentLength = body, declared
				return resp
			})
			if err != nil || w.Body.Len() != size || !body.closed.Load() {
				t.Errorf("declared as %d: %v, %d bytes, closed: %v", declared, err, w.Body.Len(), body.closed.Load())
			}
			if w.readBefore > httpcache.MaxBody+64<<10 {
				t.Errorf("declared as %d: %d bytes were read before the first was passed on", declared, w.readBefore)
			}
			if usage := p.cache.Usage("acme"); usage.Bytes > 4<<10 {
				t.Errorf("declared as %d: %d bytes are kept", declared, usage.Bytes)
			}
		}
	})
}

// firstByte notes how much of a body was read when the first byte came through.
type firstByte struct {
	*httptest.ResponseRecorder

	body       *counting
	readBefore int64
}

func (w *firstByte) Write(b []byte) (int, error) {
	if w.readBefore == 0 {
		w.readBefore = w.body.read.Load()
	}
	return w.ResponseRecorder.Write(b)
}

func TestAStreamThatIsNotKeptIsPassedOnAsItComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		reader, writer := io.Pipe()
		w := httptest.NewRecorder()
		var wg sync.WaitGroup
		wg.Go(func() {
			err := p.ask(t.Context(), w, func(*http.Request) *http.Response {
				return respond("Content-Type: text/event-stream\nCache-Control: max-age=60", reader)
			})
			if err != nil {
				t.Error(err)
			}
		})
		_, _ = writer.Write([]byte("data: 1\n\n"))
		synctest.Wait()
		if got := w.Body.String(); got != "data: 1\n\n" || !w.Flushed {
			t.Errorf("while the stream is open the client has %q, flushed: %v", got, w.Flushed)
		}
		time.Sleep(time.Hour) // no timeout of a fill ends it
		_, _ = writer.Write([]byte("data: 2\n\n"))
		_ = writer.Close()
		wg.Wait()
		if got := w.Body.String(); got != "data: 1\n\ndata: 2\n\n" {
			t.Errorf("the client has %q", got)
		}
	})
}

func TestAClientThatLeavesEndsItsStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		ctx, leave := context.WithCancel(t.Context())
		ended := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			defer func() { _ = recover() }() // a reverse proxy breaks off like this
			_ = p.ask(ctx, httptest.NewRecorder(), func(r *http.Request) *http.Response {
				reader, writer := io.Pipe()
				context.AfterFunc(r.Context(), func() {
					close(ended)
					_ = writer.CloseWithError(context.Canceled)
				})
				return respond("Content-Type: text/event-stream", reader)
			})
		})
		synctest.Wait()
		leave()
		<-ended
		wg.Wait()
	})
}

func TestABodyThatBreaksOffIsNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		w := httptest.NewRecorder()
		err := p.ask(t.Context(), w, func(*http.Request) *http.Response {
			return respond("Cache-Control: max-age=60", io.MultiReader(strings.NewReader("half"), broken{}))
		})
		if !errors.Is(err, io.ErrUnexpectedEOF) || w.Body.Len() != 0 {
			t.Errorf("%v, and the client has %q: want the error before anything is written", err, w.Body)
		}
		err = p.ask(t.Context(), w, func(*http.Request) *http.Response {
			return respond("Cache-Control: max-age=60", strings.NewReader("whole"))
		})
		if err != nil || w.Body.String() != "whole" {
			t.Errorf("then %v %q", err, w.Body)
		}
	})
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// crowd asks n times at once, each with its own credential, and returns the bodies.
func (p *place) crowd(t *testing.T, n int, u upstream) []string {
	bodies := make([]string, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/a", http.NoBody)
			r.Header.Set("Authorization", "Bearer "+string(rune('a'+i)))
			w := httptest.NewRecorder()
			target := p.target("acme")
			target.RoundTripper = u
			if err := p.proxy.Serve(w, r, target); err != nil {
				t.Error(err)
			}
			bodies[i] = w.Body.String()
		})
	}
	wg.Wait()
	return bodies
}

func TestACrowdSharesOnlyWhatMayBeShared(t *testing.T) {
	for name, control := range map[string]string{
		"kept for all": "Cache-Control: public, max-age=60", "nobody else's": "Cache-Control: max-age=60",
		"private": "Cache-Control: private", "says nothing": "X-A: 1",
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlace(t)
				var calls atomic.Int64
				bodies := p.crowd(t, 8, func(r *http.Request) *http.Response {
					calls.Add(1)
					time.Sleep(200 * time.Millisecond)
					return respond(control, strings.NewReader(r.Header.Get("Authorization")))
				})
				if name == "kept for all" {
					if n := calls.Load(); n != 1 {
						t.Errorf("the upstream was asked %d times", n)
					}
					return
				}
				for i, body := range bodies {
					if want := "Bearer " + string(rune('a'+i)); body != want {
						t.Errorf("client %d has %q, want its own", i, body)
					}
				}
			})
		})
	}
}

func TestACrowdGetsEachItsVariant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		var calls atomic.Int64
		var wg sync.WaitGroup
		for i := range 12 {
			wg.Go(func() {
				language := []string{"de", "en", "fr"}[i%3]
				r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/a", http.NoBody)
				r.Header.Set("Accept-Language", language)
				w := httptest.NewRecorder()
				target := p.target("acme")
				target.RoundTripper = upstream(func(r *http.Request) *http.Response {
					calls.Add(1)
					time.Sleep(100 * time.Millisecond)
					return respond("Cache-Control: max-age=60\nVary: Accept-Language", strings.NewReader(r.Header.Get("Accept-Language")))
				})
				if err := p.proxy.Serve(w, r, target); err != nil || w.Body.String() != language {
					t.Errorf("%s: %v %q", language, err, w.Body)
				}
			})
		}
		wg.Wait()
		if n := calls.Load(); n != 3 {
			t.Errorf("the upstream was asked %d times for three variants", n)
		}
	})
}

func TestAPurgeDuringAFillIsNotUndone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		n := 0
		fill := func(*http.Request) *http.Response {
			if n++; n == 1 { // a write, while the answer is on its way
				w := httptest.NewRecorder()
				p.now = visit{}
				if err := p.proxy.Serve(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/a", http.NoBody), p.target("acme")); err != nil {
					t.Error(err)
				}
			}
			return respond("Cache-Control: max-age=60\nVary: Foo", strings.NewReader("old"))
		}
		for range 2 {
			if err := p.ask(t.Context(), httptest.NewRecorder(), fill); err != nil {
				t.Fatal(err)
			}
		}
		if n != 2 {
			t.Errorf("the upstream was asked %d times: what was older than the write was kept", n)
		}
	})
}

func TestTargetsAreApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		n := 0
		for _, identity := range []string{"one", "two"} {
			target := p.target("acme")
			target.Cache.Identity = []byte(identity)
			target.RoundTripper = upstream(func(*http.Request) *http.Response {
				n++
				return respond("Cache-Control: max-age=60", strings.NewReader(identity))
			})
			for range 2 {
				w := httptest.NewRecorder()
				r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/a", http.NoBody)
				if err := p.proxy.Serve(w, r, target); err != nil || w.Body.String() != identity {
					t.Errorf("%s: %v %q", identity, err, w.Body)
				}
			}
		}
		if n != 2 {
			t.Errorf("the upstreams were asked %d times", n)
		}
	})
}

func TestWithoutACacheNothingIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		p.proxy = proxy.New(proxy.Settings{})
		p.visit("first", visit{answer: "Cache-Control: max-age=60", want: "new", lacks: "Cache-Status"})
		p.visit("second", visit{answer: "Cache-Control: max-age=60", want: "new", lacks: "Cache-Status Age"})
	})
}

func TestSetCookieIsNotKeptWhereItIsTakenAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		p.proxy = proxy.New(proxy.Settings{Cache: true})
		for range 2 {
			p.visit("either", visit{answer: "Cache-Control: max-age=60\nSet-Cookie: a=b", want: "new", lacks: "Set-Cookie"})
		}
	})
}

func TestTheTimeThatTheUpstreamTookIsAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		var w *httptest.ResponseRecorder
		for range 2 {
			w = httptest.NewRecorder()
			err := p.ask(t.Context(), w, func(*http.Request) *http.Response {
				time.Sleep(5 * time.Second)
				return respond("Cache-Control: max-age=60\nDate: {+0}", strings.NewReader("late"))
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if got := w.Header().Get("Age"); got != "5" {
			t.Errorf("Age is %q after a call of five seconds", got)
		}
	})
}
