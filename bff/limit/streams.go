package limit

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"sync"
	"time"

	"atrium/tenants"
)

// streams lease generations. A lease is renewed as long as it is held, so that those of a replica that died end by
// themselves.
type streams struct {
	fleet *fleet // nil: only here

	mu   sync.Mutex
	held map[tenants.ID]map[string]struct{} // leases of this replica
}

// streamRetry is what a refused generation is told to wait: nobody knows when another one ends.
const streamRetry = time.Second

// Acquire leases one of the tenant's generations at once; a limit of zero is none. The caller calls release when the
// generation has ended; more than once does no harm. The error is *Exceeded.
func (l *Limiter) Acquire(ctx context.Context, tenant tenants.ID, limit int) (release func(), err error) {
	s, lease := &l.streams, rand.Text()
	if !s.hold(ctx, tenant, lease, limit) {
		return nil, &Exceeded{
			Code: CodeStreams, RetryAfter: streamRetry, what: fmt.Sprintf("%d generations at once", limit),
		}
	}
	return sync.OnceFunc(func() { s.release(context.WithoutCancel(ctx), tenant, lease) }), nil
}

func (s *streams) hold(ctx context.Context, tenant tenants.ID, lease string, limit int) bool {
	if s.fleet == nil {
		return s.add(tenant, lease, limit)
	}
	got, err := s.fleet.run(ctx, acquireScript, []string{streamsKey(tenant)}, lease, limit, leaseLife.Milliseconds())
	if err != nil {
		return s.add(tenant, lease, int(s.fleet.share(int64(limit))))
	}
	return got[0] == 1 && s.add(tenant, lease, 0)
}

// add notes a lease, unless the limit's number is held here already.
func (s *streams) add(tenant tenants.ID, lease string, limit int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	mine := s.held[tenant]
	if limit > 0 && len(mine) >= limit {
		return false
	}
	if mine == nil {
		mine = map[string]struct{}{}
		if s.held == nil {
			s.held = map[tenants.ID]map[string]struct{}{}
		}
		s.held[tenant] = mine
	}
	mine[lease] = struct{}{}
	return true
}

func (s *streams) release(ctx context.Context, tenant tenants.ID, lease string) {
	s.mu.Lock()
	delete(s.held[tenant], lease)
	if len(s.held[tenant]) == 0 {
		delete(s.held, tenant)
	}
	s.mu.Unlock()
	if s.fleet != nil {
		s.fleet.forget(ctx, streamsKey(tenant), lease) // else it ends by itself
	}
}

// renewBatch bounds the leases of one call.
const renewBatch = 1000

// renew keeps the leases that are held here.
func (s *streams) renew(ctx context.Context) {
	s.mu.Lock()
	held := make(map[tenants.ID][]any, len(s.held))
	for tenant, leases := range s.held {
		for lease := range leases {
			held[tenant] = append(held[tenant], lease)
		}
	}
	s.mu.Unlock()
	for tenant, leases := range held {
		for batch := range slices.Chunk(leases, renewBatch) {
			args := append([]any{leaseLife.Milliseconds()}, batch...)
			if _, err := s.fleet.run(ctx, renewScript, []string{streamsKey(tenant)}, args...); err != nil {
				return // the next round is early enough
			}
		}
	}
}

// open counts the tenant's leases on all replicas, or on this one when Redis does not answer.
func (s *streams) open(ctx context.Context, tenant tenants.ID) int64 {
	if s.fleet != nil {
		if n, err := s.fleet.leases(ctx, streamsKey(tenant)); err == nil {
			return n
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(len(s.held[tenant]))
}
