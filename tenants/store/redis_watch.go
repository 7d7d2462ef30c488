package store

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Watch implements tenants.Store. The sequence is looked at twice a second; a message says so earlier, and may be lost.
func (r *Redis) Watch(ctx context.Context, changed func()) error {
	changed() // whatever changed before the first look
	hints := make(chan struct{}, 1)
	var listening sync.WaitGroup
	defer listening.Wait()
	listening.Go(func() { r.listen(ctx, hints) })

	var epoch string
	var seq int64
	lost := true // until the first look
	poll := time.NewTicker(redisPoll)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hints:
		case <-poll.C:
		}
		e, s, err := r.position(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !lost:
			r.log.WarnContext(ctx, "redis does not answer; the last documents are served", slog.Any("error", err))
			lost = true
			changed() // Load will say so in Degraded
		case err != nil:
		case lost || e != epoch || s != seq:
			epoch, seq, lost = e, s, false
			changed()
		}
	}
}

// listen passes messages on as hints until ctx ends.
func (r *Redis) listen(ctx context.Context, hints chan<- struct{}) {
	messages := r.client.Subscribe(ctx, r.key("changed"))
	defer release(messages)
	channel := messages.Channel()
	for {
		select {
		case <-ctx.Done():
			return
		case _, ok := <-channel:
			if !ok {
				return
			}
		}
		select {
		case hints <- struct{}{}:
		default: // one is waiting
		}
	}
}
