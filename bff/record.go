package bff

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"atrium/bff/auth"
	"atrium/bff/problem"
)

// A record is what is known of one request: the pipeline fills it, and its end writes the one log line from it.
type record struct {
	http.ResponseWriter

	start     time.Time
	requestID string
	trace     string   // its trace, as answers and the log show it
	runtime   *Runtime // nil until the tenant is known
	principal *auth.Principal
	route     string // as documents write it, GET /dashboard/{id}; "" when none matched
	pattern   string // its path alone
	probe     bool   // of a balancer: not worth a line
	status    int    // 0 until the header is written
	bytes     int64
	err       error                 // what went wrong, as the operator sees it
	part      atomic.Pointer[error] // the first call of a view that failed, whether or not the view did
}

type recordKey struct{}

// recordOf returns the record of a request; every request that the pipeline serves has one.
func recordOf(ctx context.Context) *record {
	rec, _ := ctx.Value(recordKey{}).(*record)
	return rec
}

// WriteHeader implements http.ResponseWriter.
func (r *record) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (r *record) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *record) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// Flush keeps streams flowing through writers that look for http.Flusher.
func (r *record) Flush() {
	_ = http.NewResponseController(r.ResponseWriter).Flush() // a client that has gone shows at the next write
}

func (r *record) tenant() string {
	if r.runtime == nil {
		return ""
	}
	return string(r.runtime.Tenant.ID)
}

func (r *record) setRoute(rt *route) {
	r.route, r.pattern = rt.key, rt.doc.Pattern.Text
}

// partFailed notes a call of a view that failed. Calls run at once, and one may end after its request.
func (r *record) partFailed(step string, err error) {
	err = fmt.Errorf("step %s: %w", step, err)
	r.part.CompareAndSwap(nil, &err)
}

// code is what went wrong in one word, "" when nothing did.
func (r *record) code() string {
	if r.err == nil {
		return ""
	}
	return problem.From(r.err).Code
}

// statusClientGone is the status in the log of a request whose client left before an answer; it is never sent.
const statusClientGone = 499

// log writes the request's one line.
func (r *record) log(log *slog.Logger, req *http.Request, elapsed time.Duration) {
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("tenant", r.tenant()),
		slog.String("method", req.Method),
		slog.String("route", r.route),
		slog.String("path", loggedPath(req)),
		slog.Int("status", r.status),
		slog.Float64("ms", float64(elapsed.Microseconds())/1000),
		slog.Int64("bytes", r.bytes),
		slog.String("requestId", r.requestID),
		slog.String("traceId", r.trace),
	}
	err := r.err
	if part := r.part.Load(); err == nil && part != nil {
		err = *part // the answer does without it, and the operator is told
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
		level = slog.LevelWarn
	}
	switch {
	case r.status == statusClientGone:
		level = slog.LevelInfo
	case r.status >= 500:
		level = slog.LevelError
	case r.status >= 400 && !problem.OfUpstream(r.err):
		level = slog.LevelInfo
	}
	ctx := req.Context()
	if !log.Enabled(ctx, level) {
		return
	}
	line := slog.NewRecord(r.start.Add(elapsed), level, "request", 0) // where in the code it was written tells nobody anything
	line.AddAttrs(attrs...)
	_ = log.Handler().Handle(ctx, line) // as slog itself does: a log that cannot be written stops no request
}

// loggedPath is the path without its query, which may hold what is not for logs, and bounded.
func loggedPath(req *http.Request) string {
	const most = 512
	path := req.URL.EscapedPath()
	if len(path) > most {
		path = path[:most]
	}
	return path
}
