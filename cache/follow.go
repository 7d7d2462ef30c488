package cache

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
)

// Intervals of what runs in the background.
const (
	pollEvery   = 500 * time.Millisecond // of the sequences of scopes in use
	inUse       = 10 * second            // a scope counts as in use for this long
	pollBatch   = 500                    // scopes in one round trip
	measureEach = 10 * time.Second       // the difference to Redis' clock
	tidyEvery   = time.Second
	idleAfter   = 10 * 60 * second // a scope's memory is given back
)

// follow keeps the vectors of scopes in use within a second of Redis, whether or not messages arrive, and the clock near
// Redis' own.
func (c *Cache) follow() {
	ticks := time.NewTicker(pollEvery)
	defer ticks.Stop()
	var measured time.Time
	for {
		if c.guard.Up() {
			if time.Since(measured) > measureEach && c.measure(c.ctx, true) == nil {
				measured = time.Now()
			}
			c.poll()
		}
		select {
		case <-c.ctx.Done():
			return
		case <-ticks.C:
		}
	}
}

// measure sets the clock's offset to Redis' time, again or for the first time. Half a round trip is the error; what is
// within it stays.
func (c *Cache) measure(ctx context.Context, again bool) error {
	select {
	case c.measuring <- struct{}{}:
		defer func() { <-c.measuring }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if !again && c.measured.Load() {
		return nil
	}
	var theirs time.Time
	before := c.opts.Now()
	err := c.guard.Do(ctx, func(ctx context.Context, r redis.UniversalClient) (err error) {
		theirs, err = r.Time(ctx).Result()
		return err
	})
	if err != nil {
		return err
	}
	trip := c.opts.Now().Sub(before)
	offset := theirs.Sub(before.Add(trip / 2))
	moved := (offset - time.Duration(c.offset.Load())*time.Microsecond).Abs()
	if moved > max(trip, time.Millisecond) {
		c.offset.Store(offset.Microseconds())
	}
	if moved > time.Second { // what is in memory was dated by another clock
		for _, sp := range c.spaces() {
			sp.memory.Store(nil)
		}
	}
	c.measured.Store(true)
	if offset.Abs() > time.Second {
		c.opts.Log.Warn("the clock differs from redis'", slog.Duration("offset", offset))
	}
	return nil
}

// shared reports whether entries may be exchanged through Redis: the clocks must have been compared.
func (c *Cache) shared(ctx context.Context) bool {
	return c.shelf != nil && (c.measured.Load() || c.guard.Up() && c.measure(ctx, false) == nil)
}

// poll asks for the sequences of the scopes in use, and reads again those that moved.
func (c *Cache) poll() {
	now := c.local()
	active := slices.DeleteFunc(c.spaces(), func(sp *space) bool {
		return now-sp.used.Load() > inUse && len(sp.vector.debts()) == 0
	})
	for batch := range slices.Chunk(active, pollBatch) {
		scopes := make([]string, len(batch))
		for i, sp := range batch {
			scopes[i] = sp.scope
		}
		seqs, err := c.ledger.sequences(c.ctx, scopes)
		if err != nil {
			return
		}
		for i, sp := range batch {
			if err := sp.catchUp(c.ctx, seqs[i], now); err != nil {
				return
			}
		}
	}
}

// catchUp brings the vector to the sequence that the ledger had at a time.
func (sp *space) catchUp(ctx context.Context, seq, at int64) error {
	select {
	case sp.turn <- struct{}{}:
		defer func() { <-sp.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := sp.pay(ctx); err != nil {
		return err
	}
	if known := sp.vector.sequence(); known == 0 || known != seq {
		return sp.reread(ctx)
	}
	sp.vector.checked.Store(max(sp.vector.checked.Load(), at))
	return nil
}

// listen takes in the purges of other replicas as they happen. Losing one costs at most a poll interval.
func (c *Cache) listen() {
	for c.ctx.Err() == nil {
		if c.guard.Up() {
			c.receive()
		}
		select {
		case <-c.ctx.Done():
			return
		case <-time.After(pollEvery):
		}
	}
}

// receive listens on one connection until it breaks.
func (c *Cache) receive() {
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	sub := c.opts.Redis.Subscribe(ctx, channel)
	stop := context.AfterFunc(ctx, func() { _ = sub.Close() }) // a read in progress does not see the context
	defer stop()
	defer func() { _ = sub.Close() }()
	for quiet := 0; quiet < 2; quiet++ {
		got, err := sub.ReceiveTimeout(ctx, silence)
		switch m := got.(type) {
		case *redis.Message:
			c.hear(m.Payload)
			quiet = -1
		case *redis.Subscription, *redis.Pong:
			quiet = -1
		default:
			if err != nil && (!isTimeout(err) || sub.Ping(ctx) != nil) {
				return
			}
		}
	}
}

// silence is how long a subscription may say nothing before it is pinged.
const silence = 3 * time.Second

func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

// hear takes in a message. It concerns only scopes that are known here.
func (c *Cache) hear(message string) {
	node, scope, ch, err := parseMessage(message)
	if err != nil || node == c.node {
		return
	}
	if sp := c.existing(scope); sp != nil {
		sp.apply(ch)
	}
	c.seen.purgeLag(c.ctx, c.clock()-ch.seq)
}

// tidy gives back the memory of scopes that nobody uses, and of the coldest when all together use too much.
func (c *Cache) tidy() {
	ticks := time.NewTicker(tidyEvery)
	defer ticks.Stop()
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-ticks.C:
			c.trim()
		}
	}
}

func (c *Cache) trim() {
	now, total := c.local(), int64(0)
	all := c.spaces()
	for _, sp := range all {
		switch {
		case sp.gone.Load() && (c.guard == nil || len(sp.vector.debts()) == 0):
			c.forget(sp)
		case now-sp.used.Load() > idleAfter:
			sp.release()
		default:
			total += sp.bytes()
		}
	}
	if total <= c.opts.Memory {
		return
	}
	slices.SortFunc(all, func(a, b *space) int { return cmp.Compare(a.used.Load(), b.used.Load()) })
	for _, sp := range all {
		if total <= c.opts.Memory {
			return
		}
		total -= sp.bytes()
		sp.release()
	}
}
