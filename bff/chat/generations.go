package chat

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"atrium/bff/problem"
	"atrium/clients/llm"
	"atrium/tenants"
)

// ErrNotFound is the cause of the problem for a generation that a tenant does not have: never had, or no longer.
var ErrNotFound = errors.New("no such generation")

// Options configure Generations.
type Options struct {
	Client *llm.Client   // required
	Log    *slog.Logger  // nil means none
	Shared Shared        // with other replicas; nil: this one is alone
	Keep   time.Duration // how long a generation is kept after its end; zero means 5m
	Grace  time.Duration // how long "grace" waits for a viewer; zero means 30s

	MaxBytes  int // of one generation; zero means 8 MiB
	KeepBytes int // of a tenant's ended generations, the oldest go first; zero means 32 MiB

	Heartbeat    time.Duration // zero means 15s
	WriteTimeout time.Duration // how long a viewer may take to accept a write; zero means 30s
}

func (o Options) withDefaults() Options {
	orDefault := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	orDefault(&o.Keep, 5*time.Minute)
	orDefault(&o.Grace, 30*time.Second)
	if o.MaxBytes <= 0 {
		o.MaxBytes = 8 << 20
	}
	if o.KeepBytes <= 0 {
		o.KeepBytes = 32 << 20
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// Generations are the generations of all tenants on this replica, running and lately ended. Every access names
// the tenant: another tenant's generation is not found. Use it from any number of goroutines.
type Generations struct {
	opts Options

	mu        sync.Mutex
	tenants   map[tenants.ID]*shelf
	running   map[*generation]struct{}
	following map[*generation]struct{} // of other replicas
	closed    bool
	idle      chan struct{} // closed when nothing runs any more; nil while nobody waits for it

	node    string             // this replica's name, as Shared knows it
	ctx     context.Context    //nolint:containedctx // ends with Close: what shares generations
	cancel  context.CancelFunc // of ctx
	sharing sync.WaitGroup     // the generations that are being shared
	beating sync.WaitGroup
}

// A shelf holds the generations of one tenant.
type shelf struct {
	byID   map[string]*generation
	byChat map[chatKey]*generation // the latest of a chat
	ended  []*generation           // oldest first
	bytes  int                     // of ended
}

// A chatKey names a conversation of useChat.
type chatKey struct{ route, owner, chat string }

// New returns an empty registry. Close it, or Drain it first.
func New(opts Options) *Generations {
	g := &Generations{
		opts: opts.withDefaults(), tenants: map[tenants.ID]*shelf{}, running: map[*generation]struct{}{},
		following: map[*generation]struct{}{}, node: rand.Text(),
	}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	if opts.Shared != nil {
		g.beating.Go(func() { g.beat(g.ctx) })
	}
	return g
}

// start registers a generation with its first viewer and has it run in a goroutine of its own. The context gives
// the run its values, such as tenant and trace, and not its end.
func (g *Generations) start(ctx context.Context, o order) (*generation, *viewer, error) {
	gen := &generation{
		order: o, registry: g, id: "gen_" + strings.ToLower(rand.Text()), created: time.Now(),
		log: log{max: g.opts.MaxBytes}, begun: make(chan struct{}), viewers: map[*viewer]struct{}{},
	}
	runCtx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	gen.cancel = cancel
	v := newViewer()
	gen.viewers[v] = struct{}{}

	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		cancel(nil)
		return nil, nil, shuttingDown()
	}
	s := g.tenants[o.tenant]
	if s == nil {
		s = &shelf{byID: map[string]*generation{}, byChat: map[chatKey]*generation{}}
		g.tenants[o.tenant] = s
	}
	s.byID[gen.id] = gen
	if o.chat.chat != "" {
		s.byChat[o.chat] = gen
	}
	g.running[gen] = struct{}{}
	if g.opts.Shared != nil {
		gen.sharing = newViewer()
		g.sharing.Go(func() { g.share(g.ctx, gen, gen.sharing.wake) })
	}
	go g.run(runCtx, gen) // Close waits for it
	return gen, v, nil
}

// run runs a generation to its end and then keeps it for a while.
func (g *Generations) run(ctx context.Context, gen *generation) {
	gen.run(ctx)
	gen.cancel(nil)
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.running, gen)
	if len(g.running) == 0 && g.idle != nil {
		close(g.idle)
		g.idle = nil
	}
	s := g.tenants[gen.tenant]
	s.ended = append(s.ended, gen)
	s.bytes += gen.bytes()
	if gen.empty() || g.closed {
		g.forgetLocked(gen)
		return
	}
	for s.bytes > g.opts.KeepBytes && len(s.ended) > 1 {
		g.forgetLocked(s.ended[0])
	}
	gen.expiry = time.AfterFunc(g.opts.Keep, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.forgetLocked(gen)
	})
}

