package bff_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// fieldsOf lists a JSON object's keys in the order they are written.
func fieldsOf(t *testing.T, line string) []string {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(line))
	var names []string
	depth, key := 0, true
	for {
		token, err := d.Token()
		if err != nil {
			return names
		}
		if delim, ok := token.(json.Delim); ok {
			depth += map[json.Delim]int{'{': 1, '[': 1, '}': -1, ']': -1}[delim]
			continue
		}
		if depth == 1 && key {
			names = append(names, token.(string)) //nolint:forcetypeassert // a key is text
		}
		key = !key
	}
}

// TestOneLogLineARequest holds that each request is one line with the fields of the contract, that an upstream's failure is WARN or above,
// and that probes are none.
func TestOneLogLineARequest(t *testing.T) {
	up := new(crm)
	docs := documents()
	docs["plans/small.yaml"] = "requests: [\"4/1m\"]\n"
	h := start(t, up, docs)
	up.instead("/customers/down", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	const plain = "time level msg tenant method route path status ms bytes requestId traceId"
	tests := []struct{ name, path, level, fields, route, status string }{
		{"good", "/customers/17?token=in-the-query", "INFO", plain, "GET /customers/{id}", "200"},
		{"no route", "/nothing", "INFO", plain + " error", "", "404"},
		{"not there", "/customers/missing", "WARN", plain + " error", "GET /customers/{id}", "404"},
		{"upstream down", "/customers/down", "ERROR", plain + " error", "GET /customers/{id}", "502"},
		{"our own route", "/-/generations/none", "INFO", plain + " error", "GET /-/generations/{id}", "404"},
		{"limited", "/customers/17", "INFO", plain + " error", "GET /customers/{id}", "429"},
	}
	var want int
	for i, tt := range tests {
		id := "request-" + string(rune('a'+i))
		a := h.get(tt.path, "X-Request-Id", id)
		h.get("/-/healthz")
		want++
		line := h.logLine(id)
		if got := strings.Join(fieldsOf(t, line), " "); got != tt.fields {
			t.Errorf("%s: the fields are\n%s, want\n%s", tt.name, got, tt.fields)
		}
		var said struct {
			Level, Msg, Tenant, Method, Route, Path, TraceID string
			Status                                           json.Number
			Ms                                               float64
		}
		must(t, json.Unmarshal([]byte(line), &said))
		path, _, _ := strings.Cut(tt.path, "?")
		if said.Level != tt.level || said.Route != tt.route || said.Status.String() != tt.status || said.Msg != "request" ||
			said.Tenant != "acme" || said.Path != path || said.TraceID != a.header.Get("X-Trace-Id") || said.Ms <= 0 {
			t.Errorf("%s: the line is %s", tt.name, line)
		}
	}
	log := h.log.String()
	if got := strings.Count(log, `"msg":"request"`); got != want {
		t.Errorf("%d requests made %d lines:\n%s", want, got, log)
	}
	for _, hidden := range []string{"in-the-query", "secret-of-acme", "healthz"} {
		if strings.Contains(log, hidden) {
			t.Errorf("the log shows %q", hidden)
		}
	}
}

// logLine waits for the line of a request, which is written after its answer.
func (h *harness) logLine(requestID string) string {
	h.t.Helper()
	for range 200 {
		lines := strings.Split(h.log.String(), "\n")
		i := slices.IndexFunc(lines, func(line string) bool { return strings.Contains(line, `"requestId":"`+requestID+`"`) })
		if i >= 0 {
			return lines[i]
		}
		<-time.After(5 * time.Millisecond)
	}
	h.t.Fatalf("no line of %s", requestID)
	return ""
}

// TestMetricsAreNamedAsOpenTelemetryDoes holds the names that dashboards are built on.
func TestMetricsAreNamedAsOpenTelemetryDoes(t *testing.T) {
	h := start(t, new(crm), documents())
	h.get("/customers/17")
	h.get("/customers/18")
	h.get("/nothing/17")
	page := h.adminDo(http.MethodGet, "/metrics", "").body
	for _, pattern := range []string{
		`(?m)^http_server_request_duration_seconds_count\{[^}]*http_request_method="GET"[^}]*http_response_status_code="200"[^}]*http_route="/customers/\{id\}"[^}]*\} 2$`,
		`(?m)^http_server_request_duration_seconds_count\{[^}]*http_response_status_code="404"`,
		`(?m)^atrium_[a-z_]+[{ ]`,
	} {
		if !regexp.MustCompile(pattern).MatchString(page) {
			t.Errorf("no line is like %s:\n%s", pattern, page)
		}
	}
	for _, hidden := range []string{"customers/17", "nothing", "secret-of"} {
		if strings.Contains(page, hidden) {
			t.Errorf("the metrics have %q: a name without bound, or a secret", hidden)
		}
	}
}

// TestLimitedAnswer holds the exact form of a 429.
func TestLimitedAnswer(t *testing.T) {
	docs := documents()
	docs["plans/small.yaml"] = "requests: [\"5/1m\"]\nperClient: [\"2/1h\"]\n"
	h := start(t, new(crm), docs)
	for range 2 {
		h.get("/customers/17")
	}
	a := h.get("/customers/17")
	if p := a.problem(t); a.status != http.StatusTooManyRequests || p.Code != "limit-client" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	for name, pattern := range map[string]string{
		"RateLimit": `^"tenant";r=3;t=\d+, "client";r=0;t=\d+$`, "RateLimit-Policy": `^"tenant";q=5;w=60, "client";q=2;w=3600$`,
		"Retry-After": `^[1-9]\d*$`, "X-RateLimit-Limit": `^2$`, "X-RateLimit-Remaining": `^0$`, "X-RateLimit-Reset": `^\d{10}$`,
	} {
		if got := a.header.Get(name); !regexp.MustCompile(pattern).MatchString(got) {
			t.Errorf("%s is %q, want %s", name, got, pattern)
		}
	}
	for _, key := range []string{"key-of-acme", "key-of-acme", "reader-of-acme"} { // who is signed in is another client
		if a := h.get("/customers/17", "X-API-Key", key); a.status != http.StatusOK {
			t.Errorf("%s: %d %s", key, a.status, a.body)
		}
	}
	if a := h.get("/customers/17", "X-API-Key", "reader-of-acme"); a.problem(t).Code != "limit-requests" {
		t.Errorf("the whole tenant: %d %s", a.status, a.body)
	}
}

// TestAFailedPartIsWarned holds that the line of a view that did without a part says which call failed, and how.
func TestAFailedPartIsWarned(t *testing.T) {
	up := new(crm)
	up.instead("/orders", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	h := start(t, up, documents())
	if a := h.get("/customers/17", "X-Request-Id", "without-orders"); a.status != http.StatusOK || !strings.Contains(a.body, `"outcome":"defaulted"`) {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	line := h.logLine("without-orders")
	if !strings.Contains(line, `"level":"WARN"`) || !strings.Contains(line, `"error":"step orders: crm.listOrders: status 500"`) {
		t.Errorf("the line is %s", line)
	}
}
