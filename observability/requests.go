package observability

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// Requests measures the requests of a listener: http.server.request.duration by method, route and status, and
// http.server.active_requests. No label has more values than the documents have routes.
type Requests struct {
	duration metric.Float64Histogram
	active   atomic.Int64

	mu     sync.RWMutex
	labels map[series]labels // built once: building a label set costs more than recording
}

// An Outcome is how a request ended.
type Outcome struct {
	Route    string        // the route's pattern, "" when none matched
	Status   int           // of the response, also where the client left before it came
	Duration time.Duration // from the first byte read to the last byte written
	Code     string        // what went wrong in one word, of few values; "" means the status where that is an error
	Err      error         // the operator's cause; shown on the span, so it holds no secret
}

type series struct {
	method, route string
	status        int
}

// labels are what is derived from a series.
type labels struct {
	span    string // the name of its server spans
	options []metric.RecordOption
}

// NewRequests makes the instruments with a Telemetry's meter. Make them once: two would collide in the metrics page.
func NewRequests(meter metric.Meter) (*Requests, error) {
	q := &Requests{labels: map[series]labels{}}
	var err error
	q.duration, err = meter.Float64Histogram("http.server.request.duration",
		metric.WithUnit("s"), metric.WithDescription("Duration of HTTP server requests."),
		// The convention's buckets, and one below: much is answered from memory.
		metric.WithExplicitBucketBoundaries(.001, .005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10))
	if err != nil {
		return nil, err
	}
	_, err = meter.Int64ObservableUpDownCounter("http.server.active_requests",
		metric.WithUnit("{request}"), metric.WithDescription("Number of active HTTP server requests."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(q.active.Load())
			return nil
		}))
	return q, err
}

// Begin counts a request as active; End must follow.
func (q *Requests) Begin() { q.active.Add(1) }

// End names the context's SERVER span, says how the request ended, ends it, and counts the request. The context is
// StartServer's or one made from it in which no other span was started.
func (q *Requests) End(ctx context.Context, r *http.Request, o Outcome) {
	span := trace.SpanFromContext(ctx)
	method := methodName(r.Method)
	labels := q.of(series{method, o.Route, o.Status})
	span.SetName(labels.span)
	attributes := [8]attribute.KeyValue{
		attribute.String("http.request.method", method),
		attribute.String("url.path", r.URL.Path),
		attribute.String("url.scheme", scheme(r)),
		attribute.Int("http.response.status_code", o.Status),
	}
	n := 4
	if o.Route != "" {
		attributes[n] = attribute.String("http.route", o.Route)
		n++
	}
	failed := o.Status >= http.StatusInternalServerError
	if failed || o.Code != "" {
		attributes[n] = attribute.String("error.type", cmp.Or(o.Code, strconv.Itoa(o.Status)))
		n++
	}
	if failed {
		span.SetStatus(codes.Error, errorText(o.Err))
	} else if o.Err != nil {
		attributes[n] = attribute.String("error.message", errorText(o.Err))
		n++
	}
	span.SetAttributes(attributes[:n]...)
	span.End()
	q.active.Add(-1)
	q.duration.Record(ctx, o.Duration.Seconds(), labels.options...)
}

// of returns the labels of a series.
func (q *Requests) of(s series) labels {
	q.mu.RLock()
	l, ok := q.labels[s]
	q.mu.RUnlock()
	if ok {
		return l
	}
	l.span = s.method
	if s.method == otherMethod {
		l.span = "HTTP"
	}
	if s.route != "" {
		l.span += " " + s.route
	}
	l.options = []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(
		attribute.String("http.request.method", s.method),
		attribute.String("http.route", s.route),
		attribute.Int("http.response.status_code", s.status),
	))}
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.labels) < maxSeries {
		q.labels[s] = l
	}
	return l
}

// errorText bounds an error's text: unlike attributes, the SDK does not bound a span's status.
func errorText(err error) string {
	if err == nil {
		return ""
	}
	return clip(err.Error(), 1024)
}

func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

// otherMethod stands for all methods that are not of HTTP: a caller may send any text for one.
const otherMethod = "_OTHER"

// methodName is the value of http.request.method.
func methodName(method string) string {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "QUERY":
		return method
	}
	return otherMethod
}
