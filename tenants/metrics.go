package tenants

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
)

// metrics count how changes and reloads of documents end.
type metrics struct {
	reloads metric.Int64Counter
	changes metric.Int64Counter
}

// newMetrics registers the instruments. A meter that refuses one gets a silent one instead: documents matter more.
func newMetrics(m metric.Meter, failing func() int64) *metrics {
	if m == nil {
		m = noop.Meter{}
	}
	var out metrics
	var err error
	out.reloads, err = m.Int64Counter("atrium.documents.reloads",
		metric.WithDescription("Readings of the document store, by outcome."))
	if err != nil {
		out.reloads = noop.Int64Counter{}
	}
	out.changes, err = m.Int64Counter("atrium.documents.changes",
		metric.WithDescription("Changes asked of the admin API, by outcome."))
	if err != nil {
		out.changes = noop.Int64Counter{}
	}
	_, _ = m.Int64ObservableGauge("atrium.documents.failing",
		metric.WithDescription("Documents whose newest revision does not compile."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(failing())
			return nil
		}))
	return &out
}

func outcome(name string) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(attribute.String("outcome", name)))
}
