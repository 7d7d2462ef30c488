package cache

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// crowd sends n fetches at once and returns their results by body.
func crowd(t *testing.T, c *Cache, req Request, u *upstream, n int) map[string]int {
	t.Helper()
	var mu sync.Mutex
	bodies := map[string]int{}
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			r, err := c.Fetch(t.Context(), req, u.fill)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Errorf("fetch: %v", err)
				return
			}
			bodies[string(r.Body)]++
		})
	}
	wg.Wait()
	return bodies
}

// 05: a thousand at once on a cold key are one call, also when the first one leaves.
func Test05Stampede(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, u := open(t, Options{}), &upstream{delay: 200 * time.Millisecond}
		req := request("a", Policy{TTL: time.Minute})
		ctx, leave := context.WithCancelCause(t.Context())
		time.AfterFunc(50*time.Millisecond, func() { leave(errGone) })
		first := make(chan error, 1)
		go func() {
			_, err := c.Fetch(ctx, req, u.fill)
			first <- err
		}()
		synctest.Wait() // it is the one whose request was sent
		bodies := crowd(t, c, req, u, 999)
		if err := <-first; !errors.Is(err, errGone) {
			t.Errorf("the first caller left with %v", err)
		}
		if bodies["1"] != 999 || u.calls.Load() != 1 {
			t.Errorf("%v with %d calls", bodies, u.calls.Load())
		}
	})
}

const errGone = testError("the client is gone")

func TestLastToLeaveEndsTheFill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options{})
		req := request("a", Policy{TTL: time.Minute})
		var ended atomic.Bool
		fill := func(ctx context.Context, _ *Entry) (Answer, error) {
			<-ctx.Done()
			ended.Store(true)
			return Answer{}, ctx.Err()
		}
		ctx, leave := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { _, _ = c.Fetch(ctx, req, fill) })
		}
		synctest.Wait()
		if ended.Load() {
			t.Fatal("the fill ended while callers waited")
		}
		leave()
		wg.Wait()
		synctest.Wait()
		if !ended.Load() {
			t.Error("the fill goes on for nobody")
		}
		u := &upstream{}
		expect(t, c, req, u, want{"1", Miss, ""}) // and nobody boards what is ending
	})
}

// 07: an answer that is not shareable is given to one caller; the others ask for themselves, and not one after the other.
func Test07NotShareable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, u := open(t, Options{}), &upstream{delay: time.Second}
		u.answer = func(n int64) Answer {
			return Answer{Entry: Entry{Status: http.StatusOK, Body: []byte{byte('0' + n/100), byte('0' + n/10%10), byte('0' + n%10)}}}
		}
		req := request("a", Policy{TTL: time.Minute})
		start := time.Now()
		bodies := crowd(t, c, req, u, 200)
		if len(bodies) != 200 || u.calls.Load() != 200 {
			t.Errorf("%d different answers to 200 callers, %d calls", len(bodies), u.calls.Load())
		}
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("callers waited for each other: %v", took)
		}
		start = time.Now()
		if crowd(t, c, req, u, 200); time.Since(start) > time.Second {
			t.Errorf("the key is known to be uncacheable, yet callers waited %v", time.Since(start))
		}
		time.Sleep(markerLife)
		u.answer = nil
		if bodies := crowd(t, c, req, u, 50); len(bodies) != 1 {
			t.Errorf("shareable again, yet %d answers", len(bodies))
		}
	})
}

// 10: nobody waits longer than the soft timeout for a slow upstream, and the late answer is served next.
func Test10SoftTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, u := open(t, Options{}), &upstream{}
		req := request("a", Policy{TTL: time.Second, StaleIfError: time.Hour})
		expect(t, c, req, u, want{"1", Miss, ""})
		time.Sleep(2 * time.Second)
		u.delay = 5 * time.Second
		start := time.Now()
		expect(t, c, req, u, want{"1", Stale, "soft-timeout"})
		if waited := time.Since(start); waited != 300*time.Millisecond {
			t.Errorf("waited %v", waited)
		}
		start = time.Now()
		expect(t, c, req, u, want{"1", Stale, "sie"})
		if waited := time.Since(start); waited != 0 {
			t.Errorf("the next one waited %v", waited)
		}
		time.Sleep(4701 * time.Millisecond)
		expect(t, c, req, u, want{"2", Hit, ""})
		if n := u.calls.Load(); n != 2 {
			t.Errorf("%d calls", n)
		}
	})
}

func TestHardTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options{})
		req := request("a", Policy{TTL: time.Minute})
		req.HardTimeout = 2 * time.Second
		release := make(chan struct{})
		deaf := func(context.Context, *Entry) (Answer, error) { <-release; return Answer{}, nil }
		start := time.Now()
		_, err := c.Fetch(t.Context(), req, deaf)
		if !errors.Is(err, ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a fill that never ends: %v", err)
		}
		if waited := time.Since(start); waited > 2*time.Second+grace {
			t.Errorf("waited %v", waited)
		}
		u := &upstream{}
		expect(t, c, req, u, want{"1", Miss, ""}) // does not board it
		close(release)
	})
}

func TestPanickingFill(t *testing.T) {
	c := open(t, Options{})
	_, err := c.Fetch(t.Context(), request("a", Policy{TTL: time.Minute}), func(context.Context, *Entry) (Answer, error) { panic("boom") })
	if err == nil || !strings.Contains(err.Error(), "boom") || !strings.Contains(err.Error(), "flight_test.go") {
		t.Errorf("a panicking fill gives %v", err)
	}
}

func TestErrorsAreSharedButNotStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, u := open(t, Options{}), &upstream{delay: time.Second}
		u.fail.Store(true)
		req := request("a", Policy{TTL: time.Minute})
		var failures atomic.Int64
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, err := c.Fetch(t.Context(), req, u.fill); errors.Is(err, errUpstream) {
					failures.Add(1)
				}
			})
		}
		wg.Wait()
		if failures.Load() != 20 || u.calls.Load() != 1 {
			t.Errorf("%d failures, %d calls", failures.Load(), u.calls.Load())
		}
		u.fail.Store(false)
		expect(t, c, req, u, want{"2", Miss, ""})
	})
}

func TestRefreshesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, u := open(t, Options{Refreshes: 8}), &upstream{}
		keys := strings.Split("abcdefghijklmnopqrstuvwxyz", "")
		policy := Policy{TTL: time.Millisecond, Stale: time.Hour}
		for _, k := range keys {
			_, _ = c.Fetch(t.Context(), request(k, policy), u.fill)
		}
		u.calls.Store(0)
		time.Sleep(time.Second)
		u.delay = time.Minute
		for _, k := range keys {
			if r, err := c.Fetch(t.Context(), request(k, policy), u.fill); err != nil || r.State != Stale {
				t.Fatalf("%v %v", r.State, err)
			}
		}
		synctest.Wait()
		if n := u.calls.Load(); n != 2 { // a quarter of 8 for one tenant
			t.Errorf("%d refreshes of one tenant at once", n)
		}
	})
}

func TestCloseEndsAndAwaitsRefreshes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, u := New(Options{}), &upstream{}
		req := request("a", Policy{TTL: time.Second, Stale: time.Hour})
		_, _ = c.Fetch(t.Context(), req, u.fill)
		time.Sleep(2 * time.Second)
		var ended atomic.Bool
		_, _ = c.Fetch(t.Context(), req, func(ctx context.Context, _ *Entry) (Answer, error) {
			<-ctx.Done()
			time.Sleep(time.Second)
			ended.Store(true)
			return Answer{}, ctx.Err()
		})
		c.Close()
		if !ended.Load() {
			t.Error("Close returned before the refresh had ended")
		}
		if r, err := c.Fetch(t.Context(), request("b", req.Policy), u.fill); err != nil || string(r.Body) != "2" {
			t.Errorf("a closed cache gives %v", err)
		}
	})
}
