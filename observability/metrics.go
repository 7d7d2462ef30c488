package observability

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/otel/attribute"
	otelprom "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/exemplar"
	"go.opentelemetry.io/otel/sdk/resource"
)

// maxSeries bounds the label sets of the request metric. Routes come from documents, so it is not reached by requests.
const maxSeries = 10_000

// requestMetrics count requests by method, route and status.
type requestMetrics struct {
	duration metric.Float64Histogram
	active   atomic.Int64

	mu     sync.RWMutex
	labels map[series]labels // built once: building a label set costs more than recording
}

type series struct {
	method, route string
	status        int
}

// labels are what is derived from a series.
type labels struct {
	span    string // the name of its server spans
	options []metric.RecordOption
}

func (t *Telemetry) startMetrics(res *resource.Resource) error {
	t.registry = prometheus.NewRegistry()
	reader, err := otelprom.New(
		otelprom.WithRegisterer(t.registry),
		otelprom.WithTranslationStrategy(otlptranslator.UnderscoreEscapingWithSuffixes),
		otelprom.WithoutScopeInfo())
	if err != nil {
		return fmt.Errorf("export metrics: %w", err)
	}
	t.meters = sdkmetric.NewMeterProvider(
		sdkmetric.WithResource(res),
		sdkmetric.WithReader(reader),
		sdkmetric.WithCardinalityLimit(maxSeries),
		sdkmetric.WithExemplarFilter(exemplar.AlwaysOffFilter)) // the text format has no place for them
	for _, c := range []prometheus.Collector{
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := t.registry.Register(c); err != nil {
			return fmt.Errorf("register runtime metrics: %w", err)
		}
	}
	if t.requests, err = newRequestMetrics(t.meters.Meter("atrium/observability")); err != nil {
		return fmt.Errorf("set up request metrics: %w", err)
	}
	return nil
}

func newRequestMetrics(meter metric.Meter) (*requestMetrics, error) {
	m := &requestMetrics{labels: map[series]labels{}}
	var err error
	m.duration, err = meter.Float64Histogram("http.server.request.duration",
		metric.WithUnit("s"), metric.WithDescription("Duration of requests to the public listener."),
		// The convention's buckets, and one below: much is answered from memory.
		metric.WithExplicitBucketBoundaries(.001, .005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10))
	if err != nil {
		return nil, err
	}
	_, err = meter.Int64ObservableUpDownCounter("http.server.active_requests",
		metric.WithUnit("{request}"), metric.WithDescription("Requests being served."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(m.active.Load())
			return nil
		}))
	return m, err
}

// of returns the labels of a series.
func (m *requestMetrics) of(s series) labels {
	m.mu.RLock()
	l, ok := m.labels[s]
	m.mu.RUnlock()
	if ok {
		return l
	}
	l.span = s.method
	if s.method == otherMethod {
		l.span = "HTTP"
	}
	if s.route != "" {
		l.span += " " + s.route
	}
	l.options = []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(
		attribute.String("http.request.method", s.method),
		attribute.String("http.route", s.route),
		attribute.Int("http.response.status_code", s.status),
	))}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.labels) < maxSeries {
		m.labels[s] = l
	}
	return l
}
