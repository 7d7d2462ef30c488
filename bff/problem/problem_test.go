package problem_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"atrium/bff/problem"
	"atrium/bff/view"
	"atrium/clients"
	"atrium/tenants"
)

// cause is what only the operator may see.
const cause = "dial tcp 10.1.2.3:443: password hunter2"

// TestErrorsAndTheirAnswers is the table of errors: the status and the code of each, and nothing of its cause.
func TestErrorsAndTheirAnswers(t *testing.T) {
	call := func(kind clients.Kind, status int) error {
		return &clients.Error{Kind: kind, Upstream: "crm", Operation: "getCustomer", Status: status, RetryAfter: 1500 * time.Millisecond, Err: errors.New(cause)}
	}
	step := func(err error) error { return &view.StepError{Step: "customer", Err: err} }
	tests := []struct {
		name   string
		err    error
		status int
		code   string
	}{
		{"unknown", errors.New(cause), 500, "internal"},
		{"deadline", fmt.Errorf("%s: %w", cause, context.DeadlineExceeded), 504, "timeout"},
		{"unknown tenant", fmt.Errorf("%s: %w", cause, tenants.ErrUnknownTenant), 404, "unknown-tenant"},
		{"two tenants", tenants.ErrTenantMismatch, 400, "tenant-mismatch"},
		{"large body", &http.MaxBytesError{Limit: 7}, 413, "payload-too-large"},
		{"a problem", problem.New(418, "teapot", "Short and stout.").Because(errors.New(cause)), 418, "teapot"},
		{"a problem within", fmt.Errorf("%s: %w", cause, problem.New(418, "teapot", "Short and stout.")), 418, "teapot"},
		{"call: timeout", call(clients.Timeout, 0), 504, "upstream-timeout"},
		{"call: overloaded", call(clients.Overloaded, 0), 503, "overloaded"},
		{"call: address", call(clients.Address, 0), 502, "upstream-address"},
		{"call: contract", call(clients.Contract, 0), 502, "upstream-contract"},
		{"call: too large", call(clients.TooLarge, 0), 502, "upstream-contract"},
		{"call: unreachable", call(clients.Unreachable, 0), 502, "upstream-failed"},
		{"call: breaker", call(clients.Open, 0), 502, "upstream-failed"},
		{"call: request", call(clients.Request, 0), 502, "upstream-failed"},
		{"call: limited", call(clients.Status, 429), 429, "upstream-limited"},
		{"call: 500", call(clients.Status, 500), 502, "upstream-failed"},
		{"step: 404", step(call(clients.Status, 404)), 404, "not-found"},
		{"step: 410", step(call(clients.Status, 410)), 410, "gone"},
		{"step: our credential", step(call(clients.Status, 401)), 502, "upstream-failed"},
		{"step: limited", step(call(clients.Status, 429)), 503, "upstream-limited"},
		{"step: 500", step(call(clients.Status, 500)), 502, "upstream-failed"},
		{"step: timeout", step(call(clients.Timeout, 0)), 504, "upstream-timeout"},
		{"step: anything else", step(errors.New(cause)), 502, "upstream-contract"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := problem.From(tt.err)
			if p.Status != tt.status || p.Code != tt.code || p.Detail == "" {
				t.Fatalf("it is %d %s %q, want %d %s", p.Status, p.Code, p.Detail, tt.status, tt.code)
			}
			w := httptest.NewRecorder()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/a%20b?secret=1", http.NoBody)
			w.Header().Set("ETag", `"of another body"`)
			problem.Write(w, r, p, "trace-1")
			var d problem.Document
			if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil {
				t.Fatal(err)
			}
			want := problem.Document{
				Type: "urn:atrium:problem:" + tt.code, Title: d.Title, Status: tt.status, Detail: p.Detail, Instance: "/a%20b", Code: tt.code,
				TraceID: "trace-1",
			}
			if fmt.Sprint(d) != fmt.Sprint(want) || d.Title == "" || w.Code != tt.status {
				t.Errorf("the answer is %d %+v, want %+v", w.Code, d, want)
			}
			for _, hidden := range []string{"hunter2", "10.1.2.3", "secret"} {
				if strings.Contains(w.Body.String(), hidden) {
					t.Errorf("the answer shows %q: %s", hidden, w.Body)
				}
			}
			h := w.Header()
			if h.Get("Content-Type") != problem.ContentType || h.Get("Cache-Control") != "no-store" || h.Get("ETag") != "" {
				t.Errorf("the headers are %v", h)
			}
			if retry := map[bool]string{true: "2"}[p.RetryAfter > 0]; h.Get("Retry-After") != retry {
				t.Errorf("Retry-After is %q, want %q", h.Get("Retry-After"), retry)
			}
			if strings.Contains(tt.err.Error(), cause) && !strings.Contains(fmt.Sprint(tt.err, p.Error()), cause) {
				t.Errorf("the operator does not see the cause: %v", p)
			}
		})
	}
}

func TestHeadHasNoBody(t *testing.T) {
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodHead, "/", http.NoBody)
	problem.Write(w, r, problem.New(http.StatusMethodNotAllowed, "method-not-allowed", "No."), "")
	if w.Body.Len() != 0 || w.Header().Get("Content-Length") == "0" || w.Header().Get("Content-Type") != problem.ContentType {
		t.Errorf("body %q, headers %v", w.Body, w.Header())
	}
}

func TestOfUpstream(t *testing.T) {
	if !problem.OfUpstream(fmt.Errorf("step: %w", &clients.Error{Kind: clients.Timeout})) || problem.OfUpstream(errors.New("ours")) {
		t.Error("an upstream's failure is not told from ours")
	}
}
