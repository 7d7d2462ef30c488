package observability

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"atrium/observability/traceview"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Options configure New. The zero value logs to standard error and keeps traces in memory.
type Options struct {
	ServiceName string // zero means "atrium"; OTEL_SERVICE_NAME wins
	Version     string // of the service, as traces and metrics name it

	// Getenv reads OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, OTEL_TRACES_SAMPLER and
	// OTEL_TRACES_SAMPLER_ARG; nil means os.Getenv. What else OpenTelemetry defines (headers, certificates, timeouts,
	// batching, limits, resource attributes) its SDK reads from the process environment.
	Getenv func(string) string

	LogOutput io.Writer    // nil means os.Stderr
	LogFormat string       // "text", "json", or "auto" (the zero value too): text on a terminal, JSON otherwise
	LogLevel  slog.Leveler // nil means slog.LevelInfo

	Traces traceview.Options // bounds of the in-memory viewer; OnError is set by New

	// ExportErrors sends a trace in which a span failed to the collector even where the sampler dropped it.
	ExportErrors bool
}

// Telemetry is what New sets up. Shut it down when the program ends.
type Telemetry struct {
	Log    *slog.Logger
	Traces *traceview.Store // the last traces

	tracers  *sdktrace.TracerProvider
	tracer   trace.Tracer // of server spans
	meters   *sdkmetric.MeterProvider
	registry *prometheus.Registry
	exporter *exporter // nil when traces are not exported
	ended    atomic.Bool
}

// shutdownTimeout bounds Shutdown where the caller's context does not.
const shutdownTimeout = 5 * time.Second

// New builds traces, metrics and logs. Spans are exported over OTLP/HTTP only when an endpoint is set in the
// environment; they are always kept in Telemetry.Traces. An error names the variable or option that is wrong.
func New(ctx context.Context, opts Options) (*Telemetry, error) {
	opts.ServiceName = cmp.Or(opts.ServiceName, "atrium")
	if opts.Getenv == nil {
		opts.Getenv = os.Getenv
	}
	log, err := newLogger(opts)
	if err != nil {
		return nil, err
	}
	sampler, err := samplerFromEnv(opts.Getenv)
	if err != nil {
		return nil, err
	}
	res, err := resource.New(ctx,
		resource.WithTelemetrySDK(),
		resource.WithAttributes(
			attribute.String("service.name", opts.ServiceName),
			attribute.String("service.version", opts.Version)),
		resource.WithFromEnv()) // last: the operator's word wins
	if err != nil {
		return nil, fmt.Errorf("read OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}

	t := &Telemetry{Log: log}
	if t.exporter, err = newExporter(ctx, opts.Getenv, log); err != nil {
		return nil, err
	}
	t.startTraces(opts, sampler, res)
	if err := t.startMetrics(res); err != nil {
		return nil, errors.Join(err, t.Shutdown(ctx))
	}
	return t, nil
}

func (t *Telemetry) startTraces(opts Options, sampler sdktrace.Sampler, res *resource.Resource) {
	options := []sdktrace.TracerProviderOption{
		sdktrace.WithResource(res),
		sdktrace.WithSampler(recordAll{sampler}),
		sdktrace.WithRawSpanLimits(spanLimits()),
		sdktrace.WithSpanProcessor(tenantProcessor{}),
	}
	view := opts.Traces
	view.OnError = nil
	if t.exporter != nil {
		batch := sdktrace.NewBatchSpanProcessor(t.exporter)
		if opts.ExportErrors {
			view.OnError = func(spans []sdktrace.ReadOnlySpan) { exportUnsampled(batch, spans) }
		}
		options = append(options, sdktrace.WithSpanProcessor(batch))
	}
	t.Traces = traceview.New(view)
	options = append(options, sdktrace.WithSpanProcessor(t.Traces))
	t.tracers = sdktrace.NewTracerProvider(options...)
	t.tracer = t.tracers.Tracer("atrium/observability")
}

// spanLimits are the SDK's, with attribute values bounded too unless the environment bounds them otherwise.
func spanLimits() sdktrace.SpanLimits {
	limits := sdktrace.NewSpanLimits()
	if limits.AttributeValueLengthLimit < 0 {
		limits.AttributeValueLengthLimit = 1024
	}
	return limits
}

// Tracer returns a tracer named after the package that uses it, such as "atrium/cache".
func (t *Telemetry) Tracer(name string) trace.Tracer { return t.tracers.Tracer(name) }

// TracerProvider returns the provider behind every span.
func (t *Telemetry) TracerProvider() trace.TracerProvider { return t.tracers }

// Meter returns a meter named after the package that uses it. Its instruments show at MetricsHandler; their attributes
// must have few values: a tenant is never one of them.
func (t *Telemetry) Meter(name string) metric.Meter { return t.meters.Meter(name) }

// MetricsHandler serves all metrics in Prometheus' text format.
func (t *Telemetry) MetricsHandler() http.Handler {
	return promhttp.HandlerFor(t.registry, promhttp.HandlerOpts{
		MaxRequestsInFlight: 4, // a scrape walks every series
		Timeout:             10 * time.Second,
	})
}

// Shutdown exports what is left and ends every goroutine of New, within the context or 5 s, whichever is sooner.
// Traces stay readable. Only the first call does anything.
func (t *Telemetry) Shutdown(ctx context.Context) error {
	if t.ended.Swap(true) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
	defer cancel()
	var errs []error
	if err := t.tracers.Shutdown(ctx); err != nil {
		errs = append(errs, fmt.Errorf("export the last traces: %w", err))
	}
	if t.exporter != nil {
		t.exporter.stop(errors.New("the process is shutting down"))
	}
	if t.meters != nil {
		if err := t.meters.Shutdown(ctx); err != nil {
			errs = append(errs, fmt.Errorf("shut down metrics: %w", err))
		}
	}
	return errors.Join(errs...)
}

// TraceID returns the trace id of the context's span, as problems and log lines show it; "" when there is none.
func TraceID(ctx context.Context) string {
	if sc := trace.SpanContextFromContext(ctx); sc.HasTraceID() {
		return sc.TraceID().String()
	}
	return ""
}
