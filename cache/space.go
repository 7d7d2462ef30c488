package cache

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/maypok86/otter/v2"
	"github.com/zeebo/xxh3"
)

// space is all that this replica holds for one scope: a tenant, or Shared.
type space struct {
	cache  *Cache
	scope  string
	used   atomic.Int64 // when it was last asked, to within a second
	gone   atomic.Bool  // its tenant was dropped
	memory atomic.Pointer[otter.Cache[sum, *item]]
	vector vector
	turn   chan struct{} // holds one token: who has it talks to the ledger for this scope

	mu      sync.Mutex
	flights map[sum]*flight

	refreshing atomic.Int32
	counts     [4]atomic.Int64 // by State
}

// shards spread the lock of the table of spaces.
const shards = 64

type shard struct {
	mu     sync.RWMutex
	spaces map[string]*space
}

func (c *Cache) shardOf(scope string) *shard { return &c.shards[xxh3.HashString(scope)%shards] }

// space returns the scope's space, making it when it is new.
func (c *Cache) space(scope string) *space {
	if sp := c.existing(scope); sp != nil {
		return sp
	}
	s := c.shardOf(scope)
	s.mu.Lock()
	defer s.mu.Unlock()
	sp, ok := s.spaces[scope]
	if !ok {
		sp = &space{cache: c, scope: scope, turn: make(chan struct{}, 1), flights: map[sum]*flight{}}
		if s.spaces == nil {
			s.spaces = map[string]*space{}
		}
		s.spaces[scope] = sp
	}
	return sp
}

func (c *Cache) existing(scope string) *space {
	s := c.shardOf(scope)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.spaces[scope]
}

// spaces returns all that there are.
func (c *Cache) spaces() []*space {
	var all []*space
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.RLock()
		for _, sp := range s.spaces {
			all = append(all, sp)
		}
		s.mu.RUnlock()
	}
	return all
}

// get returns the item in memory, nil when there is none.
func (sp *space) get(key sum) *item {
	m := sp.memory.Load()
	if m == nil {
		return nil
	}
	it, _ := m.GetIfPresent(key)
	return it
}

// put stores an item in memory; false when it is too large for the scope's quota.
func (sp *space) put(it *item) bool {
	quota := sp.cache.quota(sp.scope)
	if int64(it.weight) > quota || (int64(len(it.Body)) > sp.cache.opts.MaxEntry && int64(it.weight) > quota/16) {
		return false
	}
	m := sp.memory.Load()
	if m == nil {
		sp.mu.Lock()
		if m = sp.memory.Load(); m == nil {
			m = newMemory(quota)
			sp.memory.Store(m)
		}
		sp.mu.Unlock()
	}
	m.Set(it.sum, it)
	return true
}

// remove takes the item of a key out of memory, if it is older than born, and tells whether there was one.
func (sp *space) remove(key sum, born int64) (removed bool) {
	m := sp.memory.Load()
	if m == nil {
		return false
	}
	m.ComputeIfPresent(key, func(old *item) (*item, otter.ComputeOp) {
		if removed = old.flags&marker == 0 && old.born < born; removed {
			return nil, otter.InvalidateOp
		}
		return old, otter.CancelOp
	})
	return removed
}

func (sp *space) bytes() int64 {
	if m := sp.memory.Load(); m != nil {
		return int64(m.WeightedSize())
	}
	return 0
}

// newMemory bounds by weight alone: freshness is in the item, so that stale ones stay, and no goroutine runs per tenant.
func newMemory(quota int64) *otter.Cache[sum, *item] {
	return otter.Must(&otter.Options[sum, *item]{
		MaximumWeight: uint64(quota),
		Weigher:       func(_ sum, it *item) uint32 { return it.weight },
		Executor:      func(f func()) { f() }, // no goroutine without an owner; eviction is short
	})
}

// touch notes that the scope is in use.
func (sp *space) touch() {
	if now := sp.cache.local(); now-sp.used.Load() > second {
		sp.used.Store(now)
		sp.gone.Store(false)
	}
}

const second = 1_000_000 // microseconds

// confirm makes sure that the vector is at most a second behind the ledger, or as new as it can be had.
func (sp *space) confirm(ctx context.Context) {
	if !sp.behind() {
		return
	}
	select {
	case sp.turn <- struct{}{}:
		defer func() { <-sp.turn }()
	case <-ctx.Done():
		return
	}
	if sp.behind() {
		_ = sp.sync(ctx) // what cannot be confirmed is judged blind in time
	}
}

