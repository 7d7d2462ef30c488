package traceview

import (
	"math"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// A Trace is one trace in full.
type Trace struct {
	TraceID string `json:"traceId"`
	Spans   []Span `json:"spans"` // by start, parents before their children; never null
}

// A Span is one span that has ended.
type Span struct {
	SpanID       string         `json:"spanId"`       // 16 hexadecimal digits
	ParentSpanID string         `json:"parentSpanId"` // "" for a root; of another process when the trace came from there
	Name         string         `json:"name"`
	Kind         string         `json:"kind"` // internal, server, client, producer or consumer
	Start        time.Time      `json:"start"`
	DurationMs   float64        `json:"durationMs"`
	Status       string         `json:"status"`     // unset, ok or error; what failed is the attribute otel.status_description
	Attributes   map[string]any `json:"attributes"` // never null
	Events       []Event        `json:"events"`     // in order; never null
}

// An Event is something that happened at one moment of a span.
type Event struct {
	Name       string         `json:"name"`
	Time       time.Time      `json:"time"`
	Attributes map[string]any `json:"attributes"` // never null
}

// maxText bounds a text that is shown, in bytes: the SDK bounds no status description and no attribute of an event.
const maxText = 1024

// Get returns a trace by its id, also one that is still under way. False means that it is not kept.
func (s *Store) Get(traceID string) (Trace, bool) {
	id, err := trace.TraceIDFromHex(traceID)
	if err != nil {
		return Trace{}, false
	}
	s.mu.Lock()
	r := s.records[id]
	if r == nil {
		s.mu.Unlock()
		return Trace{}, false
	}
	spans := slices.Clone(r.spans)
	s.mu.Unlock()

	t := Trace{TraceID: id.String(), Spans: make([]Span, len(spans))}
	for i, span := range spans {
		t.Spans[i] = render(span)
	}
	// Of spans that start in the same instant the one that ended last is the parent.
	slices.Reverse(t.Spans)
	slices.SortStableFunc(t.Spans, func(a, b Span) int { return a.Start.Compare(b.Start) })
	return t, true
}

func render(span sdktrace.ReadOnlySpan) Span {
	s := Span{
		SpanID: span.SpanContext().SpanID().String(), Name: span.Name(), Kind: span.SpanKind().String(),
		Start: span.StartTime(), DurationMs: milliseconds(span.StartTime(), span.EndTime()),
		Status:     strings.ToLower(span.Status().Code.String()),
		Attributes: renderAttributes(span.Attributes()), Events: []Event{},
	}
	if parent := span.Parent(); parent.HasSpanID() {
		s.ParentSpanID = parent.SpanID().String()
	}
	if status := span.Status(); status.Code == codes.Error && status.Description != "" {
		s.Attributes["otel.status_description"] = clip(status.Description)
	}
	for _, e := range span.Events() {
		s.Events = append(s.Events, Event{Name: e.Name, Time: e.Time, Attributes: renderAttributes(e.Attributes)})
	}
	return s
}

func renderAttributes(attrs []attribute.KeyValue) map[string]any {
	m := make(map[string]any, len(attrs))
	for _, a := range attrs {
		m[string(a.Key)] = renderValue(a.Value)
	}
	return m
}

// renderValue returns a value that JSON can hold: NaN and what nests become text.
func renderValue(v attribute.Value) any {
	switch v.Type() {
	case attribute.STRING:
		return clip(v.AsString())
	case attribute.BOOL, attribute.INT64,
		attribute.BOOLSLICE, attribute.INT64SLICE, attribute.STRINGSLICE:
		return v.AsInterface()
	case attribute.FLOAT64:
		if f := v.AsFloat64(); !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f
		}
	case attribute.FLOAT64SLICE, attribute.BYTESLICE, attribute.SLICE, attribute.MAP, attribute.EMPTY:
	}
	return v.String()
}

func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "") + "…"
}
