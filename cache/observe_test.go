package cache

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// said renders spans as "name key=value ...", without times.
func said(spans tracetest.SpanStubs) []string {
	var out []string
	for _, s := range spans {
		line := []string{s.Name}
		for _, a := range s.Attributes {
			if a.Key != "cache.age_ms" {
				line = append(line, strings.TrimPrefix(string(a.Key), "cache.")+"="+a.Value.String())
			}
		}
		if len(s.Links) > 0 {
			line = append(line, "linked")
		}
		out = append(out, strings.Join(line, " "))
	}
	return out
}

func TestSpans(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spans := tracetest.NewInMemoryExporter()
		provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
		ctx, root := provider.Tracer("test").Start(t.Context(), "request")
		c, u := open(t, Options{}), &upstream{}
		req := request("a", Policy{TTL: time.Second, Stale: time.Hour})
		fetch := func() {
			_, _ = c.Fetch(ctx, req, func(ctx context.Context, e *Entry) (Answer, error) {
				_, span := provider.Tracer("test").Start(ctx, "upstream")
				defer span.End()
				return u.fill(ctx, e)
			})
			synctest.Wait()
		}
		fetch()
		fetch()
		time.Sleep(2 * time.Second)
		fetch()
		u.fail.Store(true)
		time.Sleep(2 * time.Hour)
		fetch()
		got := said(spans.GetSpans())
		want := []string{
			"upstream", "cache.get outcome=miss stored=true",
			"cache.get outcome=hit layer=memory",
			"cache.get outcome=stale detail=swr layer=memory",
			"upstream", "cache.refresh outcome=stored linked",
			"upstream", "cache.get outcome=error shared=false",
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		for _, s := range spans.GetSpans() {
			if s.Name == "cache.get" && s.Parent.SpanID() != root.SpanContext().SpanID() {
				t.Errorf("%s hangs under %s", s.Name, s.Parent.SpanID())
			}
			if s.Name == "cache.refresh" && s.SpanContext.TraceID() == root.SpanContext().TraceID() {
				t.Error("a refresh is part of the trace of the request that caused it")
			}
		}
	})
}

func TestMetrics(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	c, u := open(t, Options{Meter: provider.Meter("test")}), &upstream{}
	for range 3 {
		_, _ = c.Fetch(t.Context(), request("a", tagged("x")), u.fill)
	}
	_ = c.Purge(t.Context(), "acme", Purge{All: true})
	var data metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &data); err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for _, scope := range data.ScopeMetrics {
		for _, m := range scope.Metrics {
			var points []metricdata.DataPoint[int64]
			switch d := m.Data.(type) {
			case metricdata.Sum[int64]:
				points = d.DataPoints
			case metricdata.Gauge[int64]:
				points = d.DataPoints
			}
			for _, p := range points {
				got[m.Name+p.Attributes.Encoded(attribute.DefaultEncoder())] = p.Value
			}
		}
	}
	for name, want := range map[string]int64{
		"atrium.cache.requestsoutcome=hit": 2, "atrium.cache.requestsoutcome=miss": 1, "atrium.cache.requestsoutcome=stale": 0,
		"atrium.cache.purges": 1, "atrium.cache.refreshesoutcome=stored": 0,
		"atrium.cache.sizetenant=acme": c.Usage("acme").Bytes,
	} {
		if v, ok := got[name]; !ok || v != want {
			t.Errorf("%s is %d (%v), want %d; there is %v", name, v, ok, want, got)
		}
	}
}
