package observability

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Outcome is how a request ended.
type Outcome struct {
	Route    string        // the route's pattern, "" when none matched
	Status   int           // of the response, also where the client left before it came
	Duration time.Duration // from the first byte read to the last byte written
	Err      error         // the operator's cause; shown on the span, so it holds no secret
}

// StartServer starts the SERVER span of a request, in the trace of the caller when trustParent says that its
// traceparent is to be believed. Anybody else could choose what is sampled and write into other people's traces, so
// for them a new trace begins and a link names theirs. End it with EndServer.
func (t *Telemetry) StartServer(ctx context.Context, r *http.Request, trustParent bool) (context.Context, trace.Span) {
	t.requests.active.Add(1)
	options := serverSpan
	if len(r.Header["Traceparent"]) > 0 {
		remote := trace.SpanContextFromContext(
			propagation.TraceContext{}.Extract(context.Background(), propagation.HeaderCarrier(r.Header)))
		switch {
		case !remote.IsValid():
		case trustParent:
			ctx = trace.ContextWithRemoteSpanContext(ctx, remote)
		default:
			options = append(options[:len(options):len(options)], trace.WithLinks(trace.Link{SpanContext: remote}))
		}
	}
	return t.tracer.Start(ctx, "HTTP", options...)
}

// serverSpan is never changed: it saves building the options for every request.
var serverSpan = []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindServer)}

// EndServer names the context's SERVER span, says how the request ended, ends it, and counts the request.
// The context is StartServer's or one made from it in which no other span was started.
func (t *Telemetry) EndServer(ctx context.Context, r *http.Request, o Outcome) {
	span := trace.SpanFromContext(ctx)
	method := methodName(r.Method)
	labels := t.requests.of(series{method, o.Route, o.Status})
	span.SetName(labels.span)
	attributes := [7]attribute.KeyValue{
		attribute.String("http.request.method", method),
		attribute.String("url.path", r.URL.Path),
		attribute.String("url.scheme", scheme(r)),
		attribute.Int("http.response.status_code", o.Status),
	}
	n := 4
	if o.Route != "" {
		attributes[n] = attribute.String("http.route", o.Route)
		n++
	}
	if o.Status >= http.StatusInternalServerError {
		attributes[n] = attribute.String("error.type", strconv.Itoa(o.Status))
		n++
		span.SetStatus(codes.Error, errorText(o.Err))
	} else if o.Err != nil {
		attributes[n] = attribute.String("error.message", errorText(o.Err))
		n++
	}
	span.SetAttributes(attributes[:n]...)
	span.End()
	t.requests.active.Add(-1)
	t.requests.duration.Record(ctx, o.Duration.Seconds(), labels.options...)
}

// errorText bounds an error's text: unlike attributes, the SDK does not bound a span's status.
func errorText(err error) string {
	if err == nil {
		return ""
	}
	return clip(err.Error(), 1024)
}

func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// otherMethod stands for all methods that are not of HTTP: a caller may send any text for one.
const otherMethod = "_OTHER"

// methodName is the value of http.request.method.
func methodName(method string) string {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "QUERY":
		return method
	}
	return otherMethod
}