func (sp *space) behind() bool {
	if sp.cache.guard == nil {
		return sp.vector.checked.Load() == 0
	}
	return sp.cache.local()-sp.vector.checked.Load() > second && sp.cache.guard.Up()
}

// sync tells the ledger the purges that are owed, and reads again what may have changed. The caller has the turn.
func (sp *space) sync(ctx context.Context) error {
	if err := sp.pay(ctx); err != nil {
		return err
	}
	if seq := sp.vector.sequence(); seq != 0 {
		seqs, err := sp.cache.ledger.sequences(ctx, []string{sp.scope})
		if err != nil {
			return err
		}
		if seqs[0] == seq {
			sp.vector.checked.Store(sp.cache.local())
			return nil
		}
	}
	return sp.reread(ctx)
}

func (sp *space) reread(ctx context.Context) error {
	before := sp.vector.sequence()
	seq, got, err := sp.cache.ledger.read(ctx, sp.scope, sp.vector.all())
	if err != nil {
		return err
	}
	sp.vector.learn(got)
	sp.vector.advance(before, seq)
	sp.vector.checked.Store(sp.cache.local())
	return nil
}

// pay tells the ledger the purges that it could not be told before.
func (sp *space) pay(ctx context.Context) error {
	debts := sp.vector.debts()
	for _, softly := range []bool{false, true} {
		var fields []uint16
		told := map[uint16]debt{}
		for f, d := range debts {
			if d.soft == softly {
				fields, told[f] = append(fields, f), d
			}
		}
		if len(fields) == 0 {
			continue
		}
		ch, err := sp.cache.ledger.bump(ctx, sp.scope, fields, softly)
		if err != nil {
			return err
		}
		sp.vector.paid(told)
		sp.apply(ch)
	}
	return nil
}

// apply takes in a change that this or another replica made.
func (sp *space) apply(ch change) {
	sp.vector.learn(ch.stamps)
	sp.vector.advance(ch.prev, ch.seq)
}

// stamps returns the current epochs of fields: from the vector, else from the ledger, else made up here.
// seq is the sequence that all of them are known to hold at, for addLate.
func (sp *space) stamps(ctx context.Context, fields []uint16) (stamps []stamp, seq int64) {
	sp.confirm(ctx)
	stamps, missing, seq := sp.vector.known(fields)
	if len(missing) == 0 {
		return stamps, seq
	}
	if _, got, err := sp.cache.ledger.read(ctx, sp.scope, missing); err == nil {
		return append(stamps, sp.vector.learn(got)...), seq
	}
	return append(stamps, sp.vector.invent(missing, sp.cache.tick)...), seq
}

// addLate stamps an entry with fields that became known only from the answer. Their epochs are read after the fill, so
// it must be certain that they have not changed since it began: at sequence seq, and after tick began.
func (sp *space) addLate(ctx context.Context, stamps []stamp, seq, began int64, fields []uint16) ([]stamp, bool) {
	var late []stamp
	for _, f := range fields {
		if !slices.ContainsFunc(stamps, func(s stamp) bool { return s.field == f }) {
			late = append(late, stamp{field: f})
		}
	}
	if len(late) == 0 {
		return stamps, true
	}
	now, got, err := sp.cache.ledger.read(ctx, sp.scope, late)
	if err != nil {
		return sp.addAlone(stamps, seq, began, late)
	}
	for _, s := range got {
		if now != seq && max(s.soft, s.hard) > seq {
			return nil, false
		}
	}
	sp.vector.learn(got)
	return append(stamps, got...), true // not what the vector has learned meanwhile: that may be after a purge
}

// addAlone is addLate without the ledger: the purges that count are those that this replica knows of.
func (sp *space) addAlone(stamps []stamp, seq, began int64, late []stamp) ([]stamp, bool) {
	for _, s := range late {
		if !sp.vector.unchanged(s.field, seq, began) {
			return nil, false
		}
	}
	return append(stamps, sp.vector.invent(late, sp.cache.tick)...), true
}

// release gives the scope's memory back. What is owed to the ledger stays owed.
func (sp *space) release() {
	sp.memory.Store(nil)
	sp.vector.reset()
}

// forget removes a scope whose tenant is gone, unless somebody uses it again.
func (c *Cache) forget(sp *space) {
	s := c.shardOf(sp.scope)
	s.mu.Lock()
	if s.spaces[sp.scope] == sp {
		delete(s.spaces, sp.scope)
	}
	s.mu.Unlock()
	c.table.forget(sp.scope)
}
