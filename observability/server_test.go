package observability

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"atrium/observability/traceview"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

const callersTrace = "0af7651916cd43dd8448eb211c80319c"

func TestServerSpan(t *testing.T) {
	for name, tc := range map[string]struct {
		method, target, traceparent string
		trusted                     bool
		outcome                     Outcome
		name, trace, status         string
		attributes                  map[string]any
	}{
		"a view": {
			method: "GET", target: "/orders/7?token=s3cret",
			outcome: Outcome{Route: "/orders/{id}", Status: 200},
			name:    "GET /orders/{id}", status: "unset",
			attributes: map[string]any{
				"http.request.method": "GET", "http.route": "/orders/{id}", "url.path": "/orders/7",
				"url.scheme": "http", "http.response.status_code": int64(200),
			},
		},
		"no route": {
			method: "GET", target: "/nowhere", outcome: Outcome{Status: 404, Err: errors.New("no such route")},
			name: "GET", status: "unset",
			attributes: map[string]any{
				"http.request.method": "GET", "url.path": "/nowhere", "url.scheme": "http",
				"http.response.status_code": int64(404), "error.message": "no such route",
			},
		},
		"a failure": {
			method: "POST", target: "/a", outcome: Outcome{Route: "/a", Status: 502, Err: errors.New("crm is down")},
			name: "POST /a", status: "error",
			attributes: map[string]any{
				"http.request.method": "POST", "http.route": "/a", "url.path": "/a", "url.scheme": "http",
				"http.response.status_code": int64(502), "error.type": "502", "otel.status_description": "crm is down",
			},
		},
		"refused": {
			method: "GET", target: "/a", outcome: Outcome{Route: "/a", Status: 429, Code: "limit-client"},
			name: "GET /a", status: "unset",
			attributes: map[string]any{
				"http.request.method": "GET", "http.route": "/a", "url.path": "/a", "url.scheme": "http",
				"http.response.status_code": int64(429), "error.type": "limit-client",
			},
		},
		"a method of its own": {
			method: "BREW", target: "/", outcome: Outcome{Status: 405}, name: "HTTP", status: "unset",
			attributes: map[string]any{
				"http.request.method": "_OTHER", "url.path": "/", "url.scheme": "http",
				"http.response.status_code": int64(405),
			},
		},
		"a trusted caller": {
			method: "GET", target: "/", traceparent: "00-" + callersTrace + "-b7ad6b7169203331-01", trusted: true,
			outcome: Outcome{Status: 204}, name: "GET", status: "unset", trace: callersTrace,
			attributes: map[string]any{
				"http.request.method": "GET", "url.path": "/", "url.scheme": "http", "http.response.status_code": int64(204),
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			telemetry, _ := start(t, nil, nil)
			r := httptest.NewRequest(tc.method, tc.target, http.NoBody)
			if tc.traceparent != "" {
				r.Header.Set("Traceparent", tc.traceparent)
			}
			ctx, span := telemetry.StartServer(t.Context(), r, tc.trusted)
			id := TraceID(ctx)
			if tc.trace != "" && id != tc.trace {
				t.Errorf("the trace is %s, want %s", id, tc.trace)
			}
			requests(t, telemetry).End(ctx, r, tc.outcome)
			if span.IsRecording() {
				t.Error("the span has not ended")
			}
			got, ok := telemetry.Traces.Get(id)
			if !ok || len(got.Spans) != 1 {
				t.Fatalf("the viewer has %+v", got)
			}
			checkSpan(t, got.Spans[0], tc.name, tc.status, tc.attributes)
		})
	}
}

func checkSpan(t *testing.T, s traceview.Span, name, status string, attributes map[string]any) {
	t.Helper()
	if s.Name != name || s.Status != status || s.Kind != "server" {
		t.Errorf("got %s span %q with status %s, want server span %q with %s", s.Kind, s.Name, s.Status, name, status)
	}
	for k, v := range attributes {
		if s.Attributes[k] != v {
			t.Errorf("attribute %s is %v, want %v", k, s.Attributes[k], v)
		}
	}
	if len(s.Attributes) != len(attributes) {
		t.Errorf("got attributes %v, want %v", s.Attributes, attributes)
	}
}

