package limit

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"atrium/cache/redistest"
)

func code(err error) string {
	if e, ok := errors.AsType[*Exceeded](err); ok {
		return e.Code
	}
	return ""
}

// both runs a test in memory and against a real Redis.
func both(t *testing.T, f func(t *testing.T, l *Limiter)) {
	t.Run("memory", func(t *testing.T) { f(t, open(t, Options{})) })
	t.Run("redis", func(t *testing.T) {
		f(t, replica(t, redistest.Start(t).PatientURL(), Options{Budget: 5 * time.Second}))
	})
}

func TestStreams(t *testing.T) {
	both(t, func(t *testing.T, l *Limiter) {
		var most, now atomic.Int64
		var refused atomic.Int64
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				for range 20 {
					release, err := l.Acquire(t.Context(), "acme", 5)
					if err != nil {
						refused.Add(1)
						continue
					}
					for n := now.Add(1); ; {
						if m := most.Load(); n <= m || most.CompareAndSwap(m, n) {
							break
						}
					}
					time.Sleep(rand.N(time.Millisecond))
					now.Add(-1)
					release()
					release()
				}
			})
		}
		wg.Wait()
		if most.Load() != 5 || refused.Load() == 0 {
			t.Errorf("%d at once, %d refused", most.Load(), refused.Load())
		}
		if u := l.Usage(t.Context(), "acme", nil); u.Streams.Open != 0 {
			t.Errorf("%d open after all were released", u.Streams.Open)
		}
		first, err := l.Acquire(t.Context(), "acme", 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Acquire(t.Context(), "acme", 1); code(err) != CodeStreams {
			t.Errorf("the second of one: %v", err)
		}
		if _, err := l.Acquire(t.Context(), "acme", 0); err != nil {
			t.Errorf("without a limit: %v", err)
		}
		if u := l.Usage(t.Context(), "acme", nil); u.Streams.Open != 2 {
			t.Errorf("%d open", u.Streams.Open)
		}
		first()
	})
}

// Leases of a replica that died end by themselves; those of one that lives are renewed.
func TestStreamLeasesExpire(t *testing.T) {
	s := redistest.Start(t)
	a, b := replica(t, s.PatientURL(), Options{Budget: 5 * time.Second}), replica(t, s.PatientURL(), Options{Budget: 5 * time.Second})
	if _, err := a.Acquire(t.Context(), "acme", 1); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Acquire(t.Context(), "acme", 1); code(err) != CodeStreams {
		t.Fatalf("on another replica: %v", err)
	}
	key := streamsKey("acme")
	s.Do("ZADD", key, "XX", "1", leaseOf(a)) // as if not renewed for long
	release, err := b.Acquire(t.Context(), "acme", 1)
	if err != nil {
		t.Fatalf("after it ended: %v", err)
	}
	release()
	s.Do("DEL", key)
	a.streams.renew(t.Context())
	if _, err := b.Acquire(t.Context(), "acme", 1); code(err) != CodeStreams {
		t.Errorf("renewed by its replica: %v", err)
	}
}

func leaseOf(l *Limiter) string {
	for lease := range l.streams.held["acme"] {
		return lease
	}
	return ""
}

func TestTokens(t *testing.T) {
	both(t, func(t *testing.T, l *Limiter) {
		ctx, plan := t.Context(), rates("1000/24h", "600/12h")
		first, err := l.Reserve(ctx, "acme", plan, 500)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Reserve(ctx, "acme", plan, 200); code(err) != CodeTokens {
			t.Errorf("200 of 100: %v", err)
		}
		var e *Exceeded
		_, err = l.Reserve(ctx, "acme", plan, 200)
		if !errors.As(err, &e) || e.RetryAfter <= 0 || e.RetryAfter > 12*time.Hour || e.Limit() != "600/12h model tokens" {
			t.Errorf("refused: %+v", e)
		}
		second, err := l.Reserve(ctx, "acme", plan, 100) // the refused ones took nothing
		if err != nil {
			t.Errorf("100 of 100: %v", err)
		}
		if u := l.Usage(ctx, "acme", plan); u.Tokens != (TokenUsage{Reserved: 600}) {
			t.Errorf("usage %+v", u.Tokens)
		}
		first.Settle(ctx, 30)
		first.Settle(ctx, 30)
		second.Settle(ctx, 150) // more than was reserved
		if u := l.Usage(ctx, "acme", plan); u.Tokens != (TokenUsage{Used: 180}) {
			t.Errorf("settled: %+v", u.Tokens)
		}
		if _, err := l.Reserve(ctx, "globex", plan, 600); err != nil {
			t.Errorf("another tenant: %v", err)
		}
		if _, err = l.Reserve(ctx, "acme", plan, 601); !errors.As(err, &e) || e.RetryAfter != 0 {
			t.Errorf("more than a window holds: %+v", e)
		}
		if r, err := l.Reserve(ctx, "acme", nil, 1<<40); err != nil {
			t.Errorf("no rates: %v", err)
		} else {
			r.Settle(ctx, 1<<40)
		}
	})
}

