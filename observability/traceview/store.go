package traceview

import (
	"cmp"
	"container/list"
	"context"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Options bound a Store. Every zero value means the default beside it.
type Options struct {
	Recent    int           // traces kept whatever they are: 1000
	Errors    int           // traces with a failed span kept besides: 500
	Slow      int           // slow traces kept besides: 500
	SlowAfter time.Duration // from when on a trace is slow: 1s
	TraceSize int           // spans kept of one trace: 256
	TotalSize int           // spans kept of all traces that have ended: 50,000
	Open      int           // traces that may be under way at once: 4096
	OpenFor   time.Duration // how long a trace may be under way before it is forgotten: 15m

	// OnError is called with the spans of a trace that ended with a failed span and that the sampler had dropped,
	// so that they can be exported after all. Nil means that they are only kept here.
	OnError func([]sdktrace.ReadOnlySpan)
}

// A Store keeps traces in memory. It implements sdktrace.SpanProcessor and may be used by many goroutines.
type Store struct {
	opts Options

	mu      sync.Mutex
	records map[trace.TraceID]*record
	open    *list.List // of *record: the traces under way, oldest first
	rings   [3]ring    // recent, errors, slow
	seq     uint64
	size    int // spans in records that are in a ring
}

// The indices of Store.rings, in the order in which they give way when TotalSize is exceeded.
const (
	recentRing = iota
	slowRing
	errorRing
)

// A record is what is kept of one trace.
type record struct {
	id      trace.TraceID
	spans   []sdktrace.ReadOnlySpan
	failed  bool          // a span has failed
	roots   int           // local roots that have not ended
	opened  *list.Element // in Store.open; nil once a local root has ended
	since   time.Time     // when it was opened
	seq     uint64        // the order in which traces ended; 0 while under way
	rings   int           // in how many rings it is
	summary Summary
}

// New returns an empty Store.
func New(opts Options) *Store {
	opts.Recent = cmp.Or(max(opts.Recent, 0), 1000)
	opts.Errors = cmp.Or(max(opts.Errors, 0), 500)
	opts.Slow = cmp.Or(max(opts.Slow, 0), 500)
	opts.SlowAfter = cmp.Or(max(opts.SlowAfter, 0), time.Second)
	opts.TraceSize = cmp.Or(max(opts.TraceSize, 0), 256)
	opts.TotalSize = cmp.Or(max(opts.TotalSize, 0), 50_000)
	opts.Open = cmp.Or(max(opts.Open, 0), 4096)
	opts.OpenFor = cmp.Or(max(opts.OpenFor, 0), 15*time.Minute)
	s := &Store{opts: opts, records: map[trace.TraceID]*record{}, open: list.New()}
	s.rings[recentRing].slots = make([]*record, opts.Recent)
	s.rings[slowRing].slots = make([]*record, opts.Slow)
	s.rings[errorRing].slots = make([]*record, opts.Errors)
	return s
}

// OnStart implements sdktrace.SpanProcessor: a local root opens its trace.
func (s *Store) OnStart(_ context.Context, span sdktrace.ReadWriteSpan) {
	if !isLocalRoot(span.Parent()) {
		return
	}
	now := span.StartTime()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sweepLocked(now)
	s.recordLocked(span.SpanContext().TraceID(), now).roots++
}

// OnEnd implements sdktrace.SpanProcessor: the span joins its trace, and a local root ends it.
func (s *Store) OnEnd(span sdktrace.ReadOnlySpan) {
	root := isLocalRoot(span.Parent())
	id := span.SpanContext().TraceID()
	s.mu.Lock()
	r := s.records[id]
	switch {
	case r == nil && !root: // its trace was forgotten
		s.mu.Unlock()
		return
	case r == nil:
		r = s.recordLocked(id, span.StartTime())
	}
	s.addLocked(r, span, root)
	var lost []sdktrace.ReadOnlySpan
	if root {
		s.endLocked(r, span)
		if s.opts.OnError != nil && r.failed && !span.SpanContext().IsSampled() {
			lost = slices.Clone(r.spans)
		}
	}
	s.mu.Unlock()
	if lost != nil {
		s.opts.OnError(lost)
	}
}

// Shutdown implements sdktrace.SpanProcessor: what was kept stays readable.
func (s *Store) Shutdown(context.Context) error { return nil }

// ForceFlush implements sdktrace.SpanProcessor: spans are kept as they end.
func (s *Store) ForceFlush(context.Context) error { return nil }

// isLocalRoot reports whether a span with this parent is the first of its trace in this process.
func isLocalRoot(parent trace.SpanContext) bool {
	return !parent.IsValid() || parent.IsRemote()
}

// recordLocked returns the record of a trace, opening one when there is none.
func (s *Store) recordLocked(id trace.TraceID, now time.Time) *record {
	if r := s.records[id]; r != nil {
		return r
	}
	r := &record{id: id, since: now, spans: make([]sdktrace.ReadOnlySpan, 0, 4)}
	r.opened = s.open.PushBack(r)
	s.records[id] = r
	return r
}

// sweepLocked forgets traces that never end, and the oldest ones under way when there are too many.
func (s *Store) sweepLocked(now time.Time) {
	for e := s.open.Front(); e != nil; e = s.open.Front() {
		r := e.Value.(*record)
		if s.open.Len() < s.opts.Open && now.Sub(r.since) <= s.opts.OpenFor {
			return
		}
		s.open.Remove(e)
		delete(s.records, r.id)
	}
}

// addLocked keeps one ended span; a root has a place even in a full trace.
func (s *Store) addLocked(r *record, span sdktrace.ReadOnlySpan, root bool) {
	if span.Status().Code == codes.Error {
		r.failed = true
	}
	if n := len(r.spans); n >= s.opts.TraceSize && (!root || r.seq != 0) {
		return
	}
	r.spans = append(r.spans, span)
	if r.seq != 0 { // it came after its trace had ended: a detached refresh, a second request of one remote trace
		s.size++
		r.summary.Spans = len(r.spans)
		r.summary.Error = r.failed
		s.shrinkLocked()
	}
}

// endLocked makes a trace visible in the rings it belongs to.
func (s *Store) endLocked(r *record, root sdktrace.ReadOnlySpan) {
	r.roots--
	if r.seq != 0 {
		return
	}
	s.open.Remove(r.opened)
	r.opened = nil
	s.seq++
	r.seq = s.seq
	r.summary = summarize(root, len(r.spans), r.failed)
	s.size += len(r.spans)
	s.keepLocked(recentRing, r)
	if r.failed {
		s.keepLocked(errorRing, r)
	}
	if root.EndTime().Sub(root.StartTime()) >= s.opts.SlowAfter {
		s.keepLocked(slowRing, r)
	}
	s.shrinkLocked()
}

func (s *Store) keepLocked(ring int, r *record) {
	r.rings++
	if old := s.rings[ring].push(r); old != nil {
		s.releaseLocked(old)
	}
}

// shrinkLocked drops the oldest traces until the spans kept fit the bound.
func (s *Store) shrinkLocked() {
	for i := range s.rings {
		for s.size > s.opts.TotalSize {
			old := s.rings[i].pop()
			if old == nil {
				break
			}
			s.releaseLocked(old)
		}
	}
}

// releaseLocked forgets a trace once no ring holds it.
func (s *Store) releaseLocked(r *record) {
	r.rings--
	if r.rings == 0 {
		s.size -= len(r.spans)
		delete(s.records, r.id)
	}
}
