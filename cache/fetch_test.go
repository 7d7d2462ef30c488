package cache

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func TestFreshThenFilledAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, u := open(t, Options{}), &upstream{}
		req := request("a", Policy{TTL: 900 * time.Millisecond})
		if r := expect(t, c, req, u, want{"1", Miss, ""}); !r.Stored || r.TTL != 900*time.Millisecond || r.ETag == "" {
			t.Errorf("stored %v, ttl %v, etag %q", r.Stored, r.TTL, r.ETag)
		}
		time.Sleep(600 * time.Millisecond)
		r := expect(t, c, req, u, want{"1", Hit, ""})
		if r.Age != 600*time.Millisecond || r.TTL != 300*time.Millisecond || r.Layer != "memory" {
			t.Errorf("age %v, ttl %v, layer %s", r.Age, r.TTL, r.Layer)
		}
		time.Sleep(300 * time.Millisecond)
		expect(t, c, req, u, want{"2", Miss, ""})
		if got := c.Usage("acme"); got.Hits != 1 || got.Misses != 2 || got.Bytes == 0 {
			t.Errorf("usage %+v", got)
		}
	})
}

func TestStaleWhileRevalidate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, u := open(t, Options{}), &upstream{delay: 2 * time.Second}
		req := request("a", Policy{TTL: 500 * time.Millisecond, Stale: time.Minute})
		expect(t, c, req, u, want{"1", Miss, ""})
		time.Sleep(time.Second)
		for range 50 {
			before := time.Now()
			expect(t, c, req, u, want{"1", Stale, "swr"})
			if waited := time.Since(before); waited != 0 {
				t.Fatalf("a stale answer took %v", waited)
			}
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n := u.calls.Load(); n != 2 {
			t.Errorf("%d calls, want one refresh", n)
		}
		expect(t, c, req, u, want{"2", Hit, ""})
	})
}

func TestEagerRefreshInTheLastTenth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, u := open(t, Options{}), &upstream{}
		req := request("a", Policy{TTL: 100 * time.Second})
		expect(t, c, req, u, want{"1", Miss, ""})
		time.Sleep(89 * time.Second)
		expect(t, c, req, u, want{"1", Hit, ""})
		synctest.Wait()
		if n := u.calls.Load(); n != 1 {
			t.Fatalf("refreshed too early: %d calls", n)
		}
		time.Sleep(2 * time.Second)
		expect(t, c, req, u, want{"1", Hit, ""})
		synctest.Wait()
		expect(t, c, req, u, want{"2", Hit, ""})
	})
}

// 09: stale inside the window, an error after it, and a failing upstream is tried once a second.
func Test09StaleIfError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, u := open(t, Options{}), &upstream{}
		req := request("a", Policy{TTL: time.Second, StaleIfError: time.Minute})
		expect(t, c, req, u, want{"1", Miss, ""})
		u.fail.Store(true)
		time.Sleep(2 * time.Second)
		for range 40 {
			expect(t, c, req, u, want{"1", Stale, "sie"})
			time.Sleep(100 * time.Millisecond)
		}
		if n := u.calls.Load(); n < 4 || n > 6 {
			t.Errorf("%d calls in 4s of failure", n)
		}
		time.Sleep(time.Minute)
		if _, err := c.Fetch(t.Context(), req, u.fill); !errors.Is(err, errUpstream) {
			t.Errorf("after the window: %v", err)
		}
		u.fail.Store(false)
		if r, err := c.Fetch(t.Context(), req, u.fill); err != nil || r.State != Miss {
			t.Errorf("recovered: %v %v", r.State, err)
		}
	})
}

