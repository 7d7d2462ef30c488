package bff

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"atrium/bff/view"
)

// breachCounter counts the answers that are not of the type that their operation declares.
func breachCounter(meter metric.Meter) (metric.Int64Counter, error) {
	c, err := meter.Int64Counter("atrium.view.contract.breaches", metric.WithUnit("{answer}"),
		metric.WithDescription("Answers of upstreams that were not of the type that their operation declares, where a view reads them."))
	if err != nil {
		return nil, fmt.Errorf("metric of contracts: %w", err)
	}
	return c, nil
}

// Broken implements view.Witness: an event on the request's span says where and how, but shows no value.
func (k *caller) Broken(ctx context.Context, step *view.Step, b *view.Breach) {
	call := attribute.String("atrium.call", step.Call())
	trace.SpanFromContext(ctx).AddEvent("contract", trace.WithAttributes(
		attribute.String("atrium.step", step.Name), call, attribute.String("atrium.pointer", b.Pointer),
		attribute.String("atrium.expected", b.Expected), attribute.String("atrium.found", b.Found)))
	k.server.breaches.Add(ctx, 1, metric.WithAttributes(call))
}
