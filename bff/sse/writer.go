package sse

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Options configure a Writer. The zero value is ready to use.
type Options struct {
	Heartbeat    time.Duration // after this long without an event a comment is sent; zero means 15s
	Beat         string        // the comment; "" means ": hb" and a blank line
	WriteTimeout time.Duration // how long the client may take to accept a write; zero means 30s
}

// A Writer writes one event stream. It serves one goroutine, and must not be used after the handler has returned.
type Writer struct {
	w        http.ResponseWriter
	rc       *http.ResponseController
	opts     Options
	deadline time.Time
	timer    *time.Timer
}

// NewWriter returns a writer of an answer of which nothing was written yet.
func NewWriter(w http.ResponseWriter, opts Options) *Writer {
	if opts.Heartbeat <= 0 {
		opts.Heartbeat = 15 * time.Second
	}
	if opts.Beat == "" {
		opts.Beat = ": hb\n\n"
	}
	if opts.WriteTimeout <= 0 {
		opts.WriteTimeout = 30 * time.Second
	}
	return &Writer{w: w, rc: http.NewResponseController(w), opts: opts}
}

// Open sends the status 200 and the headers at once. Headers set before stay.
func (w *Writer) Open() error {
	h := w.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache, no-transform")
	h.Set("X-Accel-Buffering", "no")
	h.Del("Content-Length")
	if err := w.extend(); err != nil {
		return err
	}
	w.w.WriteHeader(http.StatusOK)
	return w.flush()
}

// Write sends whole events at once.
func (w *Writer) Write(events []byte) (int, error) {
	if err := w.extend(); err != nil {
		return 0, err
	}
	n, err := w.w.Write(events)
	if err != nil {
		return n, fmt.Errorf("write events: %w", err)
	}
	return n, w.flush()
}

// Wait returns nil when wake is signalled, and sends heartbeats until then. It returns the cause when ctx ends, and an
// error when the client has gone.
func (w *Writer) Wait(ctx context.Context, wake <-chan struct{}) error {
	if w.timer == nil {
		w.timer = time.NewTimer(w.opts.Heartbeat)
	} else {
		w.timer.Reset(w.opts.Heartbeat)
	}
	defer w.timer.Stop()
	for {
		select {
		case <-wake:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-w.timer.C:
			if _, err := w.Write([]byte(w.opts.Beat)); err != nil {
				return err
			}
			w.timer.Reset(w.opts.Heartbeat)
		}
	}
}

// Abort breaks the connection, so that the client does not take the end for the end of the stream. Return from the
// handler after it. It panics with http.ErrAbortHandler where the connection cannot be broken otherwise.
func (w *Writer) Abort() {
	if w.rc.SetWriteDeadline(time.Unix(1, 0)) != nil {
		panic(http.ErrAbortHandler)
	}
}

// extend moves the write deadline on, not at every write but before a quarter of it is used up.
func (w *Writer) extend() error {
	now := time.Now()
	if w.deadline.Sub(now) > w.opts.WriteTimeout*3/4 {
		return nil
	}
	w.deadline = now.Add(w.opts.WriteTimeout)
	if err := w.rc.SetWriteDeadline(w.deadline); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("set the write deadline: %w", err)
	}
	return nil
}

func (w *Writer) flush() error {
	if err := w.rc.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("flush events: %w", err)
	}
	return nil
}
