package tenants

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

const (
	reloadTimeout = 30 * time.Second // for one reading of the store and what follows from it
	retryAfter    = time.Second      // after a reading or a watch that ended in an error
	blockedTicks  = 5                // so many times that long, for tenants that wait for a secret
)

// reloadLocked reads the store and publishes the snapshot that follows. The caller holds the writer's lock, also while
// the store is read: otherwise an older reading could undo a newer change.
func (d *Directory[S, A, R]) reloadLocked(ctx context.Context) (outcomes, error) {
	docs, err := d.store.Load(ctx)
	if err != nil {
		d.noteReload(ctx, err)
		return outcomes{}, fmt.Errorf("read documents: %w", err)
	}
	prev := d.current.Load()
	next, out, err := d.build(ctx, prev, difference(prev, docs))
	d.noteReload(ctx, err)
	if err != nil {
		return outcomes{}, err
	}
	d.current.Store(next)
	return out, nil
}

func (d *Directory[S, A, R]) noteReload(ctx context.Context, err error) {
	r := &Reload{Time: time.Now(), OK: err == nil}
	name := "ok"
	if err != nil {
		r.Error, name = err.Error(), "error"
	}
	d.reloaded.Store(r)
	d.metrics.reloads.Add(ctx, 1, outcome(name))
}

// Follow keeps serving what the store says, until ctx ends; then it returns nil. What does not compile is logged once
// and leaves the last good one serving.
func (d *Directory[S, A, R]) Follow(ctx context.Context) error {
	changed := make(chan struct{}, 1)
	signal := func() {
		select {
		case changed <- struct{}{}:
		default: // one is on its way already
		}
	}
	var watching sync.WaitGroup
	defer watching.Wait()
	watching.Go(func() { d.watch(ctx, signal) })

	tick := time.NewTicker(retryAfter)
	defer tick.Stop()
	for ok, n := true, 1; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
			ok = d.follow(ctx)
		case <-tick.C:
			if !ok {
				ok = d.follow(ctx)
			}
			if n++; n%blockedTicks == 0 {
				d.retryBlocked(ctx)
			}
		}
	}
}

// watch waits for changes of the store until ctx ends, whatever the store's troubles.
func (d *Directory[S, A, R]) watch(ctx context.Context, signal func()) {
	for ctx.Err() == nil {
		if err := d.store.Watch(ctx, signal); err != nil && ctx.Err() == nil {
			d.log.WarnContext(ctx, "documents are not followed for now", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
		case <-time.After(retryAfter):
			signal() // something may have been missed
		}
	}
}

// follow reads the store once. It reports false when that is to be tried again.
func (d *Directory[S, A, R]) follow(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, reloadTimeout)
	defer cancel()
	if err := d.lock(ctx); err != nil {
		return false
	}
	defer d.unlock()
	before := d.reloaded.Load().Error
	out, err := d.reloadLocked(ctx)
	if err != nil {
		if d.reloaded.Load().Error != before && ctx.Err() == nil { // once per trouble
			d.log.WarnContext(ctx, "documents could not be read; the last good ones serve", slog.Any("error", err))
		}
		return false
	}
	d.report(ctx, out)
	return true
}

// retryBlocked tries again what waits for something that no document shows, such as a secret's file.
func (d *Directory[S, A, R]) retryBlocked(ctx context.Context) {
	if len(d.current.Load().blocked) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, reloadTimeout)
	defer cancel()
	if err := d.lock(ctx); err != nil {
		return
	}
	defer d.unlock()
	next, out, err := d.build(ctx, d.current.Load(), nil)
	if err != nil {
		return
	}
	d.current.Store(next)
	d.report(ctx, out)
}

// report logs what a build changed for the worse and for the better.
func (d *Directory[S, A, R]) report(ctx context.Context, out outcomes) {
	const most = 20 // one bad API can break a great many tenants
	for _, s := range slices.SortedFunc(slices.Values(out.failed[:min(most, len(out.failed))]), byPath) {
		d.log.ErrorContext(ctx, "document not served",
			slog.String("document", s.Path), slog.Int64("revision", s.Stored), slog.Int64("serving", s.Serving),
			slog.String("issues", s.Issues.Error()))
	}
	if more := len(out.failed) - most; more > 0 {
		d.log.ErrorContext(ctx, "more documents not served", slog.Int("documents", more))
	}
	for _, s := range out.healed[:min(most, len(out.healed))] {
		d.log.InfoContext(ctx, "document served again",
			slog.String("document", s.Path), slog.Int64("revision", s.Serving))
	}
}

func byPath(a, b DocumentStatus) int { return cmp.Compare(a.Path, b.Path) }
