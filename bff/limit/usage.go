package limit

import (
	"context"
	"sync/atomic"

	"atrium/tenants"
	"atrium/tenants/document"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"
)

// Usage is what a tenant has used.
type Usage struct {
	Requests RequestUsage `json:"requests"`
	Tokens   TokenUsage   `json:"tokens"`
	Streams  StreamUsage  `json:"streams"`
}

// RequestUsage counts requests on this replica since it started.
type RequestUsage struct {
	Count   int64 `json:"count"`   // all that were asked about
	Limited int64 `json:"limited"` // those of them that were refused
}

// TokenUsage counts model tokens of the current window, on all replicas as long as Redis answers.
type TokenUsage struct {
	Used     int64 `json:"used"`
	Reserved int64 `json:"reserved"` // by generations that have not settled yet
}

// StreamUsage counts generations, on all replicas as long as Redis answers.
type StreamUsage struct {
	Open int64 `json:"open"`
}

// Usage tells what a tenant has used; rates are those of its plan's tokens, of which the first counts.
func (l *Limiter) Usage(ctx context.Context, tenant tenants.ID, rates []document.Rate) Usage {
	t := l.tallies.of(tenant)
	u := Usage{Requests: RequestUsage{Count: t.count.Load(), Limited: t.limited.Load()}}
	u.Streams.Open = l.streams.open(ctx, tenant)
	if len(rates) > 0 {
		u.Tokens = l.tokens.usage(ctx, tenant, rates[0])
	}
	return u
}

type tally struct{ count, limited, local atomic.Int64 }

func (t *tally) note(d Decision) {
	t.count.Add(1)
	if !d.Allowed {
		t.limited.Add(1)
	}
	if d.Local {
		t.local.Add(1)
	}
}

// of returns the tenant's tally. There are as many as tenants.
func (t *tallies) of(tenant tenants.ID) *tally {
	t.mu.RLock()
	found := t.m[tenant]
	t.mu.RUnlock()
	if found != nil {
		return found
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if found = t.m[tenant]; found == nil {
		if t.m == nil {
			t.m = map[tenants.ID]*tally{}
		}
		found = new(tally)
		t.m[tenant] = found
	}
	return found
}

func (t *tallies) total() (sum struct{ count, limited, local int64 }) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, one := range t.m {
		sum.count += one.count.Load()
		sum.limited += one.limited.Load()
		sum.local += one.local.Load()
	}
	return sum
}

// observe exports counts when somebody looks; taking costs nothing for it.
func (l *Limiter) observe() {
	meter := l.opts.Meter
	if meter == nil {
		meter = noop.Meter{}
	}
	decisions, _ := meter.Int64ObservableCounter("atrium.limit.decisions", metric.WithUnit("{request}"),
		metric.WithDescription("Requests by what the limits said: allowed, limited."))
	local, _ := meter.Int64ObservableCounter("atrium.limit.local", metric.WithUnit("{request}"),
		metric.WithDescription("Decisions that a replica made alone, because Redis did not answer."))
	keys, _ := meter.Int64ObservableGauge("atrium.limit.keys", metric.WithUnit("{key}"),
		metric.WithDescription("Counters in memory."))
	l.export, _ = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		sum := l.tallies.total()
		o.ObserveInt64(decisions, sum.count-sum.limited, metric.WithAttributes(attribute.String("outcome", "allowed")))
		o.ObserveInt64(decisions, sum.limited, metric.WithAttributes(attribute.String("outcome", "limited")))
		o.ObserveInt64(local, sum.local)
		o.ObserveInt64(keys, int64(l.tenant.local.len()+l.client.local.len()))
		return nil
	}, decisions, local, keys)
}

// span covers a decision that asks Redis; counting in memory is too short to be shown.
func (l *Limiter) span(ctx context.Context, d Decision) (context.Context, func(Decision)) {
	parent := trace.SpanFromContext(ctx)
	if l.fleet == nil || len(d.Limits) == 0 || !parent.IsRecording() {
		return ctx, func(Decision) {}
	}
	ctx, span := parent.TracerProvider().Tracer("atrium/bff/limit").Start(ctx, "limit.take")
	return ctx, func(d Decision) {
		span.SetAttributes(attribute.Bool("limit.allowed", d.Allowed), attribute.Bool("limit.local", d.Local))
		if !d.Allowed {
			span.SetAttributes(attribute.String("limit.code", d.Code))
		}
		span.End()
	}
}
