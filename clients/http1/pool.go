package http1

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
)

// A pool has all connections. Those in use count, so that a host never has more than its bound.
type pool struct {
	dial        func(ctx context.Context, network, address string) (net.Conn, error)
	timeout     time.Duration
	idlePerHost int
	idleInAll   int
	openPerHost int

	mu    sync.Mutex
	hosts map[string]*host
	idle  int
	sweep *time.Timer // nil while no connection is idle
}

// A host is what calls go to: an address.
type host struct {
	idle    []*conn // the latest last
	open    int     // connections, idle ones included, and those being dialled
	waiting []chan *conn
}

func newPool(o Options) *pool {
	return &pool{
		dial: o.Dial, timeout: o.IdleTimeout, idlePerHost: o.IdlePerHost, idleInAll: o.IdleInAll,
		openPerHost: o.OpenPerHost, hosts: map[string]*host{},
	}
}

// take returns a connection to an address: a kept one that is still good, unless a fresh one is asked for.
func (p *pool) take(ctx context.Context, address string, fresh bool) (*conn, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	for !fresh {
		c := p.pop(address)
		if c == nil {
			break
		}
		if time.Since(c.since) < p.timeout && c.quiet() {
			return c, nil
		}
		p.drop(c)
	}
	c, err := p.slot(ctx, address)
	if err != nil || c != nil && !fresh {
		return c, err
	}
	if c != nil {
		_ = c.Close() // its place is taken by a fresh one
	}
	dialled, err := p.dial(ctx, "tcp", address)
	if err != nil {
		p.freed(address)
		return nil, err
	}
	return newConn(dialled, address), nil
}

// pop takes the connection that was used last: the others may grow old.
func (p *pool) pop(address string) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	h := p.hosts[address]
	if h == nil || len(h.idle) == 0 {
		return nil
	}
	last := len(h.idle) - 1
	c := h.idle[last]
	h.idle[last] = nil
	h.idle = h.idle[:last]
	p.idle--
	return c
}

// slot waits for the right to dial, or for a connection that a call leaves.
func (p *pool) slot(ctx context.Context, address string) (*conn, error) {
	p.mu.Lock()
	h := p.hosts[address]
	if h == nil {
		h = &host{}
		p.hosts[address] = h
	}
	if h.open < p.openPerHost {
		h.open++
		p.mu.Unlock()
		return nil, nil //nolint:nilnil // no connection: dial one
	}
	if len(h.idle) > 0 { // one came back meanwhile, or a fresh one is asked for
		c := p.oldest(h)
		p.mu.Unlock()
		_ = c.Close()
		return nil, nil //nolint:nilnil // no connection: dial one
	}
	turn := make(chan *conn, 1)
	h.waiting = append(h.waiting, turn)
	p.mu.Unlock()
	select {
	case c := <-turn:
		return c, nil
	case <-ctx.Done():
		p.leave(address, turn)
		return nil, fmt.Errorf("wait for one of %d connections: %w", p.openPerHost, context.Cause(ctx))
	}
}

// leave gives up a place in the queue, and passes on what it was given at that moment.
func (p *pool) leave(address string, turn chan *conn) {
	p.mu.Lock()
	h := p.hosts[address]
	if i := slices.Index(h.waiting, turn); i >= 0 {
		h.waiting = slices.Delete(h.waiting, i, i+1)
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	if c := <-turn; c != nil {
		p.put(c)
		return
	}
	p.freed(address)
}

// put keeps a connection for the next call.
func (p *pool) put(c *conn) {
	c.reused = true
	c.since = time.Now()
	p.mu.Lock()
	h := p.hosts[c.address]
	if turn := h.next(); turn != nil {
		p.mu.Unlock()
		turn <- c
		return
	}
	if len(h.idle) >= p.idlePerHost {
		p.mu.Unlock()
		p.drop(c)
		return
	}
	var evicted *conn
	if p.idle >= p.idleInAll {
		evicted = p.any()
	}
	h.idle = append(h.idle, c)
	p.idle++
	if p.sweep == nil {
		p.sweep = time.AfterFunc(p.timeout, p.expire)
	}
	p.mu.Unlock()
	if evicted != nil {
		p.drop(evicted)
	}
}

// next is who has waited longest, or nil.
func (h *host) next() chan *conn {
	if len(h.waiting) == 0 {
		return nil
	}
	turn := h.waiting[0]
	h.waiting = slices.Delete(h.waiting, 0, 1)
	return turn
}

// any takes the oldest connection of some host.
func (p *pool) any() *conn {
	for _, h := range p.hosts {
		if len(h.idle) > 0 {
			return p.oldest(h)
		}
	}
	return nil
}

func (p *pool) oldest(h *host) *conn {
	c := h.idle[0]
	h.idle = slices.Delete(h.idle, 0, 1)
	p.idle--
	return c
}

// drop closes a connection.
func (p *pool) drop(c *conn) {
	_ = c.Close()
	p.freed(c.address)
}

// freed passes on the right to dial.
func (p *pool) freed(address string) {
	p.mu.Lock()
	h := p.hosts[address]
	turn := h.next()
	if turn == nil {
		if h.open--; h.open == 0 {
			delete(p.hosts, address)
		}
	}
	p.mu.Unlock()
	if turn != nil {
		turn <- nil
	}
}

// expire closes what has been idle for too long, and comes again while anything is idle.
func (p *pool) expire() {
	now := time.Now()
	p.mu.Lock()
	var old []*conn
	next := p.timeout
	for _, h := range p.hosts {
		for len(h.idle) > 0 && now.Sub(h.idle[0].since) >= p.timeout {
			old = append(old, p.oldest(h))
		}
		if len(h.idle) > 0 {
			next = min(next, p.timeout-now.Sub(h.idle[0].since))
		}
	}
	p.sweep = nil
	if p.idle > 0 {
		p.sweep = time.AfterFunc(next, p.expire)
	}
	p.mu.Unlock()
	for _, c := range old {
		p.drop(c)
	}
}

func (p *pool) closeIdle() {
	p.mu.Lock()
	var all []*conn
	for _, h := range p.hosts {
		all = append(all, h.idle...)
		h.idle = nil
	}
	p.idle = 0
	if p.sweep != nil {
		p.sweep.Stop()
		p.sweep = nil
	}
	p.mu.Unlock()
	for _, c := range all {
		p.drop(c)
	}
}
