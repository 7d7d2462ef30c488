package cache

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/metric"
)

// Options of a Cache. The zero value caches in memory.
type Options struct {
	Redis     redis.UniversalClient // as Connect makes it; nil: memory only
	Meter     metric.Meter          // nil: no metrics
	Log       *slog.Logger          // nil: silent
	Now       func() time.Time      // nil: time.Now
	Quota     int64                 // bytes of memory a tenant may use unless SetQuota says otherwise; zero means 64 MiB
	Memory    int64                 // bytes of memory of all tenants together; zero means 1 GiB
	MaxEntry  int64                 // larger answers are kept in memory only, if at all; zero means 1 MiB
	Budget    time.Duration         // what one Fetch may wait for Redis; zero means 25ms
	Refreshes int                   // refreshes in the background at once; zero means 64
}

func (o *Options) defaults() {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	orElse(&o.Quota, 64<<20)
	orElse(&o.Memory, 1<<30)
	orElse(&o.MaxEntry, 1<<20)
	orElse(&o.Budget, defaultBudget)
	orElse(&o.Refreshes, 64)
}

func orElse[T int | int64 | time.Duration](v *T, otherwise T) {
	if *v <= 0 {
		*v = otherwise
	}
}

// Cache is a read-through cache of many tenants. Its methods may be called by any number of goroutines.
type Cache struct {
	opts   Options
	shards [shards]shard
	table  table
	ledger ledger
	guard  *Guard       // nil without Redis
	shelf  *shelf       // nil without Redis
	node   string       // tells this replica's purges from those of others
	offset atomic.Int64 // of the shared clock to this one, microseconds

	measured  atomic.Bool   // the offset is known
	measuring chan struct{} // holds one token

	seen observer

	refreshes chan struct{} // a token for each refresh that runs

	quotas struct {
		sync.RWMutex
		of map[string]int64
	}

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	life   struct {
		sync.RWMutex
		closed bool
	}
	tasks sync.WaitGroup
}

// New returns a cache. It does not wait for Redis. Close it.
func New(opts Options) *Cache {
	opts.defaults()
	c := &Cache{opts: opts, node: rand.Text(), refreshes: make(chan struct{}, opts.Refreshes)}
	c.measuring = make(chan struct{}, 1)
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.table.clock = c.clock
	c.ledger = &c.table
	if opts.Redis != nil {
		c.guard = NewGuard(opts.Redis, GuardOptions{Budget: opts.Budget, Log: opts.Log})
		c.shelf = &shelf{guard: c.guard, maxEntry: opts.MaxEntry}
		c.ledger = &registry{guard: c.guard, node: c.node}
		c.start(c.follow)
		c.start(c.listen)
	}
	c.start(c.tidy)
	c.seen.observe(c)
	return c
}

// Close ends refreshes and whatever else runs in the background, and waits for it. After it, Fetch stores nothing.
func (c *Cache) Close() {
	c.life.Lock()
	c.life.closed = true
	c.life.Unlock()
	c.cancel()
	c.tasks.Wait()
	if c.guard != nil {
		c.guard.Close()
	}
	c.seen.stop()
}

// Up reports whether Redis answers, if there is one.
func (c *Cache) Up() bool { return c.guard == nil || c.guard.Up() }

// start runs f on a goroutine that Close waits for; false when the cache is closed.
func (c *Cache) start(f func()) bool {
	c.life.RLock()
	defer c.life.RUnlock()
	if c.life.closed {
		return false
	}
	c.tasks.Go(f)
	return true
}

// clock is the time in microseconds that replicas share: Redis' when it could be asked, so that a skewed replica ages
// entries like the others.
func (c *Cache) clock() int64 { return c.opts.Now().UnixMicro() + c.offset.Load() }

// local is this process' own time in microseconds, for what is never compared with another replica's: it does not jump
// when the offset becomes known.
func (c *Cache) local() int64 { return c.opts.Now().UnixMicro() }

// tick is the clock, never twice the same.
func (c *Cache) tick() int64 { return c.table.tick() }

// budget bounds what the calls to Redis under it may take together.
func (c *Cache) budget(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.guard == nil {
		return ctx, func() {}
	}
	return c.guard.Budget(ctx)
}

// refreshesPerSpace keeps one tenant's slow upstream from taking all refreshes.
func (c *Cache) refreshesPerSpace() int32 { return int32(max(c.opts.Refreshes/4, 1)) }

// admit lets a refresh run, when there is room.
func (c *Cache) admit(sp *space) bool {
	if sp.refreshing.Add(1) > c.refreshesPerSpace() {
		sp.refreshing.Add(-1)
		c.seen.dropped.Add(1)
		return false
	}
	select {
	case c.refreshes <- struct{}{}:
		return true
	default:
		sp.refreshing.Add(-1)
		c.seen.dropped.Add(1)
		return false
	}
}

func (c *Cache) dismiss(sp *space) {
	<-c.refreshes
	sp.refreshing.Add(-1)
}

// SetQuota bounds a tenant's memory in bytes; zero is the default of Options. It holds at once.
func (c *Cache) SetQuota(tenant string, bytes int64) {
	c.quotas.Lock()
	if bytes <= 0 {
		delete(c.quotas.of, tenant)
	} else {
		if c.quotas.of == nil {
			c.quotas.of = map[string]int64{}
		}
		c.quotas.of[tenant] = bytes
	}
	c.quotas.Unlock()
	if sp := c.existing(tenant); sp != nil {
		if m := sp.memory.Load(); m != nil {
			m.SetMaximum(uint64(c.quota(tenant)))
		}
	}
}

func (c *Cache) quota(scope string) int64 {
	c.quotas.RLock()
	defer c.quotas.RUnlock()
	if q, ok := c.quotas.of[scope]; ok {
		return q
	}
	return c.opts.Quota
}

// Usage is what a tenant uses of this replica's memory, and how well, since this replica started.
type Usage struct {
	Bytes  int64
	Hits   int64 // stale content included
	Misses int64 // bypasses included
}

// HitRatio is the share of hits, 0 when there was no request.
func (u Usage) HitRatio() float64 {
	if u.Hits+u.Misses == 0 {
		return 0
	}
	return float64(u.Hits) / float64(u.Hits+u.Misses)
}

// Usage returns a tenant's usage.
func (c *Cache) Usage(tenant string) Usage {
	sp := c.existing(tenant)
	if sp == nil {
		return Usage{}
	}
	return Usage{
		Bytes:  sp.bytes(),
		Hits:   sp.counts[Hit].Load() + sp.counts[Stale].Load(),
		Misses: sp.counts[Miss].Load() + sp.counts[Bypass].Load(),
	}
}

// Drop forgets everything of a tenant that is gone: here at once, and on other replicas as a hard purge of all does.
func (c *Cache) Drop(tenant string) {
	c.SetQuota(tenant, 0)
	sp := c.existing(tenant)
	if sp == nil {
		if c.guard == nil {
			return
		}
		sp = c.space(tenant)
	}
	sp.vector.owe([]uint16{fieldAll}, false, c.tick)
	sp.release()
	sp.used.Store(0)
	sp.gone.Store(true) // tidy pays what is owed, and lets go of the rest
}
