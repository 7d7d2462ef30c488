package cache

import (
	"context"
	"sync/atomic"
	"time"
)

// flight is one fill that any number of callers wait for. It is detached from the caller that started it.
type flight struct {
	sum    sum
	ctx    context.Context
	cancel context.CancelFunc

	waiters int  // guarded by the space's lock
	kept    bool // likewise: goes on without waiters, its answer will be stored

	stamps   atomic.Pointer[[]stamp] // set before the upstream is asked
	fallback atomic.Pointer[item]    // may stand in for the answer

	done chan struct{}
	out  landing // set before done is closed
}

// landing is what came of a flight.
type landing struct {
	item      *item
	state     State
	detail    string
	layer     string
	stored    bool
	shareable bool
	refresh   bool    // the item is stale: refresh it once everybody has it
	drop      bool    // what was stored before is superseded by something that is not stored
	also      []write // stored besides
	err       error
}

// takeOff makes a flight whose context outlives ctx and ends after hard or with the cache.
func (c *Cache) takeOff(ctx context.Context, key sum, hard time.Duration) *flight {
	f := &flight{sum: key, done: make(chan struct{})}
	timed, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), hard, ErrTimeout)
	stop := context.AfterFunc(c.ctx, cancel) //nolint:contextcheck // the cache ends it, not the caller
	f.ctx, f.cancel = timed, func() { stop(); cancel() }
	return f
}

// join boards the flight of a key that a purge has not overtaken, or starts one. lead tells which.
func (sp *space) join(key sum, start func() *flight) (f *flight, lead bool) {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	if f := sp.flights[key]; f != nil && sp.current(f) {
		f.waiters++
		return f, false
	}
	f = start()
	f.waiters = 1
	sp.flights[key] = f
	return f, true
}

// current reports whether an answer of the flight would still be valid.
func (sp *space) current(f *flight) bool {
	stamps := f.stamps.Load()
	return f.ctx.Err() == nil && (stamps == nil || sp.vector.standing(*stamps) == valid)
}

// leave gives up waiting. The last one to leave ends the flight, unless its answer is wanted anyway.
func (sp *space) leave(f *flight, keep bool) {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	f.waiters--
	f.kept = f.kept || keep
	if f.waiters == 0 && !f.kept {
		sp.landLocked(f)
		f.cancel()
	}
}

// land hands out what came of a flight.
func (sp *space) land(f *flight, out landing) {
	sp.mu.Lock()
	sp.landLocked(f)
	sp.mu.Unlock()
	f.out = out
	close(f.done)
}

// landLocked keeps new callers from boarding.
func (sp *space) landLocked(f *flight) {
	if sp.flights[f.sum] == f {
		delete(sp.flights, f.sum)
	}
}

// grace is what a fill gets to end by itself after its hard timeout, so that its own error is seen.
const grace = 100 * time.Millisecond

// wait returns what came of the flight, or what stands in for it: after the soft timeout, at the hard one, or never.
func (sp *space) wait(ctx context.Context, f *flight, softly time.Duration) landing {
	patience := time.NewTimer(softly)
	defer patience.Stop()
	ended := f.ctx.Done()
	for {
		select {
		case <-f.done:
			return f.out
		case <-ctx.Done():
			sp.leave(f, false)
			return landing{err: context.Cause(ctx)}
		case <-patience.C:
			if it := f.fallback.Load(); it != nil {
				it.throttle.Store(sp.cache.clock() + failureThrottle.Microseconds())
				sp.leave(f, true)
				return landing{item: it, state: Stale, detail: "soft-timeout", shareable: true}
			}
			if ended == nil {
				sp.leave(f, false)
				return landing{err: context.Cause(f.ctx)} //nolint:contextcheck // it is the flight that timed out
			}
		case <-ended:
			ended = nil
			patience.Reset(grace)
		}
	}
}
