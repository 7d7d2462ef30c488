package traceview

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// A Summary is one trace in a list.
type Summary struct {
	TraceID    string    `json:"traceId"` // 32 hexadecimal digits
	Tenant     string    `json:"tenant"`  // "" when the request named none
	Method     string    `json:"method"`  // "" when the trace is not of a request
	Route      string    `json:"route"`   // the route's pattern, "" when none matched; the span's name for other traces
	Status     int       `json:"status"`  // of the response; 0 when the trace is not of a request
	Start      time.Time `json:"start"`
	DurationMs float64   `json:"durationMs"`
	Spans      int       `json:"spans"` // as many as are kept
	Error      bool      `json:"error"` // a span of the trace failed
}

// A Page is a part of a list.
type Page struct {
	Items []Summary `json:"items"`          // newest first; never null
	Next  string    `json:"next,omitempty"` // the Cursor of the following page; "" at the end
}

// A Filter selects traces. Its zero value selects the 50 newest.
type Filter struct {
	Tenant string  // a tenant's id
	Route  string  // "/orders/{id}" or "GET /orders/{id}", exactly; with a final * whatever begins so
	Status string  // "404", "5xx", or "error" for traces with a failed span
	MinMs  float64 // the least duration
	Limit  int     // of the page: 1 to 500; 0 means 50
	Cursor string  // Page.Next of the page before
}

// ErrFilter is wrapped by the errors of ParseFilter; their text may be shown to whoever wrote the query.
var ErrFilter = errors.New("trace filter")

const (
	defaultLimit = 50
	maxLimit     = 500
)

// ParseFilter reads tenant, route, status, minMs, limit and cursor from a query.
func ParseFilter(q url.Values) (Filter, error) {
	f := Filter{Tenant: q.Get("tenant"), Route: q.Get("route"), Status: q.Get("status"), Cursor: q.Get("cursor")}
	if !validStatus(f.Status) {
		return Filter{}, fmt.Errorf("%w: status is a number such as 404, a class such as 5xx, or error", ErrFilter)
	}
	if v := q.Get("minMs"); v != "" {
		ms, err := strconv.ParseFloat(v, 64)
		if err != nil || !(ms >= 0) { // the negation refuses NaN too
			return Filter{}, fmt.Errorf("%w: minMs is a number of milliseconds", ErrFilter)
		}
		f.MinMs = ms
	}
	if v := q.Get("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > maxLimit {
			return Filter{}, fmt.Errorf("%w: limit is a number from 1 to %d", ErrFilter, maxLimit)
		}
		f.Limit = n
	}
	if _, err := parseCursor(f.Cursor); err != nil {
		return Filter{}, err
	}
	return f, nil
}

// List returns the traces that match, newest first.
func (s *Store) List(f Filter) Page {
	limit := min(f.Limit, maxLimit)
	if limit <= 0 {
		limit = defaultLimit
	}
	page := Page{Items: []Summary{}}
	before, err := parseCursor(f.Cursor)
	if err != nil {
		return page
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var last uint64
	for r := range s.newestLocked() {
		if before != 0 && r.seq >= before || !f.matches(&r.summary) {
			continue
		}
		if len(page.Items) == limit {
			page.Next = strconv.FormatUint(last, 36)
			break
		}
		last = r.seq
		item := r.summary
		item.TraceID = r.id.String() // here, as most traces are never listed
		page.Items = append(page.Items, item)
	}
	return page
}

// newestLocked walks all rings at once, newest first; a trace in several rings comes once.
func (s *Store) newestLocked() func(yield func(*record) bool) {
	return func(yield func(*record) bool) {
		var at [len(s.rings)]int
		for {
			var newest *record
			for i := range s.rings {
				if r := s.rings[i].at(at[i]); r != nil && (newest == nil || r.seq > newest.seq) {
					newest = r
				}
			}
			if newest == nil || !yield(newest) {
				return
			}
			for i := range s.rings {
				if s.rings[i].at(at[i]) == newest {
					at[i]++
				}
			}
		}
	}
}

func (f *Filter) matches(t *Summary) bool {
	return (f.Tenant == "" || f.Tenant == t.Tenant) &&
		t.DurationMs >= f.MinMs &&
		f.matchesStatus(t) && f.matchesRoute(t)
}

func (f *Filter) matchesStatus(t *Summary) bool {
	switch {
	case f.Status == "":
		return true
	case f.Status == "error":
		return t.Error
	case strings.HasSuffix(f.Status, "xx"):
		return strconv.Itoa(t.Status/100) == f.Status[:1]
	}
	return strconv.Itoa(t.Status) == f.Status
}

func (f *Filter) matchesRoute(t *Summary) bool {
	if f.Route == "" {
		return true
	}
	want, prefix := strings.CutSuffix(f.Route, "*")
	got := t.Route
	if !strings.HasPrefix(want, "/") && strings.Contains(want, " ") {
		got = t.Method + " " + t.Route
	}
	return got == want || prefix && strings.HasPrefix(got, want)
}

func validStatus(s string) bool {
	if s == "" || s == "error" {
		return true
	}
	if len(s) != 3 || s[0] < '1' || s[0] > '5' {
		return false
	}
	_, err := strconv.Atoi(s)
	return err == nil || s[1:] == "xx"
}

func parseCursor(s string) (uint64, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(s, 36, 64)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%w: cursor is what a page before called next", ErrFilter)
	}
	return n, nil
}

// summarize reads what a list shows, but the id, from the local root.
func summarize(root sdktrace.ReadOnlySpan, spans int, failed bool) Summary {
	t := Summary{
		Start: root.StartTime(), DurationMs: milliseconds(root.StartTime(), root.EndTime()),
		Spans: spans, Error: failed,
	}
	for _, a := range root.Attributes() {
		switch a.Key {
		case "tenant.id":
			t.Tenant = text(a.Value)
		case "http.request.method":
			t.Method = text(a.Value)
		case "http.route":
			t.Route = text(a.Value)
		case "http.response.status_code":
			t.Status = int(a.Value.AsInt64())
		}
	}
	if t.Method == "" {
		t.Route = root.Name()
	}
	return t
}

func text(v attribute.Value) string {
	if v.Type() != attribute.STRING {
		return ""
	}
	return v.AsString()
}

func milliseconds(from, to time.Time) float64 {
	return float64(to.Sub(from).Microseconds()) / 1000
}