func TestAStrangersTraceIsLinkedNotJoined(t *testing.T) {
	telemetry, _ := start(t, map[string]string{"OTEL_TRACES_SAMPLER": "parentbased_always_off"}, nil)
	r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	r.Header.Set("Traceparent", "00-"+callersTrace+"-b7ad6b7169203331-01")
	ctx, span := telemetry.StartServer(t.Context(), r, false)
	if id := TraceID(ctx); id == callersTrace || id == "" {
		t.Errorf("the trace is %q", id)
	}
	if span.SpanContext().IsSampled() {
		t.Error("a stranger forced sampling")
	}
	links := span.(interface{ Links() []sdktrace.Link }).Links()
	if len(links) != 1 || links[0].SpanContext.TraceID().String() != callersTrace {
		t.Errorf("the links are %v", links)
	}
	requests(t, telemetry).End(ctx, r, Outcome{Status: 200})
}

func TestABrokenTraceparentIsNoParent(t *testing.T) {
	telemetry, _ := start(t, nil, nil)
	q := requests(t, telemetry)
	for _, header := range []string{"", "x", "00-0-0-01", strings.Repeat("0", 10_000)} {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.Header.Set("Traceparent", header)
		ctx, span := telemetry.StartServer(t.Context(), r, true)
		if !span.SpanContext().IsValid() {
			t.Errorf("%.20q: no valid span", header)
		}
		q.End(ctx, r, Outcome{Status: 200})
	}
}

func TestEverySpanHasItsTenant(t *testing.T) {
	telemetry, _ := start(t, nil, nil)
	r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	ctx, _ := telemetry.StartServer(t.Context(), r, false)
	ctx = WithTenant(ctx, "acme")
	deadline, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	// As lower packages do, which know the API of OpenTelemetry only.
	tracer := trace.SpanFromContext(deadline).TracerProvider().Tracer("atrium/clients")
	inner, step := tracer.Start(deadline, "step")
	_, call := tracer.Start(context.WithoutCancel(inner), "call")
	call.End()
	step.End()
	requests(t, telemetry).End(ctx, r, Outcome{Status: 200})
	got, _ := telemetry.Traces.Get(TraceID(ctx))
	if len(got.Spans) != 3 {
		t.Fatalf("got %d spans, want 3", len(got.Spans))
	}
	for _, s := range got.Spans {
		if s.Attributes["tenant.id"] != "acme" {
			t.Errorf("span %s has tenant.id %v", s.Name, s.Attributes["tenant.id"])
		}
	}
	if item := telemetry.Traces.List(traceview.Filter{Tenant: "acme"}).Items; len(item) != 1 {
		t.Errorf("the list has %v", item)
	}
}

func TestWithTenantKeepsCancellation(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	inner, stop := context.WithCancel(WithTenant(ctx, "acme"))
	defer stop()
	want := errors.New("gone")
	cancel(want)
	<-inner.Done()
	if got := context.Cause(inner); !errors.Is(got, want) {
		t.Errorf("got cause %v, want %v", got, want)
	}
}

func TestLongAttributesAreCut(t *testing.T) {
	telemetry, _ := start(t, nil, nil)
	r := httptest.NewRequest(http.MethodGet, "/"+strings.Repeat("a", 5000), http.NoBody)
	ctx, _ := telemetry.StartServer(t.Context(), r, false)
	requests(t, telemetry).End(ctx, r, Outcome{Status: 500, Err: errors.New(strings.Repeat("b", 5000))})
	got, _ := telemetry.Traces.Get(TraceID(ctx))
	for key, v := range got.Spans[0].Attributes {
		if s, ok := v.(string); ok && len(s) > 1030 {
			t.Errorf("%s has %d bytes", key, len(s))
		}
	}
}
