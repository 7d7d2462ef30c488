package cache

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"
)

const scopeName = "atrium/cache"

var noSpan trace.Span = tracenoop.Span{}

// observer counts what is not counted per space, and exports all of it when somebody looks.
type observer struct {
	purges    atomic.Int64
	dropped   atomic.Int64    // refreshes without room
	refreshes [3]atomic.Int64 // by refreshOutcomes
	lag       metric.Float64Histogram
	export    metric.Registration
	tracer    atomic.Pointer[tracerOf]
}

var refreshOutcomes = [3]string{"stored", "not-stored", "failed"}

// maxSeries bounds the tenants whose bytes are exported: those that use the most.
const maxSeries = 200

// observe registers the metrics. A meter that refuses one leaves it out: metrics are never worth a start that fails.
func (o *observer) observe(c *Cache) {
	meter := c.opts.Meter
	if meter == nil {
		meter = noop.Meter{}
	}
	o.lag, _ = meter.Float64Histogram("atrium.cache.purge.lag", metric.WithUnit("s"),
		metric.WithDescription("Time from a purge on another replica until it holds here."))
	requests, _ := meter.Int64ObservableCounter("atrium.cache.requests", metric.WithUnit("{request}"),
		metric.WithDescription("Requests of the cache by outcome: hit, stale, miss, bypass."))
	refreshes, _ := meter.Int64ObservableCounter("atrium.cache.refreshes", metric.WithUnit("{refresh}"),
		metric.WithDescription("Refreshes in the background by outcome."))
	purges, _ := meter.Int64ObservableCounter("atrium.cache.purges", metric.WithUnit("{purge}"),
		metric.WithDescription("Purges run on this replica."))
	corrupt, _ := meter.Int64ObservableCounter("atrium.cache.corrupt", metric.WithUnit("{value}"),
		metric.WithDescription("Values in Redis that were not entries; each was a miss and deleted."))
	size, _ := meter.Int64ObservableGauge("atrium.cache.size", metric.WithUnit("By"),
		metric.WithDescription("Memory of the tenants that use the most."))
	up, _ := meter.Int64ObservableGauge("atrium.cache.redis.up",
		metric.WithDescription("1 while Redis answers."))
	o.export, _ = meter.RegisterCallback(func(_ context.Context, obs metric.Observer) error {
		spaces := c.spaces()
		for _, state := range []State{Miss, Hit, Stale, Bypass} {
			var n int64
			for _, sp := range spaces {
				n += sp.counts[state].Load()
			}
			obs.ObserveInt64(requests, n, metric.WithAttributes(attribute.String("outcome", state.outcome())))
		}
		for i, name := range refreshOutcomes {
			obs.ObserveInt64(refreshes, o.refreshes[i].Load(), metric.WithAttributes(attribute.String("outcome", name)))
		}
		obs.ObserveInt64(refreshes, o.dropped.Load(), metric.WithAttributes(attribute.String("outcome", "dropped")))
		obs.ObserveInt64(purges, o.purges.Load())
		for _, sp := range largest(spaces) {
			obs.ObserveInt64(size, sp.bytes(), metric.WithAttributes(attribute.String("tenant", sp.scope)))
		}
		if c.shelf != nil {
			obs.ObserveInt64(corrupt, c.shelf.corrupt.Load())
			var v int64
			if c.guard.Up() {
				v = 1
			}
			obs.ObserveInt64(up, v)
		}
		return nil
	}, requests, refreshes, purges, corrupt, size, up)
}

func (o *observer) stop() {
	if o.export != nil {
		_ = o.export.Unregister()
	}
}

func largest(spaces []*space) []*space {
	type weighed struct {
		sp    *space
		bytes int64
	}
	all := make([]weighed, 0, len(spaces))
	for _, sp := range spaces {
		if n := sp.bytes(); n > 0 {
			all = append(all, weighed{sp, n})
		}
	}
	slices.SortFunc(all, func(a, b weighed) int { return cmp.Compare(b.bytes, a.bytes) })
	out := make([]*space, 0, maxSeries)
	for _, w := range all[:min(len(all), maxSeries)] {
		out = append(out, w.sp)
	}
	return out
}

