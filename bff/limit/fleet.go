package limit

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"atrium/cache"
	"crypto/rand" // the scripts

	"github.com/redis/go-redis/v9"
	"github.com/ulule/limiter/v3"
	library "github.com/ulule/limiter/v3/drivers/store/redis"
)

//go:embed refund.lua
var refundLua string

//go:embed acquire.lua
var acquireLua string

//go:embed renew.lua
var renewLua string

//go:embed reserve.lua
var reserveLua string

//go:embed settle.lua
var settleLua string

//go:embed usage.lua
var usageLua string

//go:embed beat.lua
var beatLua string

// Scripts make each decision one step.
var (
	refundScript  = redis.NewScript(refundLua)
	acquireScript = redis.NewScript(acquireLua)
	renewScript   = redis.NewScript(renewLua)
	reserveScript = redis.NewScript(reserveLua)
	settleScript  = redis.NewScript(settleLua)
	usageScript   = redis.NewScript(usageLua)
	beatScript    = redis.NewScript(beatLua)
)

// Figures of the fleet.
const (
	beatEvery  = 5 * time.Second
	aliveFor   = 15 * time.Second
	leaseLife  = 30 * time.Second
	renewEvery = 10 * time.Second
	nodesKey   = namespace + ":nodes"
)

// fleet is what replicas share through Redis, behind a guard.
type fleet struct {
	guard  *cache.Guard
	client redis.UniversalClient
	node   string
	alive  atomic.Int64 // replicas, at least this one

	building sync.Mutex
	store    atomic.Pointer[limiter.Store] // nil until Redis could be asked once

	ctx    context.Context // ends with close
	cancel context.CancelFunc
	tasks  sync.WaitGroup
}

func newFleet(client redis.UniversalClient, guard *cache.Guard) *fleet {
	f := &fleet{guard: guard, client: client, node: rand.Text()}
	f.alive.Store(1)
	f.ctx, f.cancel = context.WithCancel(context.Background())
	return f
}

func (f *fleet) start(s *streams, t *tokens) {
	f.tasks.Go(func() { f.every(beatEvery, f.beat) })
	f.tasks.Go(func() { f.every(renewEvery, s.renew) })
	f.tasks.Go(func() { f.every(time.Second, t.payDebts) })
}

// every calls do now and then, as long as Redis answers.
func (f *fleet) every(interval time.Duration, do func(context.Context)) {
	ticks := time.NewTicker(interval)
	defer ticks.Stop()
	for {
		if f.guard.Up() {
			do(f.ctx)
		}
		select {
		case <-f.ctx.Done():
			return
		case <-ticks.C:
		}
	}
}

func (f *fleet) close() {
	f.cancel()
	f.tasks.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = f.guard.Do(ctx, func(ctx context.Context, c redis.UniversalClient) error { return c.ZRem(ctx, nodesKey, f.node).Err() })
	f.guard.Close()
}

// beat says that this replica is alive, and counts those that are.
func (f *fleet) beat(ctx context.Context) {
	n, err := f.run(ctx, beatScript, []string{nodesKey}, f.node, aliveFor.Milliseconds())
	if err == nil {
		f.alive.Store(max(n[0], 1))
	}
}

// share is this replica's part of a quota while it decides alone: rounded up, so that nobody gets nothing.
func (f *fleet) share(quota int64) int64 {
	n := f.alive.Load()
	return (quota + n - 1) / n
}

// count runs f with the library's store under the guard.
func (f *fleet) count(
	ctx context.Context, do func(context.Context, limiter.Store) (limiter.Context, error),
) (got limiter.Context, err error) {
	err = f.guard.Do(ctx, func(ctx context.Context, _ redis.UniversalClient) error {
		store, err := f.library()
		if err != nil {
			return err
		}
		got, err = do(ctx, store)
		return err
	})
	return got, err
}

// library returns the library's store. It is made when Redis first answers: the library asks Redis to make one.
func (f *fleet) library() (limiter.Store, error) {
	if s := f.store.Load(); s != nil {
		return *s, nil
	}
	f.building.Lock()
	defer f.building.Unlock()
	if s := f.store.Load(); s != nil {
		return *s, nil
	}
	if !f.guard.Up() { // found out while this one waited for the lock
		return nil, cache.ErrUnavailable
	}
	s, err := library.NewStoreWithOptions(f.client, limiter.StoreOptions{Prefix: namespace})
	if err != nil {
		return nil, fmt.Errorf("load the limiter's scripts: %w", err)
	}
	f.store.Store(&s)
	return s, nil
}

// run runs a script that returns at least one number.
func (f *fleet) run(ctx context.Context, script *redis.Script, keys []string, args ...any) (reply []int64, err error) {
	err = f.guard.Do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		cmd := script.Run(ctx, c, keys, args...)
		if n, err := cmd.Int64(); err == nil {
			reply = []int64{n}
			return nil
		}
		reply, err = cmd.Int64Slice()
		return err
	})
	if err == nil && len(reply) == 0 {
		err = errShape
	}
	return reply, err
}

var errShape = errors.New("a script answered in another shape")

// forget gives a lease back.
func (f *fleet) forget(ctx context.Context, key, lease string) {
	_ = f.guard.Do(ctx, func(ctx context.Context, c redis.UniversalClient) error { return c.ZRem(ctx, key, lease).Err() })
}

// leases counts those that have not ended.
func (f *fleet) leases(ctx context.Context, key string) (n int64, err error) {
	err = f.guard.Do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		n, err = c.ZCard(ctx, key).Result()
		return err
	})
	return n, err
}
