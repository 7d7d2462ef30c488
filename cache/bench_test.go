package cache

import (
	"fmt"
	"testing"
	"time"

	"atrium/cache/redistest"
)

func hot(tb testing.TB, size int) (*Cache, Request, *upstream) {
	c := open(tb, Options{})
	u := &upstream{answer: func(int64) Answer { return storable(200, string(make([]byte, size))) }}
	req := request("a", tagged("customer:7", "orders"))
	if _, err := c.Fetch(tb.Context(), req, u.fill); err != nil {
		tb.Fatal(err)
	}
	return c, req, u
}

// 20: what a hit may cost.
func Test20HitAllocates(t *testing.T) {
	c, req, u := hot(t, 4096)
	if n := testing.AllocsPerRun(1000, func() {
		if r, err := c.Fetch(t.Context(), req, u.fill); err != nil || r.State != Hit {
			t.Fatalf("%v %v", r.State, err)
		}
	}); n > 3 {
		t.Errorf("a hit allocates %v times", n)
	}
}

func BenchmarkHit(b *testing.B) {
	c, req, u := hot(b, 4096)
	b.ReportAllocs()
	for b.Loop() {
		_, _ = c.Fetch(b.Context(), req, u.fill)
	}
}

func BenchmarkHitWithKey(b *testing.B) {
	c, req, u := hot(b, 4096)
	name := []byte("a")
	b.ReportAllocs()
	for b.Loop() {
		req.Key = NewKey("acme", name)
		_, _ = c.Fetch(b.Context(), req, u.fill)
	}
}

func BenchmarkHitParallel(b *testing.B) {
	c, req, u := hot(b, 4096)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			_, _ = c.Fetch(b.Context(), req, u.fill)
		}
	})
}

func BenchmarkMiss(b *testing.B) {
	c, _, u := hot(b, 4096)
	req := request("never fresh", Policy{TTL: time.Nanosecond})
	b.ReportAllocs()
	for b.Loop() {
		_, _ = c.Fetch(b.Context(), req, u.fill)
	}
}

func BenchmarkWire(b *testing.B) {
	for _, size := range []int{1 << 10, 20 << 10, 1 << 20} {
		it := sample()
		it.Body = make([]byte, size)
		value, _ := encode(it)
		b.Run(fmt.Sprintf("encode-%dKiB", size>>10), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = encode(it)
			}
		})
		b.Run(fmt.Sprintf("decode-%dKiB", size>>10), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = decode(it.sum, value)
			}
		})
	}
}

// A hit of Redis is one round trip: compare with the plain GET beside it.
func BenchmarkRedisHit(b *testing.B) {
	s := redistest.Start(b)
	c := replica(b, s.PatientURL(), Options{Budget: time.Second})
	u := &upstream{answer: func(int64) Answer { return storable(200, string(make([]byte, 4096))) }}
	req := request("a", tagged("x"))
	_, _ = c.Fetch(b.Context(), req, u.fill)
	inRedis(b, s, req.Key)
	b.Run("fetch", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.existing("acme").memory.Store(nil)
			_, _ = c.Fetch(b.Context(), req, u.fill)
		}
	})
	b.Run("get", func(b *testing.B) {
		for b.Loop() {
			_ = c.opts.Redis.Get(b.Context(), req.Key.String()).Err()
		}
	})
	if n := u.calls.Load(); n != 1 {
		b.Errorf("%d calls", n)
	}
}
