package limit

import (
	"context"
	"time"

	"atrium/tenants/document"

	"github.com/redis/go-redis/v9"
	"github.com/ulule/limiter/v3"
)

// counter counts in Redis, and always here as well: when Redis is lost in the middle of a window, this replica knows
// what it has let through.
type counter struct {
	local *memory
	fleet *fleet // nil: only here
}

func libraryRate(r document.Rate) limiter.Rate { return limiter.Rate{Period: r.Window, Limit: r.Quota} }

// take counts n. What is left is negative when the request does not fit. local tells that this replica decided alone.
func (c *counter) take(
	ctx context.Context, key string, n int64, r document.Rate,
) (left int64, reset time.Time, local bool) {
	w := c.local.add(key, n, r.Window)
	if c.fleet == nil {
		return r.Quota - w.count, time.Unix(0, w.ends), false
	}
	got, err := c.fleet.count(ctx, func(ctx context.Context, s limiter.Store) (limiter.Context, error) {
		return s.Increment(ctx, key, n, libraryRate(r))
	})
	if err != nil {
		return c.fleet.share(r.Quota) - w.count, time.Unix(0, w.ends), true
	}
	return leftOf(got), resetOf(got), false
}

// peek is take of nothing.
func (c *counter) peek(ctx context.Context, key string, r document.Rate) (left int64, reset time.Time, local bool) {
	w := c.local.look(key, r.Window)
	if c.fleet == nil {
		return r.Quota - w.count, time.Unix(0, w.ends), false
	}
	got, err := c.fleet.count(ctx, func(ctx context.Context, s limiter.Store) (limiter.Context, error) {
		return s.Peek(ctx, key, libraryRate(r))
	})
	if err != nil {
		return c.fleet.share(r.Quota) - w.count, time.Unix(0, w.ends), true
	}
	return leftOf(got), resetOf(got), false
}

func leftOf(c limiter.Context) int64 {
	if c.Reached {
		return -1
	}
	return c.Remaining
}

// resetOf is never too early: the library cuts off what is less than a second.
func resetOf(c limiter.Context) time.Time { return time.Unix(c.Reset+1, 0) }

// refund gives back n that were taken a moment ago.
func (c *counter) refund(ctx context.Context, key string, n int64) {
	c.local.refund(key, n)
	if c.fleet == nil {
		return
	}
	// What cannot be given back is lost until the window ends: the limit is stricter for a while, never looser.
	_ = c.fleet.guard.Do(ctx, func(ctx context.Context, r redis.UniversalClient) error {
		return refundScript.Run(ctx, r, []string{namespace + ":" + key}, n).Err()
	})
}
