package chat

import (
	"context"
	"errors"
	"sync"
	"time"

	"atrium/clients/llm"
	"atrium/tenants"
)

// OnDisconnect says what becomes of a generation when its last viewer leaves.
type OnDisconnect string

// What may become of it.
const (
	Cancel OnDisconnect = "cancel" // it is cancelled; also ""
	Grace  OnDisconnect = "grace"  // it is cancelled when no viewer comes back in time
	Finish OnDisconnect = "finish" // it runs to its end
)

// The causes of a generation's context.
var (
	errStopped  = errors.New("the generation was stopped")
	errAlone    = errors.New("its last viewer left")
	errShutdown = errors.New("the server is shutting down")
)

// An order is what a generation is started with.
type order struct {
	tenant  tenants.ID
	chat    chatKey // of useChat or AG-UI; the zero key when there is none
	runID   string  // as an AG-UI client names it
	dialect Dialect
	prompt  prompt
	models  []*Model // at least one
	tools   []Tool
	settle  Settle // never nil
	input   int64  // estimated tokens of the prompt

	quotes bool // the model's own error text is passed on
	usage  bool // an openai stream tells usage at its end
}

// A generation is one answer and the log of how it came to be.
type generation struct {
	order
	registry *Generations
	id       string
	created  time.Time
	remote   bool // another replica's, as this one follows it
	cancel   context.CancelCauseFunc
	expiry   *time.Timer // set when it has ended; guarded by registry.mu

	begun chan struct{} // closed at the first event, or when there will be none: early is set then
	early error

	mu        sync.Mutex
	log       log
	ended     bool // the log is complete
	outcome   error
	cutOff    bool // viewers are to leave and resume elsewhere
	delivered bool // a viewer was told the whole answer
	viewers   map[*viewer]struct{}
	sharing   *viewer     // whoever shares the log; nil when nobody does
	linger    *time.Timer // runs while nobody views
}

// A viewer is woken when the log has grown. It never holds anything up: the channel has room for one signal.
type viewer struct{ wake chan struct{} }

func newViewer() *viewer { return &viewer{wake: make(chan struct{}, 1)} }

func (v *viewer) signal() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// append adds an event and wakes the viewers.
func (gen *generation) append(k kind, data []byte, text [2]int) error {
	gen.mu.Lock()
	defer gen.mu.Unlock()
	if err := gen.log.append(k, data, text); err != nil {
		return err
	}
	if len(gen.log.records) == 1 {
		close(gen.begun)
	}
	gen.wakeLocked()
	return nil
}

// finish ends the log. Without an event so far the outcome is an early failure, which keeps its status.
func (gen *generation) finish(outcome error, k kind, data []byte) {
	gen.mu.Lock()
	defer gen.mu.Unlock()
	gen.ended, gen.outcome = true, outcome
	if gen.linger != nil {
		gen.linger.Stop()
	}
	if len(gen.log.records) == 0 && outcome != nil && !gen.remote {
		gen.early = outcome
		close(gen.begun)
		return
	}
	if !errors.Is(outcome, errShutdown) { // such an answer has no end here: its viewers are to resume elsewhere
		_ = gen.log.append(k, data, [2]int{}) // the last event always fits
	}
	if outcome == nil && len(gen.log.records) == 1 {
		close(gen.begun) // an answer without a word
	}
	gen.wakeLocked()
}

func (gen *generation) wakeLocked() {
	for v := range gen.viewers {
		v.signal()
	}
	if gen.sharing != nil {
		gen.sharing.signal()
	}
}

// view is what a viewer sees of a generation at one moment.
type view struct {
	log     log
	ended   bool
	cutOff  bool
	outcome error
}

func (gen *generation) look() view {
	gen.mu.Lock()
	defer gen.mu.Unlock()
	return view{log: gen.log, ended: gen.ended, cutOff: gen.cutOff, outcome: gen.outcome}
}

// join adds a viewer.
func (gen *generation) join() *viewer {
	v := newViewer()
	gen.mu.Lock()
	defer gen.mu.Unlock()
	gen.viewers[v] = struct{}{}
	if gen.linger != nil {
		gen.linger.Stop()
		gen.linger = nil
	}
	return v
}

// leave takes a viewer away. When it was the last one of a running generation, the order decides.
func (gen *generation) leave(v *viewer) {
	gen.mu.Lock()
	defer gen.mu.Unlock()
	delete(gen.viewers, v)
	if len(gen.viewers) > 0 || gen.ended || gen.remote {
		return
	}
	switch gen.models[0].OnDisconnect {
	case Finish:
	case Grace:
		gen.linger = time.AfterFunc(gen.registry.opts.Grace, gen.abandon)
	default:
		if gen.registry.opts.Shared == nil {
			gen.cancel(errAlone)
			return
		}
		gen.linger = time.AfterFunc(0, gen.abandon) // asks whether somebody watches elsewhere
	}
}

// abandon cancels a generation that nobody has come back to, here or elsewhere.
func (gen *generation) abandon() {
	elsewhere := gen.watchedElsewhere()
	gen.mu.Lock()
	defer gen.mu.Unlock()
	switch {
	case len(gen.viewers) > 0 || gen.ended:
	case elsewhere:
		gen.linger = time.AfterFunc(watchLife, gen.abandon)
	default:
		gen.cancel(errAlone)
	}
}

func (gen *generation) watchedElsewhere() bool {
	shared := gen.registry.opts.Shared
	if shared == nil {
		return false
	}
	watched, _ := shared.Get(gen.registry.ctx, watchOf(gen.tenant, gen.id)) // what is not known is no viewer
	return watched != ""
}

// cut has all viewers leave.
func (gen *generation) cut() {
	gen.mu.Lock()
	defer gen.mu.Unlock()
	gen.cutOff = true
	gen.wakeLocked()
}

func (gen *generation) deliver(ctx context.Context) {
	gen.mu.Lock()
	gen.delivered = true
	gen.mu.Unlock()
	if shared := gen.registry.opts.Shared; shared != nil && gen.chat.chat != "" {
		_ = shared.Set(context.WithoutCancel(ctx), seenOf(gen.tenant, gen.id), "1", gen.registry.opts.Keep+sharedLife) // or it is told twice
	}
}

// resumable reports whether a client that comes back has something to see: an answer that runs, or one whose end no
// viewer was told.
func (gen *generation) resumable(ctx context.Context) bool {
	gen.mu.Lock()
	ended, delivered := gen.ended, gen.delivered
	gen.mu.Unlock()
	if shared := gen.registry.opts.Shared; ended && !delivered && shared != nil {
		seen, _ := shared.Get(ctx, seenOf(gen.tenant, gen.id)) // what is not known was not seen
		delivered = seen != ""
	}
	return !ended || !delivered
}

func (gen *generation) bytes() int {
	gen.mu.Lock()
	defer gen.mu.Unlock()
	return gen.log.size
}

func (gen *generation) empty() bool {
	gen.mu.Lock()
	defer gen.mu.Unlock()
	return len(gen.log.records) == 0
}

func (gen *generation) unwatched() bool {
	gen.mu.Lock()
	defer gen.mu.Unlock()
	return len(gen.viewers) == 0
}

// A Model is a model of the API document as a generation uses it.
type Model struct {
	llm.Model
	MaxTokens    int      // of an answer; zero leaves it to the server
	Temperature  *float64 // nil leaves it to the server
	OnDisconnect OnDisconnect
}
