package clients

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
)

// GateOptions configure a Gate.
type GateOptions struct {
	Upstream    string        // names it in errors, spans and metrics
	Attempts    int           // tries of a call that may be repeated, in all; zero means 3
	Failures    int           // failed calls in a row that open the breaker; zero means 5, negative means no breaker
	Open        time.Duration // how long before one call probes again; zero means 5s
	Concurrency int           // calls at once; zero means no limit
}

// A Gate is what the calls of one tenant to one upstream share: the breaker and the bulkhead. Get it from NewGate.
// It holds next to nothing until its first call.
type Gate struct {
	options GateOptions
	once    sync.Once
	breaker circuitbreaker.CircuitBreaker[any] // nil: none
	slots   chan struct{}                      // nil: no limit
}

// NewGate returns a gate.
func NewGate(o GateOptions) *Gate {
	o.Attempts = cmp.Or(o.Attempts, 3)
	o.Failures = cmp.Or(o.Failures, 5)
	o.Open = cmp.Or(o.Open, 5*time.Second)
	return &Gate{options: o}
}

func (g *Gate) build() {
	g.once.Do(func() {
		if g.options.Failures > 0 {
			g.breaker = circuitbreaker.NewBuilder[any]().
				WithFailureThreshold(uint(g.options.Failures)).
				WithSuccessThreshold(1).
				WithDelay(g.options.Open).
				Build()
		}
		if g.options.Concurrency > 0 {
			g.slots = make(chan struct{}, g.options.Concurrency)
		}
	})
}

// A Call is one use of a Gate.
type Call struct {
	Operation string        // names it in errors, spans and metrics
	Template  string        // the path it is declared with, for the names of spans
	Repeat    bool          // it may be tried again
	Timeout   time.Duration // of the call with all its tries and waits; zero means none but the context's
}

// within bounds what a call may take.
func within(ctx context.Context, timeout time.Duration, next func(context.Context) error) error {
	if timeout <= 0 {
		return next(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return next(ctx)
}

// whileClosed makes no call while the breaker is open. What says nothing about the upstream does not count, except that
// a probe which learned nothing leaves the breaker open.
func (g *Gate) whileClosed(next func() error) error {
	g.build()
	if g.breaker == nil {
		return next()
	}
	if !g.breaker.TryAcquirePermit() {
		return &Error{Kind: Open, RetryAfter: g.breaker.RemainingDelay(), Err: circuitbreaker.ErrOpen}
	}
	err := next()
	switch verdict(err) {
	case healthy:
		g.breaker.RecordSuccess()
	case failing:
		g.breaker.RecordFailure()
	case unknown:
		if g.breaker.IsHalfOpen() {
			g.breaker.RecordFailure()
		}
	}
	return err
}

// What an outcome says about an upstream.
type health uint8

const (
	healthy health = iota
	failing
	unknown
)

func verdict(err error) health {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return healthy
	}
	switch e.Kind {
	case Unreachable, Timeout:
		return failing
	case Status:
		if e.Status >= http.StatusInternalServerError && e.Status != http.StatusNotImplemented {
			return failing
		}
		return healthy
	case Contract, TooLarge:
		return healthy
	case Canceled, Open, Overloaded, Address, Request:
	}
	return unknown
}

// withShare waits for one of the tenant's slots, in the order of arrival, until the deadline.
func (g *Gate) withShare(ctx context.Context, next func() error) error {
	g.build()
	if g.slots == nil {
		return next()
	}
	select {
	case g.slots <- struct{}{}:
	default:
		trace.SpanFromContext(ctx).AddEvent("wait for a free slot")
		select {
		case g.slots <- struct{}{}:
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.Canceled) {
				return &Error{Kind: Canceled, Err: context.Cause(ctx)}
			}
			return &Error{Kind: Overloaded, RetryAfter: overloadedRetry}
		}
	}
	defer func() { <-g.slots }()
	return next()
}

// overloadedRetry is what callers are told when a tenant's share stayed full.
const overloadedRetry = time.Second

// repeatedly tries until a try succeeds, fails for good, or another one would come too late.
func (g *Gate) repeatedly(ctx context.Context, c Call, try func(context.Context) error) error {
	labels := Labels{Upstream: g.options.Upstream, Operation: c.Operation, Template: c.Template}
	for {
		err := try(NewContext(ctx, labels))
		labels.Resends++
		if err == nil || !c.Repeat || labels.Resends >= g.options.Attempts {
			return err
		}
		wait, again := pause(ctx, err, labels.Resends)
		if !again {
			return err
		}
		if span := trace.SpanFromContext(ctx); span.IsRecording() {
			span.AddEvent("try again", trace.WithAttributes(attribute.String("wait", wait.String())))
		}
		if !sleep(ctx, wait) {
			return err
		}
	}
}

// named fills in who failed.
func (g *Gate) named(ctx context.Context, c Call, err error) error {
	if err == nil {
		return nil
	}
	e := Classify(ctx, err)
	e.Upstream = g.options.Upstream
	e.Operation = c.Operation
	if e.Kind == Open || e.Kind == Overloaded {
		trace.SpanFromContext(ctx).AddEvent("refused", trace.WithAttributes(attribute.String("error.type", e.Kind.String())))
	}
	return e
}

// isPassing tells the statuses of a state that passes.
func isPassing(status int) bool {
	return slices.Contains([]int{
		http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout,
	}, status)
}