func Test09FailedStatusesAndFinalErrors(t *testing.T) {
	for _, status := range []int{500, 502, 503, 504} {
		c, u := open(t, Options{}), &upstream{}
		req := request("a", Policy{StaleIfError: time.Minute, TTL: time.Nanosecond})
		expect(t, c, req, u, want{"1", Miss, ""})
		u.answer = func(int64) Answer { return storable(status, "broken") }
		expect(t, c, req, u, want{"1", Stale, "sie"})
	}
	c, u := open(t, Options{}), &upstream{}
	req := request("a", Policy{StaleIfError: time.Minute, TTL: time.Nanosecond})
	expect(t, c, req, u, want{"1", Miss, ""})
	_, err := c.Fetch(t.Context(), req, func(context.Context, *Entry) (Answer, error) { return Answer{}, Final(errUpstream) })
	if err != errUpstream { //nolint:errorlint // the very error
		t.Errorf("a final error came as %v", err)
	}
}

func Test09MustRevalidate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, u := open(t, Options{}), &upstream{}
		req := request("a", Policy{TTL: time.Second, Stale: time.Minute, StaleIfError: time.Minute, MustRevalidate: true})
		expect(t, c, req, u, want{"1", Miss, ""})
		time.Sleep(1500 * time.Millisecond)
		u.fail.Store(true)
		_, err := c.Fetch(t.Context(), req, u.fill)
		if !errors.Is(err, ErrMustRevalidate) || !errors.Is(err, errUpstream) {
			t.Errorf("stale and unreachable: %v", err)
		}
		if u.known.Load() == nil {
			t.Error("the fill got no entry to confirm")
		}
	})
}

func TestConfirmedByTheUpstream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, u := open(t, Options{}), &upstream{}
		u.answer = func(n int64) Answer {
			a := storable(http.StatusOK, "body")
			a.Entry.UpstreamETag, a.Entry.Header = `"v1"`, http.Header{"X-A": {"old"}, "X-B": {"kept"}}
			if n > 1 {
				a = Answer{NotModified: true, Shareable: true, Store: true, Entry: Entry{Header: http.Header{"X-A": {"new"}}}}
			}
			return a
		}
		req := request("a", Policy{TTL: time.Second, Keep: time.Hour})
		expect(t, c, req, u, want{"body", Miss, ""})
		time.Sleep(time.Minute)
		r := expect(t, c, req, u, want{"body", Miss, ""})
		if known := u.known.Load(); known == nil || known.UpstreamETag != `"v1"` {
			t.Errorf("the fill got %+v to confirm", known)
		}
		if r.Header.Get("X-A") != "new" || r.Header.Get("X-B") != "kept" || r.UpstreamETag != `"v1"` || !r.Stored {
			t.Errorf("confirmed entry %+v", r.Entry)
		}
		expect(t, c, req, u, want{"body", Hit, ""})
	})
}

func TestNegativeAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, status := range []int{404, 405, 410, 451} {
			c, u := open(t, Options{}), &upstream{status: status}
			expect(t, c, request("no", Policy{TTL: time.Hour}), u, want{"1", Miss, ""})
			expect(t, c, request("no", Policy{TTL: time.Hour}), u, want{"2", Miss, ""})
			req := request("yes", Policy{TTL: time.Hour, Negative: 10 * time.Second, Stale: time.Hour})
			expect(t, c, req, u, want{"3", Miss, ""})
			time.Sleep(9 * time.Second)
			expect(t, c, req, u, want{"3", Hit, "negative"})
			time.Sleep(2 * time.Second)
			expect(t, c, req, u, want{"4", Miss, ""})
		}
	})
}

func TestStatusesThatAreNeverStored(t *testing.T) {
	for _, status := range []int{206, 400, 401, 403, 409, 422, 429, 500, 503} {
		c, u := open(t, Options{}), &upstream{status: status}
		p := Policy{TTL: time.Hour, Negative: time.Hour, StaleIfError: time.Hour}
		expect(t, c, request("a", p), u, want{"1", Miss, ""})
		expect(t, c, request("a", p), u, want{"2", Miss, ""})
	}
}

