package clients

import (
	"context"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// metrics of outbound requests, named by OpenTelemetry's conventions. Servers' addresses are no labels: every tenant
// may bring its own.
type metrics struct {
	duration metric.Float64Histogram
	sets     sync.Map // outcome -> metric.MeasurementOption, built once each
}

type outcome struct {
	method, upstream, failure string
	status                    int
}

func newMetrics(m metric.Meter) *metrics {
	if m == nil {
		m = noop.Meter{}
	}
	duration, err := m.Float64Histogram("http.client.request.duration",
		metric.WithUnit("s"), metric.WithDescription("Duration of outbound requests until the answer's headers."),
		metric.WithExplicitBucketBoundaries(.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10))
	if err != nil {
		duration = noop.Float64Histogram{}
	}
	return &metrics{duration: duration}
}

func (m *metrics) record(ctx context.Context, start time.Time, method, upstream string, status int, failure string) {
	if !m.duration.Enabled(ctx) {
		return
	}
	m.duration.Record(ctx, time.Since(start).Seconds(), m.set(outcome{known(method), upstream, failure, status}))
}

// known keeps callers of a proxy from making labels of their own.
func known(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions, http.MethodTrace, http.MethodConnect:
		return method
	}
	return "_OTHER"
}

func (m *metrics) set(o outcome) metric.MeasurementOption {
	if built, ok := m.sets.Load(o); ok {
		return built.(metric.MeasurementOption)
	}
	all := []attribute.KeyValue{
		semconv.HTTPRequestMethodKey.String(o.method), attribute.String("atrium.upstream", o.upstream),
	}
	if o.status != 0 {
		all = append(all, semconv.HTTPResponseStatusCode(o.status))
	}
	if o.failure != "" {
		all = append(all, semconv.ErrorTypeKey.String(o.failure))
	}
	option := metric.WithAttributeSet(attribute.NewSet(all...))
	m.sets.Store(o, option)
	return option
}
