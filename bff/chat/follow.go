package chat

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"atrium/tenants"
)

// errLost ends what is followed when the replica that made it is gone.
var errLost = errors.New("the replica that gave the answer is gone")

// errElsewhere is the outcome of an answer that broke off on another replica, which has logged why.
var errElsewhere = errors.New("the answer broke off on another replica")

// lookUp returns a tenant's generation: one of this replica, else another's as this one follows it. Call done when done with
// it.
func (g *Generations) lookUp(ctx context.Context, tenant tenants.ID, id string) (gen *generation, done func(), err error) {
	gen, err = g.find(tenant, id)
	if err == nil || g.opts.Shared == nil || len(id) > maxID {
		return gen, func() {}, err
	}
	return g.follow(ctx, tenant, id)
}

// maxID is more than the length of any generation's id.
const maxID = 64

// follow returns another replica's generation. Its log grows as the other's does, until done is called.
func (g *Generations) follow(ctx context.Context, tenant tenants.ID, id string) (*generation, func(), error) {
	f := &follower{shared: g.opts.Shared, name: logOf(tenant, id)}
	gen := &generation{
		registry: g, id: id, remote: true, begun: make(chan struct{}), viewers: map[*viewer]struct{}{}, log: log{max: g.opts.MaxBytes},
	}
	gen.tenant = tenant
	f.gen = gen
	for more := true; more; {
		var err error
		if more, err = f.read(ctx); err != nil {
			return nil, nil, unavailable(err)
		}
	}
	if f.place == "" {
		return nil, nil, notFound()
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	if !g.followed(gen, true) {
		cancel()
		return nil, nil, shuttingDown()
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		f.run(ctx)
	}()
	return gen, func() {
		cancel()
		<-over
		g.followed(gen, false)
	}, nil
}

// followed keeps account of what is followed, to cut its viewers off at the end; false when that has come.
func (g *Generations) followed(gen *generation, begins bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !begins {
		delete(g.following, gen)
		return true
	}
	if !g.closed {
		g.following[gen] = struct{}{}
	}
	return !g.closed
}

// A follower brings the events of another replica's generation.
type follower struct {
	shared Shared
	name   Name
	gen    *generation
	node   string
	place  string
}

// run reads until the generation has ended or ctx does.
func (f *follower) run(ctx context.Context) {
	heard := time.Now()
	watched := heard.Add(-watchEvery)
	for ctx.Err() == nil && !f.gen.look().ended {
		more, err := f.read(ctx)
		now := time.Now()
		switch {
		case errors.Is(err, errEntry), errors.Is(err, errLogFull), err != nil && now.Sub(heard) > patience:
			f.lost()
			return
		case err == nil:
			heard = now
		}
		if now.Sub(watched) >= watchEvery {
			watched = now
			f.watch(ctx)
		}
		if err != nil || !more {
			sleep(ctx, pollEvery)
		}
	}
}

// lost ends what will not go on.
func (f *follower) lost() {
	f.gen.finish(errLost, failEvent, failure{Code: codeLost, Message: "The answer broke off.", Type: "server_error"}.json())
}

// watch tells the other replica that somebody watches, and looks whether it is there.
func (f *follower) watch(ctx context.Context) {
	_ = f.shared.Set(ctx, watchOf(f.gen.tenant, f.gen.id), "1", watchLife) // again soon
	alive, err := f.shared.Get(ctx, beatOf(f.node))
	if err != nil || alive != "" {
		return
	}
	for more := true; more && err == nil; { // what it wrote last
		more, err = f.read(ctx)
	}
	if err == nil && !f.gen.look().ended {
		f.lost()
	}
}

// read adds the next events; more says that there may be more already.
func (f *follower) read(ctx context.Context) (more bool, err error) {
	entries, last, err := f.shared.Read(ctx, f.name, f.place)
	if err != nil {
		return false, err
	}
	for _, entry := range entries {
		if f.node == "" {
			if err := f.begin(entry); err != nil {
				return false, err
			}
			continue
		}
		if err := eachShared(entry, f.add); err != nil {
			return false, err
		}
	}
	f.place = last
	return len(entries) > 0, nil
}

func (f *follower) begin(entry []byte) error {
	var m meta
	if err := json.Unmarshal(entry, &m); err != nil || m.Node == "" {
		return errEntry
	}
	f.node = m.Node
	f.gen.created, f.gen.dialect, f.gen.runID, f.gen.usage = m.Created, m.Dialect, m.RunID, m.Usage
	f.gen.chat.chat = m.Chat
	f.gen.tools = make([]Tool, m.Tools)
	return nil
}

func (f *follower) add(k kind, data []byte, text [2]int) error {
	switch k {
	case endEvent:
		f.gen.finish(nil, k, data)
		return nil
	case failEvent:
		f.gen.finish(errElsewhere, k, data)
		return nil
	case chunkEvent, textEvent, callEvent, resultEvent, roundEvent:
	}
	return f.gen.append(k, data, text)
}
