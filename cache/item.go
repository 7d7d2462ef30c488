package cache

import (
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"
)

// item is a stored entry with all that decides on its use. Times are Unix microseconds of the shared clock.
// It is immutable but for throttle.
type item struct {
	Entry

	sum    sum   // of its key: a value that was copied to another name is not taken for it
	born   int64 // when the upstream made it
	fresh  int64 // fresh before this
	stale  int64 // then stale-while-revalidate before this
	sie    int64 // stale-if-error before this
	keep   int64 // gone from here on, never before any of the above
	took   int64 // how long the fill took
	flags  uint8
	stamps []stamp
	weight uint32

	throttle atomic.Int64 // the upstream is not tried again before this, after a failure
}

const (
	mustRevalidate uint8 = 1 << iota
	negative
	marker // hit-for-miss: this key's answers are not shareable
)

// standing is what the epochs say of an item.
type standing uint8

const (
	valid   standing = iota
	soft             // purged softly: usable as stale content
	blind            // nobody could confirm for too long that it was not purged
	unknown          // an epoch is not known here yet
	purged           // never to be used again
)

// verdict is what may be done with an item.
type verdict uint8

const (
	absent      verdict = iota // no use
	usable                     // fresh
	eager                      // fresh, and it is time to refresh it
	revalidate                 // stale: serve, refresh in the background
	fallback                   // stale: only in place of an error
	validator                  // not to be served; good for a conditional request
	uncacheable                // a marker: do not wait for others, do not store
)

// judge is the state machine of an item. chance is a sample of the exponential distribution with mean 1.
func (it *item) judge(now int64, s standing, chance func() float64) verdict {
	if it == nil || now >= it.keep || s == purged || s == unknown {
		return absent
	}
	if it.flags&marker != 0 {
		return uncacheable
	}
	if now < it.fresh && s == valid {
		if it.due(now, chance) {
			return eager
		}
		return usable
	}
	switch {
	case it.flags&mustRevalidate != 0:
		return validator
	case now < it.stale && it.stale > it.fresh && s != blind:
		return revalidate
	case now < it.sie && it.sie > it.fresh:
		return fallback
	}
	return validator
}

// due reports whether a fresh item should be refreshed ahead of its end: for certain in the last tenth of its life, and
// before that the likelier the longer a fill takes (XFetch), so that replicas and keys do not all refresh at once.
func (it *item) due(now int64, chance func() float64) bool {
	life := it.fresh - it.born
	if life < time.Second.Microseconds() || it.flags&negative != 0 {
		return false
	}
	if now-it.born > life/10*9 {
		return true
	}
	left := it.fresh - now
	return left < 16*it.took && float64(it.took)*chance() >= float64(left)
}

// throttled reports whether the upstream failed for this item a moment ago.
func (it *item) throttled(now int64) bool { return now < it.throttle.Load() }

// failureThrottle is how long stale content stands in for a failed upstream before it is tried again.
const failureThrottle = time.Second

// markerLife is how long a key counts as uncacheable after an answer that was.
const markerLife = 2 * time.Second

func exponential() float64 { return rand.ExpFloat64() }

// lifetimes of an answer with this status under the policy; false when it is not to be stored.
func (p Policy) lifetimes(status int) (Policy, bool) {
	switch {
	case status == http.StatusNotFound, status == http.StatusMethodNotAllowed,
		status == http.StatusGone, status == http.StatusUnavailableForLegalReasons:
		return Policy{TTL: p.Negative, Tags: p.Tags, MustRevalidate: p.MustRevalidate}, p.Negative > 0
	case status < http.StatusOK, status == http.StatusPartialContent, status >= http.StatusBadRequest:
		return Policy{}, false
	}
	return p, p.TTL+max(p.Stale, p.StaleIfError, p.Keep) > 0
}

// failed reports whether a status says that the upstream, not the request, is at fault for now.
func failed(status int) bool {
	switch status {
	case http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// refused reports whether a status says nothing of the content: the request was not let through, or the upstream failed.
func refused(status int) bool {
	_, found := Policy{TTL: 1, Negative: 1}.lifetimes(status)
	return !found && status >= http.StatusBadRequest
}

// overhead is what an item costs in memory beyond its bytes: itself, its map and its place in the table.
const overhead = 512

// weigh estimates the memory of an item.
func weigh(it *item) uint32 {
	n := overhead + len(it.Body) + len(it.ETag) + len(it.UpstreamETag) + len(it.LastModified) + 24*len(it.stamps)
	for name, values := range it.Header {
		n += 64 + len(name)
		for _, v := range values {
			n += 16 + len(v)
		}
	}
	return uint32(min(n, 1<<31))
}
