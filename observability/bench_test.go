package observability

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// BenchmarkRequest is what telemetry costs a request: its span, metric, place in the viewer, and one child a step.
func BenchmarkRequest(b *testing.B) {
	// Spans are chosen for export, and nothing takes them: the batch drops what does not fit.
	env := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}
	for name, children := range map[string]int{"alone": 0, "with 4 steps": 4} {
		for sampler, arg := range map[string]string{"sampled": "always_on", "dropped": "always_off"} {
			b.Run(name+"/"+sampler, func(b *testing.B) {
				env["OTEL_TRACES_SAMPLER"] = arg
				telemetry, _ := start(b, env, nil)
				q := requests(b, telemetry)
				r := httptest.NewRequest(http.MethodGet, "/orders/7", http.NoBody)
				outcome := Outcome{Route: "/orders/{id}", Status: 200, Duration: time.Millisecond}
				b.ReportAllocs()
				for b.Loop() {
					q.Begin()
					ctx, span := telemetry.StartServer(b.Context(), r, false)
					ctx = WithTenant(ctx, "acme")
					for range children {
						_, step := span.TracerProvider().Tracer("atrium/view").Start(ctx, "step", internalSpan)
						step.End()
					}
					q.End(ctx, r, outcome)
				}
			})
		}
	}
}

var internalSpan = trace.WithSpanKind(trace.SpanKindInternal)

func TestARequestAllocatesLittle(t *testing.T) {
	telemetry, _ := start(t, nil, nil)
	q := requests(t, telemetry)
	r := httptest.NewRequest(http.MethodGet, "/orders/7", http.NoBody)
	outcome := Outcome{Route: "/orders/{id}", Status: 200, Duration: time.Millisecond}
	allocs := testing.AllocsPerRun(1000, func() {
		ctx, _ := telemetry.StartServer(t.Context(), r, false)
		q.End(WithTenant(ctx, "acme"), r, outcome)
	})
	if allocs > 12 { // 10, and room for the race detector
		t.Errorf("%.0f allocations, want at most 12", allocs)
	}
}