// forgetLocked lets go of an ended generation; viewers that still read it keep it for themselves. It may be called again.
// The caller holds g.mu.
func (g *Generations) forgetLocked(gen *generation) {
	s := g.tenants[gen.tenant]
	if s == nil || s.byID[gen.id] != gen {
		return
	}
	delete(s.byID, gen.id)
	if s.byChat[gen.chat] == gen {
		delete(s.byChat, gen.chat)
	}
	for i, ended := range s.ended {
		if ended == gen {
			s.ended = append(s.ended[:i:i], s.ended[i+1:]...)
			s.bytes -= gen.bytes()
			break
		}
	}
	if gen.expiry != nil {
		gen.expiry.Stop()
	}
	if len(s.byID) == 0 {
		delete(g.tenants, gen.tenant)
	}
}

// find returns a tenant's generation.
func (g *Generations) find(tenant tenants.ID, id string) (*generation, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s := g.tenants[tenant]; s != nil {
		if gen := s.byID[id]; gen != nil {
			return gen, nil
		}
	}
	return nil, notFound()
}

func notFound() error {
	return problem.New(http.StatusNotFound, "not-found", "There is no such generation.").Because(ErrNotFound)
}

// latest returns the last generation of a chat; nil when there is none. Call done when done with it.
func (g *Generations) latest(ctx context.Context, tenant tenants.ID, key chatKey) (gen *generation, done func()) {
	g.mu.Lock()
	if s := g.tenants[tenant]; s != nil {
		gen = s.byChat[key]
	}
	g.mu.Unlock()
	if g.opts.Shared == nil {
		return gen, func() {}
	}
	id, err := g.opts.Shared.Get(ctx, key.of(tenant))
	if err != nil || id == "" {
		return gen, func() {}
	}
	other, done, err := g.lookUp(ctx, tenant, id)
	switch {
	case err != nil:
		return gen, func() {}
	case gen != nil && gen.created.After(other.created):
		done()
		return gen, func() {}
	}
	return other, done
}

// Open returns how many generations of a tenant are running.
func (g *Generations) Open(tenant tenants.ID) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := 0
	for gen := range g.running {
		if gen.tenant == tenant {
			n++
		}
	}
	return n
}

// Stop ends a tenant's generation; what was said so far stays. Stopping one that has ended does nothing. The error is
// a problem with the cause ErrNotFound.
func (g *Generations) Stop(tenant tenants.ID, id string) error {
	gen, err := g.find(tenant, id)
	if err != nil {
		return err
	}
	gen.cancel(errStopped)
	return nil
}

// Drain waits for all generations to end. Shortly before ctx ends, viewers of those that run on are cut off so that they
// resume elsewhere, and the generations are cancelled. When it returns nothing runs, and none can be started.
func (g *Generations) Drain(ctx context.Context) {
	if deadline, ok := ctx.Deadline(); ok {
		notice := min(time.Until(deadline)/10, 2*time.Second)
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-notice))
		defer cancel()
	}
	select {
	case <-g.whenIdle():
	case <-ctx.Done():
	}
	g.Close()
}

// Close cuts off all viewers, cancels all generations, waits for them, and forgets them.
func (g *Generations) Close() {
	g.mu.Lock()
	g.closed = true
	for gen := range g.running {
		gen.cut()
		gen.cancel(errShutdown)
	}
	for gen := range g.following {
		gen.cut()
	}
	g.mu.Unlock()
	<-g.whenIdle()
	g.endSharing()

	g.mu.Lock()
	defer g.mu.Unlock()
	for _, s := range g.tenants {
		for _, gen := range s.byID {
			g.forgetLocked(gen)
		}
	}
}

// whenIdle returns a channel that is closed when nothing runs.
func (g *Generations) whenIdle() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	idle := g.idle
	if idle == nil {
		idle = make(chan struct{})
		if len(g.running) == 0 {
			close(idle)
		} else {
			g.idle = idle
		}
	}
	return idle
}
