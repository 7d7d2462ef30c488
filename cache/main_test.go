package cache

import (
	"context"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open returns a cache that the test closes.
func open(t testing.TB, opts Options) *Cache {
	t.Helper()
	c := New(opts)
	t.Cleanup(c.Close)
	return c
}

// upstream is a fake whose answers tell which call made them.
type upstream struct {
	calls  atomic.Int64
	delay  time.Duration
	fail   atomic.Bool
	status int
	answer func(n int64) Answer // nil: shareable and storable, the body is the number of the call
	known  atomic.Pointer[Entry]
}

func (u *upstream) fill(ctx context.Context, known *Entry) (Answer, error) {
	n := u.calls.Add(1)
	u.known.Store(known)
	if u.delay > 0 {
		select {
		case <-time.After(u.delay):
		case <-ctx.Done():
			return Answer{}, ctx.Err()
		}
	}
	if u.fail.Load() {
		return Answer{}, errUpstream
	}
	if u.answer != nil {
		return u.answer(n), nil
	}
	status := u.status
	if status == 0 {
		status = http.StatusOK
	}
	return storable(status, strconv.FormatInt(n, 10)), nil
}

func storable(status int, body string) Answer {
	return Answer{Entry: Entry{Status: status, Body: []byte(body)}, Shareable: true, Store: true}
}

type testError string

func (e testError) Error() string { return string(e) }

const errUpstream = testError("the upstream is down")

func request(name string, p Policy) Request {
	return Request{Key: NewKey("acme", []byte(name)), Policy: p}
}

// want is what a fetch is expected to give.
type want struct {
	body   string
	state  State
	detail string
}

func expect(t *testing.T, c *Cache, req Request, u *upstream, w want) Result {
	t.Helper()
	r, err := c.Fetch(t.Context(), req, u.fill)
	if err != nil {
		t.Fatalf("fetch: %v", err)
	}
	if got := (want{string(r.Body), r.State, r.Detail}); got != w {
		t.Fatalf("got %v, want %v", got, w)
	}
	return r
}
