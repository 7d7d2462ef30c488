package cache

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// ErrUnavailable is why a Guard made no call: Redis did not answer a moment ago.
var ErrUnavailable = errors.New("redis is unavailable")

// The breaker's figures.
const (
	tripAfter     = 5                      // transport failures...
	tripWithin    = time.Second            // ...in this time open it
	probeEvery    = 500 * time.Millisecond // while open
	probeBudget   = 100 * time.Millisecond // a probe may take longer than a request may wait
	defaultBudget = 25 * time.Millisecond
)

// GuardOptions of a Guard; zero values have the defaults of Options.
type GuardOptions struct {
	Budget time.Duration
	Log    *slog.Logger
}

// A Guard stands between requests and a Redis that may be slow or gone: it bounds what a call waits, and after a few
// failures makes no calls at all until a probe in the background succeeds. No request ever pays for a probe.
type Guard struct {
	client redis.UniversalClient
	budget time.Duration
	log    *slog.Logger
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	probes sync.WaitGroup
	open   atomic.Bool

	mu       sync.Mutex
	closed   bool
	failures [tripAfter]time.Time // the latest, oldest first
}

// NewGuard returns a guard of the client, which stays the caller's. Close it.
func NewGuard(client redis.UniversalClient, o GuardOptions) *Guard {
	g := &Guard{client: client, budget: o.Budget, log: o.Log}
	if g.budget <= 0 {
		g.budget = defaultBudget
	}
	if g.log == nil {
		g.log = slog.New(slog.DiscardHandler)
	}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	return g
}

// Do calls f with the client under the budget. It returns ErrUnavailable without calling f while Redis does not answer.
// What Redis itself answers, errors included, counts as an answer.
func (g *Guard) Do(ctx context.Context, f func(context.Context, redis.UniversalClient) error) error {
	if g.open.Load() {
		return ErrUnavailable
	}
	bounded, cancel := context.WithTimeout(ctx, g.budget)
	defer cancel()
	err := f(bounded, g.client)
	if err != nil && isTransport(err) && (ctx.Err() == nil || errors.Is(context.Cause(ctx), errBudget)) {
		g.fail(ctx, err)
	}
	return err
}

// Budget returns a context for several calls that share one budget.
func (g *Guard) Budget(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, g.budget, errBudget)
}

var errBudget = errors.New("redis did not answer within the budget")

// Up reports whether calls are made.
func (g *Guard) Up() bool { return !g.open.Load() }

// Close ends a probe that runs and waits for it. Calls may still be made; they no longer open the breaker.
func (g *Guard) Close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.cancel()
	g.probes.Wait()
}

// isTransport tells failures of the way to Redis from its answers: an error reply proves that it is there. (Redis 7.0
// refuses some commands of every new connection; counting those would trip the breaker on a healthy server.)
func isTransport(err error) bool {
	if _, reply := errors.AsType[redis.Error](err); reply {
		return false
	}
	return !errors.Is(err, context.Canceled)
}

func (g *Guard) fail(ctx context.Context, cause error) {
	now := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	copy(g.failures[:], g.failures[1:])
	g.failures[tripAfter-1] = now
	first := g.failures[0]
	if g.closed || first.IsZero() || now.Sub(first) > tripWithin || !g.open.CompareAndSwap(false, true) {
		return
	}
	g.log.WarnContext(ctx, "redis does not answer: going on without it", slog.String("error", cause.Error()))
	g.probes.Go(func() { g.probe(now) }) //nolint:contextcheck // outlives the call that failed
}

// probe closes the breaker when Redis answers again.
func (g *Guard) probe(since time.Time) {
	ticks := time.NewTicker(probeEvery)
	defer ticks.Stop()
	for {
		select {
		case <-g.ctx.Done():
			return
		case <-ticks.C:
		}
		ctx, cancel := context.WithTimeout(g.ctx, probeBudget)
		err := g.client.Ping(ctx).Err()
		cancel()
		if err == nil || !isTransport(err) && g.ctx.Err() == nil {
			g.mu.Lock()
			g.failures = [tripAfter]time.Time{}
			g.mu.Unlock()
			g.open.Store(false)
			g.log.Info("redis answers again", slog.Duration("after", time.Since(since)))
			return
		}
	}
}
