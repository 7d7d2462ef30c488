package observability

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// exporter sends batches over OTLP/HTTP. It keeps failures to itself: the SDK would hand them to a handler that all
// of the process shares, and a dead collector would fill the log.
type exporter struct {
	sdktrace.SpanExporter
	ctx  context.Context // ends with stop
	stop context.CancelCauseFunc
	log  *slog.Logger

	mu      sync.Mutex
	silence time.Time // no line before this
	lost    int       // spans lost since the last line
}

// complainEvery is how often a failing collector is written about at most.
const complainEvery = time.Minute

// newExporter returns nil when the environment names no endpoint.
func newExporter(ctx context.Context, getenv func(string) string, log *slog.Logger) (*exporter, error) {
	endpoint, err := endpointFromEnv(getenv)
	if err != nil || endpoint == "" {
		return nil, err
	}
	otlp, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(endpoint))
	if err != nil {
		return nil, fmt.Errorf("export traces to %s: %w", endpoint, err)
	}
	e := &exporter{SpanExporter: otlp, log: log}
	e.ctx, e.stop = context.WithCancelCause(context.WithoutCancel(ctx))
	return e, nil
}

// endpointFromEnv returns where traces go, "" when nowhere. A URL that is no URL is an error rather than the SDK's
// silent fallback to localhost.
func endpointFromEnv(getenv func(string) string) (string, error) {
	name, suffix := "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", ""
	endpoint := strings.TrimSpace(getenv(name))
	if endpoint == "" {
		name, suffix = "OTEL_EXPORTER_OTLP_ENDPOINT", "/v1/traces"
		endpoint = strings.TrimSpace(getenv(name))
	}
	if endpoint == "" {
		return "", nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("%s: want a URL such as http://collector:4318", name)
	}
	u.Path = cmp.Or(strings.TrimSuffix(u.Path, "/")+suffix, "/")
	return u.String(), nil
}

// ExportSpans implements sdktrace.SpanExporter.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(e.ctx, func() { cancel(context.Cause(e.ctx)) })() //nolint:contextcheck // ends with either
	if err := e.SpanExporter.ExportSpans(ctx, spans); err != nil {
		e.complain(err, len(spans))
	}
	return nil
}

// complain writes at most one line a minute.
func (e *exporter) complain(err error, spans int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lost += spans
	now := time.Now()
	if now.Before(e.silence) {
		return
	}
	cause := clip(err.Error(), 300) // a collector's answer may be a whole page
	e.log.Warn("traces could not be exported", "spans", e.lost, "error", cause)
	e.silence, e.lost = now.Add(complainEvery), 0
}

// exportUnsampled hands spans that the sampler dropped to the batch as if it had chosen them.
func exportUnsampled(batch sdktrace.SpanProcessor, spans []sdktrace.ReadOnlySpan) {
	for _, s := range spans {
		batch.OnEnd(chosen{s})
	}
}

// chosen is a span with its sampled flag set.
type chosen struct{ sdktrace.ReadOnlySpan }

// SpanContext implements sdktrace.ReadOnlySpan.
func (c chosen) SpanContext() trace.SpanContext {
	sc := c.ReadOnlySpan.SpanContext()
	return sc.WithTraceFlags(sc.TraceFlags() | trace.FlagsSampled)
}

// clip cuts a text after so many bytes.
func clip(s string, bytes int) string {
	if len(s) <= bytes {
		return s
	}
	return strings.ToValidUTF8(s[:bytes], "") + "…"
}
