package limit

import (
	"context"
	"math/rand/v2"
	"runtime"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ulule/limiter/v3"
)

func TestMemoryIsExact(t *testing.T) {
	l := open(t, Options{})
	if passed := hammer(t.Context(), Subject{Requests: rates("1000/1h")}, l); passed != 1000 {
		t.Errorf("%d passed, want 1000", passed)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	n, most := 1_000_000, 1<<16
	if testing.Short() {
		n = 200_000
	}
	if raceEnabled { // ten times slower
		n, most = 50_000, 1<<13
	}
	l := open(t, Options{MaxKeys: most})
	s := Subject{Requests: rates("1000000000/1h"), PerClient: rates("10/1h")}
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	for i := range n {
		s.Client = "address:" + strconv.FormatUint(rand.Uint64(), 36) + strconv.Itoa(i)
		l.Take(t.Context(), "acme", s, 1)
	}
	keys, grown := l.client.local.len(), heap()-before
	t.Logf("%d clients: %d keys, %d KiB, %d bytes a key", n, keys, grown>>10, grown/int64(keys))
	if keys > most {
		t.Errorf("%d keys, at most %d", keys, most)
	}
	if grown > int64(most)*512 {
		t.Errorf("%d bytes for %d keys", grown, keys)
	}
	if d := l.Peek(t.Context(), "acme", s); d.Limits[0].Remaining != 1_000_000_000-int64(n) {
		t.Errorf("a flood of clients lost the tenant's counter: %d left", d.Limits[0].Remaining)
	}
}

func TestMemoryEvictsEndedWindowsFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMemory(memoryShards*4, time.Now)
		rate := limiter.Rate{Period: time.Minute, Limit: 10}
		for i := range 1000 {
			_, _ = m.Increment(context.Background(), "old"+strconv.Itoa(i), 1, rate)
		}
		time.Sleep(30 * time.Second)
		for range 5 {
			_, _ = m.Get(context.Background(), "busy", rate)
		}
		time.Sleep(31 * time.Second)
		for i := range 10 {
			_, _ = m.Increment(context.Background(), "new"+strconv.Itoa(i), 1, rate)
		}
		if got, _ := m.Peek(context.Background(), "busy", rate); got.Remaining != 5 {
			t.Errorf("a live counter was evicted while ended ones were there: %+v", got)
		}
	})
}

// The store keeps the library's contract.
func TestMemoryIsAStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, ctx := newMemory(100, time.Now), context.Background()
		rate := limiter.Rate{Period: 10 * time.Second, Limit: 2}
		end := time.Now().Unix() + 10
		for n, want := range []limiter.Context{
			{Limit: 2, Remaining: 1, Reset: end},
			{Limit: 2, Remaining: 0, Reset: end},
			{Limit: 2, Remaining: 0, Reset: end, Reached: true},
		} {
			if got, err := m.Get(ctx, "a", rate); err != nil || got != want {
				t.Errorf("get %d: %+v %v, want %+v", n, got, err, want)
			}
		}
		if got, err := m.Peek(ctx, "a", rate); err != nil || !got.Reached {
			t.Errorf("peek: %+v %v", got, err)
		}
		if got, err := m.Reset(ctx, "a", rate); err != nil || got.Remaining != 2 {
			t.Errorf("reset: %+v %v", got, err)
		}
		if got, err := m.Peek(ctx, "a", rate); err != nil || got.Remaining != 2 {
			t.Errorf("after reset: %+v %v", got, err)
		}
		time.Sleep(11 * time.Second)
		m.refund("a", 5) // into a window that has ended
		if got, err := m.Increment(ctx, "a", 1, rate); err != nil || got.Remaining != 1 {
			t.Errorf("a new window: %+v %v", got, err)
		}
	})
}

func BenchmarkTake(b *testing.B) {
	l := open(b, Options{})
	s := Subject{Client: "user:7", Requests: rates("1000000000/1h"), PerClient: rates("1000000000/1h")}
	b.ReportAllocs()
	for b.Loop() {
		l.Take(b.Context(), "acme", s, 1)
	}
}
