package observability

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/metric"
)

// scrape returns the text of the metrics page.
func scrape(t *testing.T, telemetry *Telemetry) string {
	t.Helper()
	w := httptest.NewRecorder()
	telemetry.MetricsHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func TestRequestMetrics(t *testing.T) {
	telemetry, _ := start(t, nil, nil)
	q := requests(t, telemetry)
	for _, status := range []int{200, 200, 502} {
		r := httptest.NewRequest(http.MethodGet, "/orders/7", http.NoBody)
		ctx, _ := telemetry.StartServer(t.Context(), r, false)
		q.Begin()
		q.End(WithTenant(ctx, "acme"), r, Outcome{Route: "/orders/{id}", Status: status, Duration: 30 * time.Millisecond})
	}
	q.Begin()
	text := scrape(t, telemetry)
	ok := `{http_request_method="GET",http_response_status_code="200",http_route="/orders/{id}"`
	for _, line := range []string{
		`http_server_request_duration_seconds_count` + ok + `} 2`,
		`http_server_request_duration_seconds_count` + strings.Replace(ok, "200", "502", 1) + `} 1`,
		`http_server_request_duration_seconds_bucket` + ok + `,le="0.025"} 0`,
		`http_server_request_duration_seconds_bucket` + ok + `,le="0.05"} 2`,
		`http_server_active_requests 1`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("the page lacks\n%s", line)
		}
	}
	for _, word := range []string{"go_goroutines", "process_cpu_seconds_total", `service_name="atrium"`} {
		if !strings.Contains(text, word) {
			t.Errorf("the page lacks %s", word)
		}
	}
	for _, word := range []string{"acme", "otel_scope"} {
		if strings.Contains(text, word) {
			t.Errorf("the page has %s", word)
		}
	}
}

func TestOurOwnMetricsAreNamedAsWritten(t *testing.T) {
	telemetry, _ := start(t, nil, nil)
	counter, err := telemetry.Meter("atrium/cache").Int64Counter("atrium.cache.fetches", metric.WithUnit("{fetch}"))
	if err != nil {
		t.Fatal(err)
	}
	counter.Add(t.Context(), 3)
	if text := scrape(t, telemetry); !strings.Contains(text, "\natrium_cache_fetches_total 3\n") {
		t.Errorf("the page lacks the counter:\n%s", text)
	}
}

func TestSeriesAreBounded(t *testing.T) {
	telemetry, _ := start(t, nil, nil)
	q := requests(t, telemetry)
	for i := range maxSeries + 100 {
		q.of(series{"GET", "/", i})
	}
	if n := len(q.labels); n != maxSeries {
		t.Errorf("%d label sets are kept, want %d", n, maxSeries)
	}
}
