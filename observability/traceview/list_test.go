package traceview_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"atrium/observability/traceview"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

func TestListFilters(t *testing.T) {
	store, tracer := newStore(t, traceview.Options{})
	names := map[string]string{}
	for name, r := range map[string]request{
		"acme order":   {tenant: "acme", method: "POST", route: "/orders", status: 201, took: 20 * time.Millisecond},
		"acme one":     {tenant: "acme", method: "GET", route: "/orders/{id}", status: 404, took: 5 * time.Millisecond},
		"globex order": {tenant: "globex", method: "POST", route: "/orders", status: 502, children: 1, failed: true},
		"no tenant":    {method: "GET", status: 404},
	} {
		names[r.run(t.Context(), tracer)] = name
	}
	for query, want := range map[string][]string{
		"":                            {"acme one", "acme order", "globex order", "no tenant"},
		"tenant=acme":                 {"acme one", "acme order"},
		"tenant=ac":                   nil,
		"route=/orders":               {"acme order", "globex order"},
		"route=POST /orders":          {"acme order", "globex order"},
		"route=GET /orders":           nil,
		"route=/orders*":              {"acme one", "acme order", "globex order"},
		"status=404":                  {"acme one", "no tenant"},
		"status=4xx":                  {"acme one", "no tenant"},
		"status=5xx":                  {"globex order"},
		"status=error":                {"globex order"},
		"minMs=5":                     {"acme one", "acme order"},
		"minMs=5.001":                 {"acme order"},
		"tenant=acme&status=404":      {"acme one"},
		"tenant=globex&minMs=1000000": nil,
	} {
		t.Run(query, func(t *testing.T) {
			values, err := url.ParseQuery(query)
			if err != nil {
				t.Fatal(err)
			}
			f, err := traceview.ParseFilter(values)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, id := range ids(store.List(f)) {
				got = append(got, names[id])
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestParseFilterRefuses(t *testing.T) {
	for _, query := range []string{
		"status=abc", "status=99", "status=600", "status=5x", "minMs=-1", "minMs=NaN", "minMs=x",
		"limit=0", "limit=501", "limit=x", "cursor=%21", "cursor=0",
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := traceview.ParseFilter(values); !errors.Is(err, traceview.ErrFilter) {
			t.Errorf("%s: got error %v, want ErrFilter", query, err)
		}
	}
}

func TestPagesCoverTheListOnce(t *testing.T) {
	store, tracer := newStore(t, traceview.Options{Recent: 4})
	var want []string
	for i := range 10 {
		want = append(want, request{method: "GET", status: 500, children: 1, failed: i < 8}.run(t.Context(), tracer))
	}
	slices.Reverse(want)
	var got []string
	f := traceview.Filter{Limit: 3}
	for page := store.List(f); ; page = store.List(f) {
		got = append(got, ids(page)...)
		if page.Next == "" {
			break
		}
		f.Cursor = page.Next
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

// fixedIDs makes the ids of a trace's spans known.
type fixedIDs struct{ next *byte }

func (f fixedIDs) NewIDs(ctx context.Context) (trace.TraceID, trace.SpanID) {
	return trace.TraceID{0xaa}, f.NewSpanID(ctx, trace.TraceID{})
}

func (f fixedIDs) NewSpanID(context.Context, trace.TraceID) trace.SpanID {
	*f.next++
	return trace.SpanID{*f.next}
}

func TestJSONIsTheContractOfTheAdminAPI(t *testing.T) {
	store := traceview.New(traceview.Options{})
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(store), sdktrace.WithIDGenerator(fixedIDs{new(byte)}))
	tracer := provider.Tracer("test")
	ctx, root := tracer.Start(t.Context(), "GET /a/{id}", trace.WithSpanKind(trace.SpanKindServer),
		trace.WithTimestamp(epoch), trace.WithAttributes(
			attribute.String("tenant.id", "acme"), attribute.String("http.request.method", "GET"),
			attribute.String("http.route", "/a/{id}"), attribute.Int("http.response.status_code", 502)))
	_, child := tracer.Start(ctx, "crm.getA", trace.WithSpanKind(trace.SpanKindClient),
		trace.WithTimestamp(epoch.Add(time.Millisecond)))
	child.SetAttributes(attribute.Float64("ratio", math.NaN()), attribute.StringSlice("tags", []string{"a"}))
	child.AddEvent("retry", trace.WithTimestamp(epoch.Add(2*time.Millisecond)), trace.WithAttributes(attribute.Int("attempt", 2)))
	child.SetStatus(codes.Error, strings.Repeat("x", 2000))
	child.End(trace.WithTimestamp(epoch.Add(3500 * time.Microsecond)))
	root.End(trace.WithTimestamp(epoch.Add(4 * time.Millisecond)))
	if err := provider.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}

	equalJSON(t, store.List(traceview.Filter{}), `{"items": [{
		"traceId": "aa000000000000000000000000000000", "tenant": "acme", "method": "GET", "route": "/a/{id}",
		"status": 502, "start": "2026-11-21T12:00:00Z", "durationMs": 4, "spans": 2, "error": true}]}`)
	got, ok := store.Get("aa000000000000000000000000000000")
	if !ok {
		t.Fatal("no such trace")
	}
	equalJSON(t, got, `{"traceId": "aa000000000000000000000000000000", "spans": [
		{"spanId": "0100000000000000", "parentSpanId": "", "name": "GET /a/{id}", "kind": "server",
		 "start": "2026-11-21T12:00:00Z", "durationMs": 4, "status": "unset", "events": [], "attributes": {
			"tenant.id": "acme", "http.request.method": "GET", "http.route": "/a/{id}", "http.response.status_code": 502}},
		{"spanId": "0200000000000000", "parentSpanId": "0100000000000000", "name": "crm.getA", "kind": "client",
		 "start": "2026-11-21T12:00:00.001Z", "durationMs": 2.5, "status": "error",
		 "attributes": {"ratio": "NaN", "tags": ["a"], "otel.status_description": "`+strings.Repeat("x", 1024)+`…"},
		 "events": [{"name": "retry", "time": "2026-11-21T12:00:00.002Z", "attributes": {"attempt": 2}}]}]}`)
	equalJSON(t, traceview.New(traceview.Options{}).List(traceview.Filter{}), `{"items": []}`)
}

func TestGetRefusesWhatIsNoTraceID(t *testing.T) {
	store, _ := newStore(t, traceview.Options{})
	for _, id := range []string{"", "x", "00000000000000000000000000000000", strings.Repeat("a", 1000)} {
		if _, ok := store.Get(id); ok {
			t.Errorf("Get(%q) found a trace", id)
		}
	}
}

func equalJSON(t *testing.T, v any, want string) {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var got, wanted any
	if err := errors.Join(json.Unmarshal(text, &got), json.Unmarshal([]byte(want), &wanted)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Errorf("JSON differs (-want +got):\n%s", diff)
	}
}
