package traceview_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"atrium/observability/traceview"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// epoch is when the traces of these tests start.
var epoch = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// newStore returns a store and a tracer whose spans end in it.
func newStore(t testing.TB, opts traceview.Options) (*traceview.Store, trace.Tracer) {
	t.Helper()
	store := traceview.New(opts)
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(store))
	t.Cleanup(func() {
		if err := provider.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return store, provider.Tracer("test")
}

// request is one trace to make.
type request struct {
	tenant, method, route string
	status, children      int
	at, took              time.Duration
	failed                bool
}

func (r request) run(ctx context.Context, tracer trace.Tracer) string {
	ctx, root := tracer.Start(ctx, r.method+" "+r.route, trace.WithSpanKind(trace.SpanKindServer),
		trace.WithTimestamp(epoch.Add(r.at)), trace.WithAttributes(
			attribute.String("tenant.id", r.tenant), attribute.String("http.request.method", r.method),
			attribute.String("http.route", r.route), attribute.Int("http.response.status_code", r.status)))
	for i := range r.children {
		_, child := tracer.Start(ctx, fmt.Sprintf("step %d", i), trace.WithTimestamp(epoch.Add(r.at)))
		if r.failed {
			child.SetStatus(codes.Error, "broken")
		}
		child.End(trace.WithTimestamp(epoch.Add(r.at + r.took/2)))
	}
	root.End(trace.WithTimestamp(epoch.Add(r.at + r.took)))
	return root.SpanContext().TraceID().String()
}

func ids(p traceview.Page) []string {
	var out []string
	for _, item := range p.Items {
		out = append(out, item.TraceID)
	}
	return out
}

func TestFailedAndSlowTracesOutliveTheRecentOnes(t *testing.T) {
	store, tracer := newStore(t, traceview.Options{Recent: 3, Errors: 2, Slow: 1, SlowAfter: time.Second})
	failed := request{method: "GET", route: "/a", status: 500, children: 1, failed: true}.run(t.Context(), tracer)
	slow := request{method: "GET", route: "/b", status: 200, took: time.Second}.run(t.Context(), tracer)
	forgotten := request{method: "GET", route: "/c", status: 200}.run(t.Context(), tracer)
	var recent []string
	for range 3 {
		recent = append(recent, request{method: "GET", route: "/d", status: 200}.run(t.Context(), tracer))
	}
	slices.Reverse(recent)
	if got, want := ids(store.List(traceview.Filter{})), append(recent, slow, failed); !slices.Equal(got, want) {
		t.Errorf("got traces %v, want %v", got, want)
	}
	if _, ok := store.Get(forgotten); ok {
		t.Error("a trace that no ring holds can still be read")
	}
}

func TestAFullTraceStillEndsWithItsRoot(t *testing.T) {
	store, tracer := newStore(t, traceview.Options{TraceSize: 10})
	id := request{method: "GET", route: "/a", status: 200, children: 50}.run(t.Context(), tracer)
	got, ok := store.Get(id)
	if !ok || len(got.Spans) != 11 {
		t.Fatalf("got %d spans, want 10 and the root", len(got.Spans))
	}
	if got.Spans[0].Name != "GET /a" {
		t.Errorf("the first span is %q, want the root", got.Spans[0].Name)
	}
	if n := store.List(traceview.Filter{}).Items[0].Spans; n != 11 {
		t.Errorf("the list says %d spans, want 11", n)
	}
}

func TestSpansInAllAreBounded(t *testing.T) {
	store, tracer := newStore(t, traceview.Options{TotalSize: 100})
	for range 50 {
		request{method: "GET", route: "/a", status: 500, children: 9, failed: true, took: time.Minute}.
			run(t.Context(), tracer)
	}
	if n := len(store.List(traceview.Filter{Limit: 500}).Items); n != 10 {
		t.Errorf("got %d traces of 10 spans, want 10", n)
	}
}

func TestTracesThatNeverEndAreForgotten(t *testing.T) {
	store, tracer := newStore(t, traceview.Options{Open: 5, OpenFor: time.Minute})
	start := func(at time.Duration) (context.Context, trace.Span) {
		ctx, root := tracer.Start(t.Context(), "stream", trace.WithTimestamp(epoch.Add(at)))
		_, child := tracer.Start(ctx, "step", trace.WithTimestamp(epoch.Add(at)))
		child.End()
		return ctx, root
	}
	known := func(s trace.Span) bool {
		_, ok := store.Get(s.SpanContext().TraceID().String())
		return ok
	}
	ctx, old := start(0)
	if !known(old) {
		t.Fatal("a trace under way cannot be read")
	}
	var young []trace.Span
	for range 5 {
		_, s := start(2 * time.Minute)
		young = append(young, s)
	}
	if known(old) {
		t.Error("a trace that is under way for too long is still kept")
	}
	_, extra := start(2 * time.Minute)
	if known(young[0]) || !known(young[1]) || !known(extra) {
		t.Error("want only the oldest of too many traces forgotten")
	}
	_, late := tracer.Start(ctx, "late")
	late.End()
	if known(old) {
		t.Error("a late span of a forgotten trace brought it back")
	}
	old.End()
	if !known(old) {
		t.Error("the end of a forgotten trace's root is lost")
	}
}

func TestLateSpansJoinTheirTrace(t *testing.T) {
	store, tracer := newStore(t, traceview.Options{})
	ctx, root := tracer.Start(t.Context(), "refresh")
	_, late := tracer.Start(ctx, "late")
	root.End()
	late.SetStatus(codes.Error, "")
	late.End()
	item := store.List(traceview.Filter{}).Items[0]
	if item.Spans != 2 || !item.Error {
		t.Errorf("got %d spans, error %t; want 2, true", item.Spans, item.Error)
	}
}

func TestManyRequestsOfOneRemoteTrace(t *testing.T) {
	store, tracer := newStore(t, traceview.Options{TraceSize: 20})
	remote := trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled, Remote: true,
	})
	ctx := trace.ContextWithRemoteSpanContext(t.Context(), remote)
	for i := range 100 {
		request{method: "GET", route: fmt.Sprint("/", i), status: 200, children: 1}.run(ctx, tracer)
	}
	page := store.List(traceview.Filter{})
	if len(page.Items) != 1 || page.Items[0].Route != "/0" || page.Items[0].Spans != 20 {
		t.Errorf("got %+v, want one trace, named by its first request, of at most 20 spans", page.Items)
	}
}

