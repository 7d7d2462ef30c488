package cache

import (
	"context"
	"time"
)

// Timeouts of a Request that names none.
const (
	defaultSoft = 300 * time.Millisecond
	defaultHard = 30 * time.Second
)

// Fetch returns the answer for a key: the stored one where the policy allows, else what fill gets. Callers that ask for
// the same key at the same time share one fill, as far as its answer is shareable. The error is the fill's, the
// context's, or one of this package; stale content stands in for an error where the policy allows.
func (c *Cache) Fetch(ctx context.Context, req Request, fill Fill) (Result, error) {
	if req.Key.scope == "" {
		return Result{}, ErrKey
	}
	sp := c.space(req.Key.scope)
	sp.touch()
	if sp.behind() {
		bounded, cancel := c.budget(ctx)
		sp.confirm(bounded)
		cancel()
	}
	now := c.clock()
	it := sp.get(req.Key.sum)
	v := it.judge(now, sp.standing(it, now), exponential)
	if v == usable && !req.Revalidate {
		return c.hit(ctx, sp, it, Hit, ""), nil
	}
	return c.beyond(ctx, req, fill, sp, it, v, now)
}

// beyond is Fetch where more is to be done than to return what memory has. (A function of its own, so that a plain hit
// allocates nothing for it.)
func (c *Cache) beyond(
	ctx context.Context, req Request, fill Fill, sp *space, it *item, v verdict, now int64,
) (Result, error) {
	j := &job{cache: c, space: sp, req: req, fill: fill, seen: it}
	if req.Revalidate {
		j.alone = v == uncacheable
		return j.fetch(ctx)
	}
	switch v {
	case usable, eager:
		j.refresh(ctx, it, now)
		return c.hit(ctx, sp, it, Hit, ""), nil
	case revalidate:
		j.refresh(ctx, it, now)
		return c.hit(ctx, sp, it, Stale, "swr"), nil
	case fallback:
		if it.throttled(now) {
			return c.hit(ctx, sp, it, Stale, "sie"), nil
		}
	case uncacheable:
		j.alone = true
	case absent, validator:
	}
	return j.fetch(ctx)
}

// hit serves what memory has.
func (c *Cache) hit(ctx context.Context, sp *space, it *item, state State, detail string) Result {
	if detail == "" && it.flags&negative != 0 {
		detail = "negative"
	}
	sp.counts[state].Add(1)
	r := it.result(c.clock())
	r.State, r.Detail, r.Layer = state, detail, "memory"
	c.spanOfHit(ctx, r)
	return r
}

// standing is what the epochs, and the time since they could last be confirmed, say of an item.
func (sp *space) standing(it *item, now int64) standing {
	if it == nil || it.flags&marker != 0 {
		return valid
	}
	s := sp.vector.standing(it.stamps)
	if sp.cache.guard != nil && sp.cache.local()-sp.vector.checked.Load() > blindness.Microseconds() &&
		now-it.Stored.UnixMicro() > blindness.Microseconds() {
		s = max(s, blind)
	}
	return s
}

// result describes the item at a time.
func (it *item) result(now int64) Result {
	r := Result{Entry: &it.Entry, Age: max(time.Duration(now-it.born)*time.Microsecond, 0)}
	if it.fresh > it.born {
		r.TTL = time.Duration(it.fresh-now) * time.Microsecond
	}
	return r
}

// Peek tells what Fetch would find, and how old it is. It fills, stores and counts nothing.
func (c *Cache) Peek(ctx context.Context, key Key) (State, time.Duration) {
	if key.scope == "" {
		return Bypass, 0
	}
	sp, now := c.space(key.scope), c.clock()
	bounded, cancel := c.budget(ctx)
	defer cancel()
	it := sp.get(key.sum)
	if it == nil && c.shared(bounded) {
		it, _ = c.shelf.get(bounded, key)
	}
	if it == nil {
		return Miss, 0
	}
	sp.stamps(bounded, it.fields())
	age := it.result(now).Age
	switch it.judge(now, sp.standing(it, now), exponential) {
	case usable, eager:
		return Hit, age
	case revalidate, fallback:
		return Stale, age
	case uncacheable:
		return Bypass, 0
	case absent, validator:
	}
	return Miss, 0
}

func (it *item) fields() []uint16 {
	fields := make([]uint16, len(it.stamps))
	for i, s := range it.stamps {
		fields[i] = s.field
	}
	return fields
}
