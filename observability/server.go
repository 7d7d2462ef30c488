package observability

import (
	"context"
	"net/http"
	"slices"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// StartServer starts the SERVER span of a request, in the trace of the caller when trustParent says that its
// traceparent is to be believed. Anybody else could choose what is sampled and write into other people's traces, so
// for them a new trace begins and a link names theirs. Requests.End
// ends it.
func (t *Telemetry) StartServer(ctx context.Context, r *http.Request, trustParent bool) (context.Context, trace.Span) {
	options := serverSpan
	if len(r.Header["Traceparent"]) > 0 {
		remote := trace.SpanContextFromContext(
			propagation.TraceContext{}.Extract(context.Background(), propagation.HeaderCarrier(r.Header)))
		switch {
		case !remote.IsValid():
		case trustParent:
			ctx = trace.ContextWithRemoteSpanContext(ctx, remote)
		default:
			options = append(slices.Clip(options), trace.WithLinks(trace.Link{SpanContext: remote}))
		}
	}
	return t.tracer.Start(ctx, "HTTP", options...)
}

// serverSpan is never changed: it saves building the options for every request.
var serverSpan = []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer)}
