package observability

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"atrium/observability/traceview"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

func TestSpansReachTheCollector(t *testing.T) {
	collector := startCollector(t)
	telemetry, log := start(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.URL}, nil)
	ctx := WithTenant(t.Context(), "acme")
	ctx, root := telemetry.Tracer("atrium/test").Start(ctx, "root")
	_, child := telemetry.Tracer("atrium/test").Start(ctx, "child")
	child.End()
	root.End()
	if err := telemetry.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := collector.names(); !slices.Equal(got, []string{"child", "root"}) {
		t.Fatalf("the collector got %v", got)
	}
	for _, s := range collector.spans {
		if got := attributes(s.GetAttributes())["tenant.id"]; got != "acme" {
			t.Errorf("span %s has tenant.id %q", s.GetName(), got)
		}
	}
	if got := collector.spans[0].GetParentSpanId(); !slices.Equal(got, collector.spans[1].GetSpanId()) {
		t.Error("the child does not name its parent")
	}
	if r := collector.resource; r["service.name"] != "atrium" || r["service.version"] != "1.2.3" {
		t.Errorf("the resource is %v", r)
	}
	if collector.paths[0] != "/v1/traces" {
		t.Errorf("spans went to %s", collector.paths[0])
	}
	if log.String() != "" {
		t.Errorf("logged: %s", log)
	}
}

func TestWhatTheSamplerDropsIsSeenButNotExported(t *testing.T) {
	for name, tc := range map[string]struct {
		exportErrors bool
		want         []string
	}{
		"as sampled":      {false, nil},
		"but failed ones": {true, []string{"broken"}},
	} {
		t.Run(name, func(t *testing.T) {
			collector := startCollector(t)
			telemetry, _ := start(t, map[string]string{
				"OTEL_EXPORTER_OTLP_ENDPOINT": collector.URL,
				"OTEL_TRACES_SAMPLER":         "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0",
			}, func(o *Options) { o.ExportErrors = tc.exportErrors })
			_, fine := telemetry.Tracer("test").Start(t.Context(), "fine")
			fine.End()
			_, broken := telemetry.Tracer("test").Start(t.Context(), "broken")
			broken.SetStatus(codes.Error, "")
			broken.End()
			if broken.SpanContext().IsSampled() {
				t.Error("the upstreams would see a sampled trace")
			}
			if err := telemetry.Shutdown(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := collector.names(); !slices.Equal(got, tc.want) {
				t.Errorf("the collector got %v, want %v", got, tc.want)
			}
			if n := len(telemetry.Traces.List(traceview.Filter{}).Items); n != 2 {
				t.Errorf("the viewer has %d traces, want 2", n)
			}
		})
	}
}

func TestWithoutEndpointNothingIsExported(t *testing.T) {
	telemetry, _ := start(t, nil, nil)
	if telemetry.exporter != nil {
		t.Error("there is an exporter")
	}
}

func TestAHangingCollectorDoesNotHoldShutdown(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })
	telemetry, log := start(t, map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": server.URL}, nil)
	_, span := telemetry.Tracer("test").Start(t.Context(), "span")
	span.End()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := telemetry.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown returned %v, want that its deadline passed", err)
	}
	// The goroutine that exports ends too: goleak looks for it. It says that the span is lost.
	waitFor(t, func() bool { return strings.Contains(log.String(), "could not be exported") })
}

// waitFor waits for what another goroutine is about to do.
func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	deadline := time.After(5 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it did not happen within 5 s")
		}
	}
}

// deadCollector fails every export.
type deadCollector struct{}

func (deadCollector) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error {
	return errors.New("connection refused " + strings.Repeat("x", 5000))
}

func (deadCollector) Shutdown(context.Context) error { return nil }

func TestADeadCollectorIsOneLineAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := &logBuffer{}
		logger, err := newLogger(Options{LogOutput: log, LogFormat: "text"})
		if err != nil {
			t.Fatal(err)
		}
		e := &exporter{SpanExporter: deadCollector{}, log: logger}
		e.ctx, e.stop = context.WithCancelCause(t.Context())
		for range 150 { // two and a half minutes
			if err := e.ExportSpans(t.Context(), make([]sdktrace.ReadOnlySpan, 2)); err != nil {
				t.Fatal("the failure was handed on to the SDK")
			}
			time.Sleep(time.Second)
		}
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		if len(lines) != 3 {
			t.Fatalf("got %d lines, want 3:\n%s", len(lines), log)
		}
		if !strings.Contains(lines[1], "spans=120") || !strings.Contains(lines[1], "connection refused") {
			t.Errorf("the second line does not tell what was lost since the first: %s", lines[1])
		}
		if len(lines[0]) > 600 {
			t.Errorf("a line has %d bytes", len(lines[0]))
		}
	})
}

func TestNewRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		env    map[string]string
		format string
		want   string
	}{
		"endpoint":  {env: map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"}, want: "OTEL_EXPORTER_OTLP_ENDPOINT"},
		"sampler":   {env: map[string]string{"OTEL_TRACES_SAMPLER": "sometimes"}, want: `OTEL_TRACES_SAMPLER: want always_on`},
		"ratio":     {env: map[string]string{"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "NaN"}, want: "from 0 to 1"},
		"logFormat": {format: "xml", want: `log format "xml"`},
	} {
		t.Run(name, func(t *testing.T) {
			opts := Options{Getenv: func(k string) string { return tc.env[k] }, LogFormat: tc.format}
			if _, err := New(t.Context(), opts); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want one with %q", err, tc.want)
			}
		})
	}
}

func TestEndpoints(t *testing.T) {
	for _, tc := range []struct{ base, traces, want string }{
		{"http://c:4318", "", "http://c:4318/v1/traces"},
		{"http://c:4318/otlp/", "", "http://c:4318/otlp/v1/traces"},
		{"http://c:4318", "https://t/custom", "https://t/custom"},
		{"", "https://t", "https://t/"},
		{"", "", ""},
	} {
		env := map[string]string{
			"OTEL_EXPORTER_OTLP_ENDPOINT": tc.base, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": tc.traces,
		}
		got, err := endpointFromEnv(func(k string) string { return env[k] })
		if err != nil || got != tc.want {
			t.Errorf("%q, %q: got %q, %v; want %q", tc.base, tc.traces, got, err, tc.want)
		}
	}
}
