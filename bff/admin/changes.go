package admin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"atrium/bff/sse"
	"atrium/tenants"
)

func (a *api) changes(g *gin.RouterGroup) {
	g.GET("/audit", handle(a.audit))
	g.GET("/events", handle(a.events))
}

// audit lists who changed what, newest first. Its cursor is the number of the last event of the page.
func (a *api) audit(c *gin.Context) error {
	limit, err := limitOf(c)
	if err != nil {
		return err
	}
	before := int64(0)
	if cursor := c.Query("cursor"); cursor != "" {
		if before, err = strconv.ParseInt(cursor, 10, 64); err != nil || before < 1 {
			return badRequest("/query/cursor", "want a cursor as `next` gave it")
		}
	}
	events, err := a.Store.Audit(c.Request.Context(), before, limit+1)
	if err != nil {
		return err
	}
	p := page[tenants.Event]{Items: append([]tenants.Event{}, events[:min(limit, len(events))]...)}
	if len(events) > limit {
		p.Next = strconv.FormatInt(p.Items[limit-1].Sequence, 10)
	}
	return writeJSON(c, http.StatusOK, p)
}

// The bounds of an event stream: how often the audit is read, and how many events are read at once. Who was away for more
// than that is told to read everything anew.
const (
	eventsEvery = 500 * time.Millisecond
	eventsMost  = 200
)

// events streams changes of documents as they are made, on this replica or another: `event: change` with an entry of the
// audit. A client that comes back says in Last-Event-ID what it saw last. `event: reset` says that too much happened
// meanwhile to be told.
func (a *api) events(c *gin.Context) error {
	f := &feed{store: a.Store}
	if err := f.start(c.Request.Context(), c.GetHeader("Last-Event-ID")); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(c.Request.Context())
	defer stop()
	tick := time.NewTicker(eventsEvery)
	defer tick.Stop()
	wake := make(chan struct{})
	w := sse.NewWriter(c.Writer, sse.Options{})
	if err := w.Open(); err != nil {
		return nil // who has gone needs no answer
	}
	go func() {
		defer close(wake)
		for {
			select {
			case <-ctx.Done():
				return
			case <-a.Ending:
				stop()
				return
			case <-tick.C:
			}
			select {
			case wake <- struct{}{}:
			case <-ctx.Done():
				return
			}
		}
	}()
	f.follow(ctx, w, wake)
	stop()
	for range wake { // until the goroutine has ended
	}
	return nil
}

// A feed tells of events behind the last one that was told.
type feed struct {
	store tenants.Store
	last  int64 // the sequence of that event
}

// start begins behind the event that a client saw last, or with what comes from now on.
func (f *feed) start(ctx context.Context, seen string) error {
	if seen != "" {
		n, err := strconv.ParseInt(seen, 10, 64)
		if err != nil || n < 0 {
			return badRequest("/header/Last-Event-ID", "want the id of an event")
		}
		f.last = n
		return nil
	}
	newest, err := f.store.Audit(ctx, 0, 1)
	if err != nil {
		return err
	}
	if len(newest) > 0 {
		f.last = newest[0].Sequence
	}
	return nil
}

// follow writes until ctx ends or the client has gone.
func (f *feed) follow(ctx context.Context, w *sse.Writer, wake <-chan struct{}) {
	for ctx.Err() == nil {
		text, err := f.next(ctx)
		if err == nil && len(text) > 0 {
			_, err = w.Write(text)
		}
		if err != nil && !errors.Is(err, tenants.ErrUnavailable) {
			return
		}
		if w.Wait(ctx, wake) != nil {
			return
		}
	}
}

// next renders the events since the last call, oldest first.
func (f *feed) next(ctx context.Context) ([]byte, error) {
	events, err := f.store.Audit(ctx, 0, eventsMost)
	if err != nil || len(events) == 0 {
		return nil, err
	}
	missed := len(events) == eventsMost && events[len(events)-1].Sequence > f.last+1
	if missed || events[0].Sequence < f.last {
		f.last = events[0].Sequence
		return sse.AppendEvent(nil, strconv.FormatInt(f.last, 10), "reset", []byte("{}")), nil
	}
	var text []byte
	for _, e := range slices.Backward(events) {
		if e.Sequence <= f.last {
			continue
		}
		data, err := json.Marshal(e)
		if err != nil {
			return nil, err
		}
		text = sse.AppendEvent(text, strconv.FormatInt(e.Sequence, 10), "change", data)
		f.last = e.Sequence
	}
	return text, nil
}
