package limit

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"atrium/cache"
	"atrium/tenants/document"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t testing.TB, o Options) *Limiter {
	t.Helper()
	l := New(o)
	t.Cleanup(l.Close)
	return l
}

// replica returns a limiter with a client of its own.
func replica(t testing.TB, url string, o Options) *Limiter {
	t.Helper()
	client, err := cache.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	o.Redis = client
	return open(t, o)
}

func rates(text ...string) []document.Rate {
	var out []document.Rate
	for _, s := range text {
		r, err := document.ParseRate(s)
		if err != nil {
			panic(err)
		}
		out = append(out, r)
	}
	return out
}

// hammer asks 64 times 100 at once, spread over the limiters, and returns how many passed.
func hammer(ctx context.Context, s Subject, ls ...*Limiter) int64 {
	var passed atomic.Int64
	var wg sync.WaitGroup
	for n := range 64 {
		wg.Go(func() {
			for range 100 {
				if ls[n%len(ls)].Take(ctx, "acme", s, 1).Allowed {
					passed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	return passed.Load()
}

func eventually(t testing.TB, within time.Duration, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !f(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", within, what)
		}
	}
}
