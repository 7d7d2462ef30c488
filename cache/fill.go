package cache

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/zeebo/xxh3"
)

// start is what was known when a fill began.
type start struct {
	stamps []stamp
	seq    int64
	tick   int64
}

// resolve looks once more in memory, then in Redis, and fills.
func (j *job) resolve(ctx context.Context, f *flight) landing {
	began := start{tick: j.cache.tick()}
	bounded, cancel := j.cache.budget(ctx)
	defer cancel()
	began.stamps, began.seq = j.space.stamps(bounded, fieldsOf(j.req.Policy.Tags))
	f.stamps.Store(&began.stamps)
	have, out, found := j.lookup(bounded, f)
	if !found && j.cache.shared(bounded) {
		have, out, found = j.claim(ctx, bounded, f, have)
	}
	if found {
		return out
	}
	return j.ask(ctx, have, began)
}

// lookup finds what is newer than what the caller saw: in memory, where another flight may just have landed, and in
// Redis. What is no answer may still be good in place of an error or for a conditional request.
func (j *job) lookup(ctx context.Context, f *flight) (have *item, out landing, found bool) {
	have = j.space.get(j.req.Key.sum)
	v := j.consider(ctx, f, have)
	if out, found = j.answer(have, v); found || !j.cache.shared(ctx) {
		out.layer = "memory"
		return have, out, found
	}
	it, err := j.cache.shelf.get(ctx, j.req.Key)
	if err != nil || it == nil || (have != nil && it.born <= have.born) {
		return have, landing{}, false
	}
	if v = j.consider(ctx, f, it); v == absent {
		return have, landing{}, false
	}
	j.space.put(it)
	out, found = j.answer(it, v)
	out.layer = "redis"
	return it, out, found
}

// consider judges an item, and lets it stand in for the flight's answer where that is allowed.
func (j *job) consider(ctx context.Context, f *flight, it *item) verdict {
	now, standing := j.cache.clock(), j.space.standing(it, j.cache.clock())
	if standing == unknown {
		j.space.stamps(ctx, it.fields())
		standing = j.space.standing(it, now)
	}
	v := it.judge(now, standing, exponential)
	if v == revalidate || v == fallback {
		f.fallback.Store(it)
	}
	return v
}

// answer turns an item into the flight's answer, if it is one: when it is fresh, or when it is stale and somebody waits.
// A refresh in the background looks for something newer than what caused it.
func (j *job) answer(it *item, v verdict) (landing, bool) {
	out := landing{item: it, state: Hit, shareable: true}
	switch v {
	case usable, eager:
		return out, !j.req.Revalidate && (!j.quiet || it != j.seen)
	case revalidate:
		out.state, out.detail, out.refresh = Stale, "swr", true
		return out, !j.req.Revalidate && !j.quiet
	case absent, validator, fallback, uncacheable:
	}
	return landing{}, false
}

// lockPatience is how long a replica looks for the answer of another one that holds the fill lock.
const lockPatience = 250 * time.Millisecond

var errElsewhere = errors.New("another replica refreshes it")

// claim takes the fill lock, so that one replica fills. One that does not get it looks for the other's answer for a
// while, and then fills too: a lock whose holder died costs a moment, not an answer.
func (j *job) claim(ctx, bounded context.Context, f *flight, have *item) (*item, landing, bool) {
	token, patience := rand.Text(), min(j.soft(), lockPatience)
	won, err := j.cache.shelf.claim(bounded, j.req.Key, token, j.hard()+time.Second)
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 40*time.Millisecond) {
		if won { // look again: the holder before may have stored its answer just now
			j.token = token
			return j.lookup(ctx, f)
		}
		if err != nil {
			return have, landing{}, false
		}
		rest := pause/2 + mathrand.N(pause)
		if patience -= rest; patience < 0 {
			return have, landing{err: errElsewhere}, j.quiet
		}
		select {
		case <-ctx.Done():
			return have, landing{}, false
		case <-time.After(rest):
		}
		it, out, found := j.lookup(ctx, f) // what waits anyway may spend a budget on every call
		if found {
			return it, out, true
		}
		if it != nil {
			have = it
		}
		won, err = j.cache.shelf.claim(ctx, j.req.Key, token, j.hard()+time.Second)
	}
}

// ask fills, and decides what becomes of the answer.
func (j *job) ask(ctx context.Context, have *item, began start) landing {
	var known *Entry
	if v := j.rejudge(have); v != absent && v != uncacheable {
		known = &have.Entry
	}
	at := time.Now()
	answer, err := j.call(ctx, known)
	took := time.Since(at)
	if final, ok := errors.AsType[*finalError](err); ok {
		return landing{err: final.error, shareable: true}
	}
	if err == nil && answer.NotModified {
		if answer, err = answer.confirming(known); err != nil {
			return landing{err: err, shareable: true}
		}
	}
	if err != nil || failed(answer.Entry.Status) {
		if out, ok := j.standIn(have); ok {
			return out
		}
	}
	if err != nil {
		if known != nil && have.flags&mustRevalidate != 0 {
			err = fmt.Errorf("%w: %w", ErrMustRevalidate, err)
		}
		return landing{err: err, shareable: true}
	}
	return j.settle(ctx, answer, began, took)
}

