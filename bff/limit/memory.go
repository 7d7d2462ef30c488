package limit

import (
	"context"
	"hash/maphash"
	"sync"
	"time"

	"github.com/ulule/limiter/v3"
)

// memory is a limiter.Store of fixed windows that is bounded in keys. (The library's own grows without bound, and its
// cleaner may drop a counter that is live.)
type memory struct {
	now    func() time.Time
	seed   maphash.Seed
	shards [memoryShards]memoryShard
	most   int // keys of a shard
}

var _ limiter.Store = (*memory)(nil)

const memoryShards = 64

type memoryShard struct {
	mu sync.Mutex
	m  map[string]window
}

// window is a counter until it ends, in Unix nanoseconds.
type window struct{ count, ends int64 }

func newMemory(keys int, now func() time.Time) *memory {
	return &memory{now: now, seed: maphash.MakeSeed(), most: max(keys/memoryShards, 1)}
}

// Get implements limiter.Store.
func (m *memory) Get(ctx context.Context, key string, rate limiter.Rate) (limiter.Context, error) {
	return m.Increment(ctx, key, 1, rate)
}

// Increment implements limiter.Store. It never fails.
func (m *memory) Increment(_ context.Context, key string, n int64, rate limiter.Rate) (limiter.Context, error) {
	return state(m.add(key, n, rate.Period), rate), nil
}

// Peek implements limiter.Store.
func (m *memory) Peek(_ context.Context, key string, rate limiter.Rate) (limiter.Context, error) {
	return state(m.look(key, rate.Period), rate), nil
}

// Reset implements limiter.Store.
func (m *memory) Reset(_ context.Context, key string, rate limiter.Rate) (limiter.Context, error) {
	s := m.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.m, key)
	return state(window{ends: m.now().Add(rate.Period).UnixNano()}, rate), nil
}

func state(w window, rate limiter.Rate) limiter.Context {
	return limiter.Context{
		Limit: rate.Limit, Remaining: max(rate.Limit-w.count, 0),
		Reset: ceilSeconds(time.Duration(w.ends)), Reached: w.count > rate.Limit,
	}
}

func (m *memory) shard(key string) *memoryShard {
	return &m.shards[maphash.String(m.seed, key)%memoryShards]
}

// add counts n in the key's window, starting one when there is none.
func (m *memory) add(key string, n int64, period time.Duration) window {
	now := m.now().UnixNano()
	s := m.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	w, ok := s.m[key]
	if !ok {
		s.makeRoom(m.most, now)
	}
	if !ok || now >= w.ends {
		w = window{ends: now + int64(period)}
	}
	w.count += n
	s.m[key] = w
	return w
}

func (m *memory) look(key string, period time.Duration) window {
	now := m.now().UnixNano()
	s := m.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if w, ok := s.m[key]; ok && now < w.ends {
		return w
	}
	return window{ends: now + int64(period)}
}

// refund gives n back to the window that is open; a window that has ended, or never began, gets nothing.
func (m *memory) refund(key string, n int64) {
	s := m.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if w, ok := s.m[key]; ok && m.now().UnixNano() < w.ends {
		w.count = max(w.count-n, 0)
		s.m[key] = w
	}
}

// samples are looked at to make room.
const samples = 8

// makeRoom evicts when the shard is full: of a few keys those whose window has ended, else the one that counted least.
func (s *memoryShard) makeRoom(most int, now int64) {
	if s.m == nil {
		s.m = make(map[string]window)
	}
	if len(s.m) < most {
		return
	}
	seen, least, leastCount := 0, "", int64(0)
	for key, w := range s.m { // starts anywhere
		if now >= w.ends {
			delete(s.m, key)
		} else if least == "" || w.count < leastCount {
			least, leastCount = key, w.count
		}
		if seen++; seen == samples {
			break
		}
	}
	if len(s.m) >= most {
		delete(s.m, least)
	}
}

func (m *memory) len() (n int) {
	for i := range m.shards {
		s := &m.shards[i]
		s.mu.Lock()
		n += len(s.m)
		s.mu.Unlock()
	}
	return n
}