// What was stored is not served once the upstream says that it is gone.
func TestGoneUpstreamEndsStaleContent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, u := open(t, Options{}), &upstream{}
		req := request("a", Policy{TTL: time.Second, Stale: time.Hour})
		expect(t, c, req, u, want{"1", Miss, ""})
		time.Sleep(2 * time.Second)
		u.answer = func(int64) Answer { return storable(http.StatusNotFound, "gone") }
		expect(t, c, req, u, want{"1", Stale, "swr"})
		synctest.Wait()
		expect(t, c, req, u, want{"gone", Miss, ""})
	})
}

func TestSetCookieIsNeverShared(t *testing.T) {
	c, u := open(t, Options{}), &upstream{}
	u.answer = func(int64) Answer {
		a := storable(http.StatusOK, "mine")
		a.Entry.Header = http.Header{"Set-Cookie": {"id=1"}}
		return a
	}
	req := request("a", Policy{TTL: time.Hour})
	expect(t, c, req, u, want{"mine", Miss, ""})
	expect(t, c, req, u, want{"mine", Bypass, ""})
	if n := u.calls.Load(); n != 2 {
		t.Errorf("%d calls", n)
	}
}

func TestTooLargeForTheQuota(t *testing.T) {
	c, u := open(t, Options{Quota: 1 << 20}), &upstream{}
	u.answer = func(int64) Answer { return storable(http.StatusOK, string(make([]byte, 2<<20))) }
	r, err := c.Fetch(t.Context(), request("a", Policy{TTL: time.Hour}), u.fill)
	if err != nil || r.Stored || r.Detail != "too-large" {
		t.Errorf("stored %v, detail %q, error %v", r.Stored, r.Detail, err)
	}
}

func TestPeekTellsAndChangesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, u := open(t, Options{}), &upstream{}
		req := request("a", Policy{TTL: 5 * time.Second, Stale: time.Minute})
		peek := func(state State, age time.Duration) {
			t.Helper()
			if s, a := c.Peek(t.Context(), req.Key); s != state || a != age {
				t.Errorf("peek: %v %v, want %v %v", s, a, state, age)
			}
		}
		peek(Miss, 0)
		expect(t, c, req, u, want{"1", Miss, ""})
		time.Sleep(time.Second)
		peek(Hit, time.Second)
		time.Sleep(5 * time.Second)
		peek(Stale, 6*time.Second)
		time.Sleep(time.Hour)
		peek(Miss, 0)
		if u.calls.Load() != 1 || c.Usage("acme").Hits != 0 {
			t.Errorf("peek filled or counted: %d calls, %+v", u.calls.Load(), c.Usage("acme"))
		}
	})
}

func TestKeyWithoutScope(t *testing.T) {
	c, u := open(t, Options{}), &upstream{}
	if _, err := c.Fetch(t.Context(), Request{}, u.fill); !errors.Is(err, ErrKey) {
		t.Errorf("the zero key: %v", err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a key without a tenant was made")
		}
	}()
	NewKey("", []byte("a"))
}

func TestCacheStatus(t *testing.T) {
	for want, r := range map[string]Result{
		"atrium; hit; ttl=12":                          {State: Hit, TTL: 12 * time.Second},
		"atrium; hit; ttl=-3; detail=swr":              {State: Stale, TTL: -3 * time.Second, Detail: "swr"},
		"atrium; fwd=uri-miss; stored":                 {State: Miss, Stored: true},
		"atrium; fwd=uri-miss; collapsed; stored":      {State: Miss, Shared: true, Stored: true},
		"atrium; fwd=bypass":                           {State: Bypass},
		"atrium; fwd=uri-miss; detail=too-large":       {State: Miss, Detail: "too-large"},
		"atrium; hit; ttl=0; detail=negative":          {State: Hit, Detail: "negative"},
		"atrium; fwd=uri-miss; stored; detail=l2-skip": {State: Miss, Stored: true, Detail: "l2-skip"},
	} {
		if got := r.CacheStatus("atrium"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
