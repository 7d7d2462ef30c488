package cache

import (
	"context"
	"sync"
)

// table is the ledger of a process that is alone.
type table struct {
	clock func() int64 // microseconds

	mu     sync.Mutex
	last   int64
	scopes map[string]*chapter
}

type chapter struct {
	seq    int64
	epochs map[uint16]epoch
}

// tick returns the time, or a little more: every value is higher than all before it.
func (t *table) tick() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tickLocked()
}

func (t *table) tickLocked() int64 {
	t.last = max(t.last+1, t.clock())
	return t.last
}

func (t *table) chapterLocked(scope string) *chapter {
	c, ok := t.scopes[scope]
	if !ok {
		c = &chapter{seq: t.tickLocked(), epochs: map[uint16]epoch{}}
		if t.scopes == nil {
			t.scopes = map[string]*chapter{}
		}
		t.scopes[scope] = c
	}
	return c
}

func (t *table) read(_ context.Context, scope string, want []stamp) (int64, []stamp, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.chapterLocked(scope)
	got := make([]stamp, len(want))
	for i, w := range want {
		e, ok := c.epochs[w.field]
		if !ok {
			now := t.tickLocked()
			e = epoch{now, now}
			c.epochs[w.field] = e
		}
		got[i] = stamp{w.field, e}
	}
	return c.seq, got, nil
}

func (t *table) bump(_ context.Context, scope string, fields []uint16, softly bool) (change, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.chapterLocked(scope)
	ch := change{prev: c.seq, seq: t.tickLocked(), stamps: make([]stamp, len(fields))}
	for i, f := range fields {
		e, ok := c.epochs[f]
		if e.soft = ch.seq; !softly || !ok {
			e.hard = ch.seq
		}
		c.epochs[f] = e
		ch.stamps[i] = stamp{f, e}
	}
	c.seq = ch.seq
	return ch, nil
}

func (t *table) sequences(_ context.Context, scopes []string) ([]int64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	seqs := make([]int64, len(scopes))
	for i, s := range scopes {
		seqs[i] = t.chapterLocked(s).seq
	}
	return seqs, nil
}

// forget drops a scope: its epochs are made anew from the clock when it comes back.
func (t *table) forget(scope string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.scopes, scope)
}
