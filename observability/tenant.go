package observability

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// WithTenant returns a context under which every span that starts has the attribute tenant.id. The context's own span
// gets it now.
func WithTenant(ctx context.Context, id string) context.Context {
	c := &tenantContext{Context: ctx, attributes: [1]attribute.KeyValue{attribute.String("tenant.id", id)}}
	trace.SpanFromContext(ctx).SetAttributes(c.attributes[:]...)
	return c
}

// tenantContext is a context of its own kind because it is made for every request: one allocation, and the attribute
// is built once for all spans.
type tenantContext struct {
	context.Context
	attributes [1]attribute.KeyValue
}

type tenantKey struct{}

// Value implements context.Context.
func (c *tenantContext) Value(key any) any {
	if key == (tenantKey{}) {
		return c
	}
	return c.Context.Value(key)
}

// tenantProcessor copies the tenant of the context to each span, so that no code that starts one can forget it.
type tenantProcessor struct{}

// OnStart implements sdktrace.SpanProcessor.
func (tenantProcessor) OnStart(ctx context.Context, span sdktrace.ReadWriteSpan) {
	if c, ok := ctx.Value(tenantKey{}).(*tenantContext); ok {
		span.SetAttributes(c.attributes[:]...)
	}
}

// OnEnd implements sdktrace.SpanProcessor.
func (tenantProcessor) OnEnd(sdktrace.ReadOnlySpan) {}

// Shutdown implements sdktrace.SpanProcessor.
func (tenantProcessor) Shutdown(context.Context) error { return nil }

// ForceFlush implements sdktrace.SpanProcessor.
func (tenantProcessor) ForceFlush(context.Context) error { return nil }