func TestDroppedTracesWithAFailureAreHandedOn(t *testing.T) {
	var handed []string
	store := traceview.New(traceview.Options{OnError: func(spans []sdktrace.ReadOnlySpan) {
		for _, s := range spans {
			handed = append(handed, s.Name())
		}
	}})
	for _, sampler := range []sdktrace.Sampler{recordOnly{}, sdktrace.AlwaysSample()} {
		provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(store), sdktrace.WithSampler(sampler))
		request{method: "GET", route: "/ok", status: 200, children: 1}.run(t.Context(), provider.Tracer(""))
		request{method: "GET", route: "/bad", status: 500, children: 1, failed: true}.run(t.Context(), provider.Tracer(""))
		if err := provider.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if want := []string{"step 0", "GET /bad"}; !slices.Equal(handed, want) {
		t.Errorf("handed on %v, want %v", handed, want)
	}
}

// recordOnly drops every span from export.
type recordOnly struct{}

func (recordOnly) ShouldSample(sdktrace.SamplingParameters) sdktrace.SamplingResult {
	return sdktrace.SamplingResult{Decision: sdktrace.RecordOnly}
}

func (recordOnly) Description() string { return "recordOnly" }

func TestFiftyGoroutines(t *testing.T) {
	store, tracer := newStore(t, traceview.Options{Recent: 20, Errors: 10, Slow: 10, TotalSize: 200, Open: 30})
	var wg sync.WaitGroup
	for g := range 50 {
		wg.Go(func() {
			for i := range 40 {
				id := request{
					tenant: fmt.Sprint("t", g), method: "GET", route: "/r", status: 200 + i%4*100, children: 4,
					failed: i%4 == 3, took: time.Duration(i%2) * 2 * time.Second,
				}.run(t.Context(), tracer)
				for _, item := range store.List(traceview.Filter{Tenant: fmt.Sprint("t", g)}).Items {
					if item.Tenant != fmt.Sprint("t", g) {
						t.Error(errors.New("another tenant's trace"))
					}
				}
				store.Get(id)
			}
		})
	}
	wg.Wait()
	page := store.List(traceview.Filter{Limit: 500})
	if n := len(page.Items); n < 20 || n > 40 {
		t.Errorf("got %d traces, want 20 to 40", n)
	}
	if i := slices.IndexFunc(page.Items, func(s traceview.Summary) bool { return s.Spans != 5 }); i >= 0 {
		t.Errorf("a trace has %d spans, want 5", page.Items[i].Spans)
	}
}
