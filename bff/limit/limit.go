package limit

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"atrium/cache"
	"atrium/tenants"
	"atrium/tenants/document"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/metric"
)

// Options of a Limiter. The zero value limits in memory.
type Options struct {
	Redis   redis.UniversalClient // shared by the replicas; nil: this process counts alone
	Meter   metric.Meter          // nil: no metrics
	Log     *slog.Logger          // nil: silent
	MaxKeys int                   // counters kept in memory at most; zero means 262,144, about 50 MiB
	Budget  time.Duration         // what one call may wait for Redis; zero means 25ms
	Now     func() time.Time      // nil: time.Now
}

// A Subject is who sends a request, with the rates of its tenant's plan. No rate is no limit.
type Subject struct {
	Client    string          // "user:7", "key:web" or "address:192.0.2.1"; "" has no client limits
	Requests  []document.Rate // of the whole tenant
	PerClient []document.Rate // of each client
}

// A Limiter decides. Its methods may be called by any number of goroutines.
type Limiter struct {
	opts    Options
	fleet   *fleet // nil without Redis
	tenant  *counter
	client  *counter
	streams streams
	tokens  tokens
	tallies tallies
	export  metric.Registration
}

// New returns a Limiter; it does not wait for Redis. Close it.
func New(opts Options) *Limiter {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.MaxKeys <= 0 {
		opts.MaxKeys = 1 << 18
	}
	l := &Limiter{opts: opts}
	if opts.Redis != nil {
		l.fleet = newFleet(opts.Redis, cache.NewGuard(opts.Redis, cache.GuardOptions{Budget: opts.Budget, Log: opts.Log}))
	}
	// Tenants' counters apart from clients': a flood of made-up clients evicts only clients.
	l.tenant = &counter{local: newMemory(opts.MaxKeys/4, opts.Now), fleet: l.fleet}
	l.client = &counter{local: newMemory(opts.MaxKeys-opts.MaxKeys/4, opts.Now), fleet: l.fleet}
	l.streams.fleet = l.fleet
	l.tokens.fleet, l.tokens.now = l.fleet, opts.Now
	if l.fleet != nil {
		l.fleet.start(&l.streams, &l.tokens)
	}
	l.observe()
	return l
}

// Close ends what runs in the background and waits for it. After it, decisions are made locally.
func (l *Limiter) Close() {
	if l.fleet != nil {
		l.fleet.close()
	}
	if l.export != nil {
		_ = l.export.Unregister()
	}
}

// Up reports whether Redis answers, if there is one.
func (l *Limiter) Up() bool { return l.fleet == nil || l.fleet.guard.Up() }

// Take counts one request of cost (at least 1) and decides. It never fails: without Redis it decides alone. A request
// that a client's limit refuses takes nothing from its tenant, and one that is refused takes nothing from longer windows.
func (l *Limiter) Take(ctx context.Context, tenant tenants.ID, s Subject, cost int64) Decision {
	d, takes := l.decision(tenant, s, max(cost, 1))
	ctx, end := l.span(ctx, d)
	ctx, cancel := l.budget(ctx)
	defer cancel()
	for i := range takes {
		t := &takes[i]
		left, reset, local := t.counter.take(ctx, t.key, t.cost, t.rate)
		d.Local = d.Local || local
		d.Limits[t.at].Remaining, d.Limits[t.at].Reset = max(left, 0), reset
		if left < 0 {
			l.refuse(ctx, &d, takes, i)
			break
		}
	}
	l.tallies.of(tenant).note(d)
	end(d)
	return d
}

// budget bounds what all calls to Redis for one decision take together.
func (l *Limiter) budget(ctx context.Context) (context.Context, context.CancelFunc) {
	if l.fleet == nil {
		return ctx, func() {}
	}
	return l.fleet.guard.Budget(ctx)
}

// Peek tells what Take would see, and counts nothing.
func (l *Limiter) Peek(ctx context.Context, tenant tenants.ID, s Subject) Decision {
	d, takes := l.decision(tenant, s, 1)
	ctx, cancel := l.budget(ctx)
	defer cancel()
	for i := range takes {
		l.look(ctx, &d, &takes[i])
		if d.Allowed && d.Limits[takes[i].at].Remaining == 0 {
			d.Allowed, d.Code, d.refused = false, takes[i].code, takes[i].at
		}
	}
	return d
}

// take is one limit to be asked.
type take struct {
	counter *counter
	code    string
	key     string
	rate    document.Rate
	cost    int64
	at      int // in Decision.Limits
}

// decision lists the limits, the tenant's first, and the order to ask them in, the client's first.
func (l *Limiter) decision(tenant tenants.ID, s Subject, cost int64) (Decision, []take) {
	perClient := s.PerClient
	if s.Client == "" {
		perClient = nil
	}
	n := len(s.Requests)
	d := Decision{Allowed: true, refused: -1, now: l.opts.Now(), Limits: make([]Limit, n+len(perClient))}
	takes := make([]take, 0, len(d.Limits))
	if len(perClient) > 0 {
		who := digest(s.Client)
		for i, r := range perClient {
			d.Limits[n+i] = Limit{Name: limitName("client", r, len(perClient)), Quota: r.Quota, Window: r.Window}
			takes = append(takes, take{l.client, CodeClient, clientKey(tenant, r, who), r, cost, n + i})
		}
	}
	for i, r := range s.Requests {
		d.Limits[i] = Limit{Name: limitName("tenant", r, n), Quota: r.Quota, Window: r.Window}
		takes = append(takes, take{l.tenant, CodeRequests, tenantKey(tenant, r), r, cost, i})
	}
	return d, takes
}

// refuse fills in the rest of a decision that takes[i] refused: what was taken before is given back, what comes after is
// only looked at.
func (l *Limiter) refuse(ctx context.Context, d *Decision, takes []take, i int) {
	d.Allowed, d.Code, d.refused = false, takes[i].code, takes[i].at
	for _, t := range takes[:i] {
		t.counter.refund(ctx, t.key, t.cost)
		d.Limits[t.at].Remaining += t.cost
	}
	if t := takes[i]; t.cost > 1 { // one too many does no harm; many would refuse smaller ones that still fit
		t.counter.refund(ctx, t.key, t.cost)
		l.look(ctx, d, &takes[i])
	}
	for k := range takes[i+1:] {
		l.look(ctx, d, &takes[i+1+k])
	}
}

func (l *Limiter) look(ctx context.Context, d *Decision, t *take) {
	left, reset, local := t.counter.peek(ctx, t.key, t.rate)
	d.Local = d.Local || local
	d.Limits[t.at].Remaining, d.Limits[t.at].Reset = max(left, 0), reset
}

// tallies count requests by tenant.
type tallies struct {
	mu sync.RWMutex
	m  map[tenants.ID]*tally
}
