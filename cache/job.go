package cache

import (
	"context"
	"errors"
	"time"
)

// job is one request on its way to an answer that memory does not have.
type job struct {
	cache *Cache
	space *space
	req   Request
	fill  Fill
	seen  *item // what memory had; nil for nothing
	alone bool  // wait for nobody, and let nobody wait
	quiet bool  // a refresh in the background

	token string // of the fill lock, when it is held
}

func (j *job) soft() time.Duration {
	if j.req.SoftTimeout > 0 {
		return j.req.SoftTimeout
	}
	return defaultSoft
}

func (j *job) hard() time.Duration {
	if j.req.HardTimeout > 0 {
		return j.req.HardTimeout
	}
	return defaultHard
}

// fetch gets an answer by a flight, or alone.
func (j *job) fetch(ctx context.Context) (Result, error) {
	ctx, span := j.cache.spanOfFetch(ctx)
	shared := false
	var out landing
	for tries := 0; !j.alone; tries++ {
		var lead bool
		out, lead = j.fly(ctx)
		shared = !lead
		if errors.Is(out.err, errElsewhere) && tries < 2 {
			continue // boarded a refresh that was nobody's business any more
		}
		j.alone = shared && out.err == nil && !j.suits(out) // made for another caller: ask for ourselves
		break
	}
	if j.alone {
		out, shared = j.direct(ctx), false
	}
	return j.cache.finish(span, j.space, out, shared)
}

// suits reports whether what came of another caller's flight may be given to this one.
func (j *job) suits(out landing) bool {
	return out.shareable && (out.state == Miss || !j.req.Revalidate)
}

// fly waits for the key's flight, starting it when there is none.
func (j *job) fly(ctx context.Context) (out landing, lead bool) {
	f, lead := j.space.join(j.req.Key.sum, func() *flight { return j.cache.takeOff(ctx, j.req.Key.sum, j.hard()) })
	if lead && !j.cache.start(func() { j.run(f) }) { //nolint:contextcheck // a flight is detached from its callers
		j.space.land(f, landing{err: errClosed})
		f.cancel()
		return j.direct(ctx), true
	}
	return j.space.wait(ctx, f, j.soft()), lead
}

var errClosed = errors.New("the cache is closed")

// run is the goroutine of a flight.
func (j *job) run(f *flight) {
	defer f.cancel()
	ctx, span := f.ctx, noSpan
	if j.quiet {
		ctx, span = j.cache.spanOfRefresh(ctx)
	}
	out := j.resolve(ctx, f)
	if j.quiet {
		j.cache.countRefresh(span, out)
	}
	j.space.land(f, out)
	j.keep(ctx, out)
	if out.refresh {
		j.refresh(ctx, out.item, j.cache.clock())
	}
}

// keep puts what was stored in memory into Redis too, and releases the fill lock. Nobody waits for it.
func (j *job) keep(ctx context.Context, out landing) {
	if !j.cache.measured.Load() {
		return
	}
	for _, w := range out.also {
		_ = j.cache.shelf.put(context.WithoutCancel(ctx), w, j.cache.clock())
	}
	if j.token == "" && !out.stored && !out.drop {
		return
	}
	w := write{key: j.req.Key, token: j.token, drop: out.drop}
	if out.stored {
		w.item = out.item
	}
	// What Redis could not take is filled again when it is missed there.
	_ = j.cache.shelf.put(context.WithoutCancel(ctx), w, j.cache.clock())
}

// direct fills for this caller alone, on its own goroutine.
func (j *job) direct(ctx context.Context) landing {
	ctx, cancel := context.WithTimeoutCause(ctx, j.hard(), ErrTimeout)
	defer cancel()
	began := j.cache.tick()
	bounded, done := j.cache.budget(ctx)
	stamps, seq := j.space.stamps(bounded, fieldsOf(j.req.Policy.Tags))
	done()
	out := j.ask(ctx, j.space.get(j.req.Key.sum), start{stamps, seq, began})
	if out.state == Miss {
		out.state = Bypass
	}
	j.keep(ctx, out)
	return out
}

// refresh fills in the background, when nobody does already and there is room. It belongs to the cache, not to ctx.
func (j *job) refresh(ctx context.Context, it *item, now int64) {
	c, sp := j.cache, j.space
	if it.throttled(now) || !c.admit(sp) {
		return
	}
	next := &job{cache: c, space: sp, req: j.req, fill: j.fill, seen: it, quiet: true}
	f, lead := sp.join(j.req.Key.sum, func() *flight { return c.takeOff(ctx, next.req.Key.sum, next.hard()) })
	if !lead {
		sp.leave(f, false)
		c.dismiss(sp)
		return
	}
	started := c.start(func() { //nolint:contextcheck // a flight is detached from its callers
		defer c.dismiss(sp)
		next.run(f)
	})
	if !started {
		sp.land(f, landing{err: errClosed})
		f.cancel()
		c.dismiss(sp)
	}
}