func (o *observer) purgeLag(ctx context.Context, micros int64) {
	if o.lag != nil {
		o.lag.Record(ctx, max(time.Duration(micros)*time.Microsecond, 0).Seconds())
	}
}

// tracerOf remembers the tracer of a provider: asking the provider takes a lock.
type tracerOf struct {
	provider trace.TracerProvider
	tracer   trace.Tracer
}

// tracerFor returns the tracer of the trace that ctx is in; nil when nothing of it is recorded.
func (o *observer) tracerFor(ctx context.Context) trace.Tracer {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return nil
	}
	provider := span.TracerProvider()
	if t := o.tracer.Load(); t != nil && t.provider == provider {
		return t.tracer
	}
	t := &tracerOf{provider, provider.Tracer(scopeName)}
	o.tracer.Store(t)
	return t.tracer
}

// spanOfHit records a hit that has already happened: it is over in a microsecond.
func (c *Cache) spanOfHit(ctx context.Context, r Result) {
	if t := c.seen.tracerFor(ctx); t != nil {
		_, span := t.Start(ctx, "cache.get", trace.WithAttributes(r.attributes()...))
		span.End()
	}
}

// spanOfFetch starts the span under which the upstream's spans hang.
func (c *Cache) spanOfFetch(ctx context.Context) (context.Context, trace.Span) {
	if t := c.seen.tracerFor(ctx); t != nil {
		return t.Start(ctx, "cache.get")
	}
	return ctx, noSpan
}

// spanOfRefresh starts a trace of its own, linked to the request that caused it: that one ends long before.
func (c *Cache) spanOfRefresh(ctx context.Context) (context.Context, trace.Span) {
	if t := c.seen.tracerFor(ctx); t != nil {
		return t.Start(ctx, "cache.refresh", trace.WithNewRoot(), trace.WithLinks(trace.LinkFromContext(ctx)))
	}
	return ctx, noSpan
}

func (c *Cache) countRefresh(span trace.Span, out landing) {
	outcome := 1
	switch {
	case errors.Is(out.err, errElsewhere): // it will be found in Redis
	case out.err != nil, out.detail == "sie":
		outcome = 2
	case out.stored, out.state == Hit:
		outcome = 0
	}
	c.seen.refreshes[outcome].Add(1)
	span.SetAttributes(attribute.String("cache.outcome", refreshOutcomes[outcome]))
	span.End()
}

// finish ends a fetch that memory could not answer.
func (c *Cache) finish(span trace.Span, sp *space, out landing, shared bool) (Result, error) {
	defer span.End()
	sp.counts[out.state].Add(1)
	if out.err != nil {
		span.SetAttributes(attribute.String("cache.outcome", "error"), attribute.Bool("cache.shared", shared))
		span.SetStatus(codes.Error, "fill failed")
		return Result{}, out.err
	}
	r := out.item.result(c.clock())
	r.State, r.Detail, r.Layer, r.Stored, r.Shared = out.state, out.detail, out.layer, out.stored, shared
	span.SetAttributes(r.attributes()...)
	return r, nil
}

func (r Result) attributes() []attribute.KeyValue {
	attrs := make([]attribute.KeyValue, 0, 6)
	attrs = append(attrs, attribute.String("cache.outcome", r.State.outcome()))
	attrs = append(attrs, attribute.Int64("cache.age_ms", r.Age.Milliseconds()))
	if r.Detail != "" {
		attrs = append(attrs, attribute.String("cache.detail", r.Detail))
	}
	if r.Layer != "" {
		attrs = append(attrs, attribute.String("cache.layer", r.Layer))
	}
	if r.Shared {
		attrs = append(attrs, attribute.Bool("cache.shared", true))
	}
	if r.Stored {
		attrs = append(attrs, attribute.Bool("cache.stored", true))
	}
	return attrs
}
