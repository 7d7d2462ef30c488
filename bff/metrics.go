package bff

import (
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// metrics are the server's own instruments, named by OpenTelemetry's HTTP conventions.
type metrics struct {
	duration metric.Float64Histogram
	active   metric.Int64UpDownCounter
}

func newMetrics(meter metric.Meter) (*metrics, error) {
	duration, err := meter.Float64Histogram("http.server.request.duration", metric.WithUnit("s"),
		metric.WithDescription("Duration of HTTP server requests."),
		metric.WithExplicitBucketBoundaries(.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30))
	if err != nil {
		return nil, err
	}
	active, err := meter.Int64UpDownCounter("http.server.active_requests",
		metric.WithDescription("Number of active HTTP server requests."))
	if err != nil {
		return nil, err
	}
	return &metrics{duration: duration, active: active}, nil
}

// request counts a request at its end. The labels are of low cardinality whatever a scanner sends:
// the route is a pattern, and a method that is not HTTP's is _OTHER.
func (m *metrics) request(ctx context.Context, rec *record, method string, elapsed time.Duration) {
	m.duration.Record(ctx, elapsed.Seconds(), metric.WithAttributeSet(attribute.NewSet(
		attribute.String("http.request.method", knownMethod(method)),
		attribute.String("http.route", rec.route),
		attribute.Int("http.response.status_code", rec.status),
	)))
}

func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions, http.MethodConnect, http.MethodTrace:
		return method
	default:
		return "_OTHER"
	}
}