func (j *job) rejudge(it *item) verdict {
	now := j.cache.clock()
	return it.judge(now, j.space.standing(it, now), exponential)
}

// standIn serves an item in place of a failure, and spares the upstream for a moment.
func (j *job) standIn(it *item) (landing, bool) {
	out := landing{item: it, state: Stale, detail: "sie", shareable: true}
	switch j.rejudge(it) {
	case usable, eager:
		out.state, out.detail = Hit, ""
	case revalidate, fallback:
	case absent, validator, uncacheable:
		return landing{}, false
	}
	it.throttle.Store(j.cache.clock() + failureThrottle.Microseconds())
	return out, true
}

// call runs the fill. A panic becomes an error: on a flight's goroutine it would end the process.
func (j *job) call(ctx context.Context, known *Entry) (answer Answer, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = Final(fmt.Errorf("fill panicked: %v\n%s", v, debug.Stack()))
		}
	}()
	return j.fill(ctx, known)
}

var errNotModified = errors.New("the upstream confirmed what it was not asked about")

// confirming makes a whole answer of one that says that the known entry still holds.
func (a Answer) confirming(known *Entry) (Answer, error) {
	if known == nil {
		return a, errNotModified
	}
	header := known.Header.Clone()
	if header == nil {
		header = http.Header{}
	}
	maps.Copy(header, a.Entry.Header)
	changed := a.Entry
	a.Entry = *known
	a.Entry.Header = header
	if changed.UpstreamETag != "" {
		a.Entry.UpstreamETag = changed.UpstreamETag
	}
	if changed.LastModified != "" {
		a.Entry.LastModified = changed.LastModified
	}
	return a, nil
}

// settle stores the answer, when it may be.
func (j *job) settle(ctx context.Context, answer Answer, began start, took time.Duration) landing {
	now := j.cache.clock()
	it := newItem(j.req.Key, answer.Entry, now, answer.Age, took)
	policy := j.req.Policy
	if answer.Policy != nil {
		policy = *answer.Policy
	}
	out := landing{item: it, state: Miss, shareable: answer.Shareable && len(it.Header["Set-Cookie"]) == 0}
	lasting, ok := policy.lifetimes(it.Status)
	if out.shareable && answer.Store && ok {
		out.stored, out.detail = j.store(ctx, it, lasting, began, now)
	}
	if !out.stored && !refused(it.Status) {
		out.drop = j.space.remove(it.sum, it.born)
	}
	if !out.shareable {
		j.space.put(&item{sum: it.sum, flags: marker, keep: now + markerLife.Microseconds(), weight: overhead})
	}
	for _, a := range answer.Also {
		extra := newItem(a.Key, a.Entry, now, a.Age, took)
		lasting, ok := a.Policy.lifetimes(extra.Status)
		if !ok || a.Key.scope != j.req.Key.scope {
			continue
		}
		if stored, _ := j.store(ctx, extra, lasting, began, now); stored {
			out.also = append(out.also, write{key: a.Key, item: extra})
		}
	}
	return out
}

// newItem is what a fill got, before it has any time to live.
func newItem(key Key, e Entry, now int64, age, took time.Duration) *item {
	it := &item{Entry: e, sum: key.sum, born: now - age.Microseconds(), took: took.Microseconds()}
	it.Stored = time.UnixMicro(now)
	it.fresh = it.born
	if it.ETag == "" {
		it.ETag = strongTag(it.Body)
	}
	return it
}

// store gives the item its times and stamps, and puts it into memory.
func (j *job) store(ctx context.Context, it *item, p Policy, began start, now int64) (stored bool, detail string) {
	it.fresh = it.born + p.TTL.Microseconds()
	it.stale = it.fresh + p.Stale.Microseconds()
	it.sie = it.fresh + p.StaleIfError.Microseconds()
	it.keep = max(it.stale, it.sie, it.fresh+p.Keep.Microseconds())
	if p.MustRevalidate {
		it.flags |= mustRevalidate
	}
	if it.Status >= http.StatusBadRequest {
		it.flags |= negative
	}
	if it.keep <= now || len(p.Tags) > MaxTags {
		return false, ""
	}
	bounded, cancel := j.cache.budget(ctx)
	defer cancel()
	var ok bool
	if it.stamps, ok = j.space.addLate(bounded, began.stamps, began.seq, began.tick, fieldsOf(p.Tags)); !ok {
		return false, "purged"
	}
	if j.space.vector.standing(it.stamps) != valid {
		return false, "purged" // overtaken: what is there now may be newer
	}
	it.weight = weigh(it)
	stored = j.space.put(it) || (j.cache.shelf != nil && int64(len(it.Body)) <= j.cache.opts.MaxEntry)
	if !stored {
		return false, "too-large"
	}
	if j.cache.guard != nil && !j.cache.guard.Up() {
		return true, "l2-skip"
	}
	return true, ""
}

// strongTag is an ETag of exactly these bytes.
func strongTag(body []byte) string {
	h := xxh3.Hash128(body).Bytes()
	return `"` + base64.RawURLEncoding.EncodeToString(h[:]) + `"`
}