func TestTokensAreExact(t *testing.T) {
	both(t, func(t *testing.T, l *Limiter) {
		var granted atomic.Int64
		var wg sync.WaitGroup
		for range 64 {
			wg.Go(func() {
				for range 20 {
					if _, err := l.Reserve(t.Context(), "acme", rates("1000/24h"), 7); err == nil {
						granted.Add(7)
					}
				}
			})
		}
		wg.Wait()
		if granted.Load() != 994 {
			t.Errorf("%d tokens granted of 1000", granted.Load())
		}
	})
}

// A settlement that comes after its window has ended changes no window, and extends none.
func TestLateSettlement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t, Options{})
		plan := rates("100/1m")
		r, err := l.Reserve(t.Context(), "acme", plan, 60)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(61 * time.Second)
		if _, err := l.Reserve(t.Context(), "acme", plan, 100); err != nil {
			t.Errorf("a new window: %v", err)
		}
		r.Settle(t.Context(), 10)
		if u := l.Usage(t.Context(), "acme", plan); u.Tokens != (TokenUsage{Reserved: 100}) {
			t.Errorf("usage %+v", u.Tokens)
		}
		if _, err := l.Reserve(t.Context(), "acme", plan, 1); code(err) != CodeTokens {
			t.Errorf("more than the window holds: %v", err)
		}
		time.Sleep(time.Minute)
		if u := l.Usage(t.Context(), "acme", plan); u.Tokens != (TokenUsage{}) {
			t.Errorf("usage of a window in which nothing happened: %+v", u.Tokens)
		}
	})
}

func TestLateSettlementInRedis(t *testing.T) {
	l := replica(t, redistest.Start(t).PatientURL(), Options{Budget: 5 * time.Second})
	plan := rates("100/300ms")
	r, err := l.Reserve(t.Context(), "acme", plan, 60)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(310 * time.Millisecond)
	r.Settle(t.Context(), 10)
	if u := l.Usage(t.Context(), "acme", plan); u.Tokens.Used != 0 {
		t.Errorf("usage %+v", u.Tokens)
	}
}

// What Redis cannot be told is told when it is back; meanwhile this replica decides alone.
func TestGenerationsWithoutRedis(t *testing.T) {
	s := redistest.Start(t)
	l := replica(t, s.URL(), Options{})
	ctx, plan := t.Context(), rates("1000/24h")
	var r *Reservation
	eventually(t, time.Second, "reserved in redis", func() bool {
		var err error
		r, err = l.Reserve(ctx, "acme", plan, 400)
		return err == nil && r.shared != nil
	})
	reserved := l.Usage(ctx, "acme", plan).Tokens.Reserved
	s.Pause()
	r.Settle(ctx, 100)
	if _, err := l.Reserve(ctx, "globex", plan, 1000); err != nil {
		t.Errorf("decided alone: %v", err)
	}
	if _, err := l.Reserve(ctx, "globex", plan, 1); code(err) != CodeTokens {
		t.Errorf("more than there is, decided alone: %v", err)
	}
	release, err := l.Acquire(ctx, "globex", 1)
	if err != nil {
		t.Errorf("decided alone: %v", err)
	}
	if _, err := l.Acquire(ctx, "globex", 1); code(err) != CodeStreams {
		t.Errorf("the second of one, decided alone: %v", err)
	}
	release()
	s.Resume()
	eventually(t, 5*time.Second, "the settlement arrives", func() bool {
		u := l.Usage(ctx, "acme", plan).Tokens
		return l.Up() && u == TokenUsage{Used: 100, Reserved: reserved - 400}
	})
}
