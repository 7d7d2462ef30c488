package bff

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"atrium/bff/chat"
	"atrium/bff/problem"
	"atrium/observability"
	"atrium/tenants"
)

// Public is the handler of the public listener. The order of its behaviours is the order of this function.
func (s *Server) Public() http.Handler {
	var h http.Handler = http.HandlerFunc(s.serveTenant)
	h = s.resolve(h)
	h = s.compress(h)
	h = s.recover(h)
	h = s.trace(h)
	h = s.wellKnown(h)
	h = s.identify(h)
	h = s.record(h)
	return h
}

// record starts the request's record and, at its end, writes the log line.
func (s *Server) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &record{ResponseWriter: w, start: time.Now()}
		r = r.WithContext(context.WithValue(r.Context(), recordKey{}, rec))
		defer func() {
			if !rec.probe {
				rec.log(s.log, r, time.Since(rec.start))
			}
		}()
		next.ServeHTTP(rec, r)
	})
}

// recover answers a panic as an internal problem, or breaks the connection when the answer had begun:
// a clean end would pass for a whole answer.
func (s *Server) recover(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { //nolint:contextcheck // the request's context is taken from the request
			cause := recover()
			if cause == nil {
				return
			}
			rec := recordOf(r.Context())
			if cause == http.ErrAbortHandler { //nolint:errorlint // a sentinel panic value, compared as net/http does
				if rec.err == nil {
					rec.err = errBrokenOff
				}
				panic(cause)
			}
			rec.err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
			if rec.status != 0 {
				panic(http.ErrAbortHandler)
			}
			problem.Write(w, r, problem.New(http.StatusInternalServerError, "internal", "Something went wrong here."),
				rec.trace)
		}()
		next.ServeHTTP(w, r)
	})
}

// trace opens the request's SERVER span and counts the request at its end. A parent is taken from trusted proxies only: a caller must
// not decide what is sampled.
func (s *Server) trace(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, _ := s.telemetry.StartServer(r.Context(), r, s.trusted.request(r))
		rec := recordOf(ctx)
		rec.trace = observability.TraceID(ctx)
		w.Header().Set("X-Trace-Id", rec.trace)
		s.requests.Begin()
		defer func() {
			if rec.status == 0 {
				rec.status = http.StatusOK
			}
			s.requests.End(ctx, r, observability.Outcome{
				Route: rec.pattern, Status: rec.status, Duration: time.Since(rec.start), Code: rec.code(), Err: rec.err,
			})
		}()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// identify gives the request its id: the caller's when it is fit for logs, else a new one.
func (s *Server) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := recordOf(r.Context())
		rec.requestID = r.Header.Get("X-Request-Id")
		if !validRequestID(rec.requestID) {
			rec.requestID = rand.Text()
		}
		w.Header().Set("X-Request-Id", rec.requestID)
		next.ServeHTTP(w, r)
	})
}

// errBrokenOff is what went wrong when an upstream's answer ended before its end.
var errBrokenOff = errors.New("the answer broke off")

func validRequestID(id string) bool {
	if id == "" || len(id) > 128 {
		return false
	}
	for i := range len(id) {
		if c := id[i]; c <= ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// resolve finds the tenant; without one there is no route to take.
func (s *Server) resolve(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := recordOf(r.Context())
		runtime, tenant, err := s.directory.Resolve(s.trusted.host(r), s.tenantHeader(r))
		if err != nil {
			s.fail(w, r, err)
			return
		}
		rec.runtime = runtime
		ctx := observability.WithTenant(tenants.NewContext(r.Context(), tenant), string(tenant.ID))
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// tenantHeader joins repeated headers, so that two that differ name no tenant at all.
func (s *Server) tenantHeader(r *http.Request) string {
	values := r.Header.Values("X-Tenant")
	for _, v := range values[min(1, len(values)):] {
		if v != values[0] {
			return values[0] + ", " + v
		}
	}
	return r.Header.Get("X-Tenant")
}

func (s *Server) serveTenant(w http.ResponseWriter, r *http.Request) {
	runtime := recordOf(r.Context()).runtime
	if runtime.cors.allow(w, r) {
		return
	}
	runtime.gateway.engine.ServeHTTP(w, r)
}

// fail renders an error: the one place on the public listener.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	rec := recordOf(r.Context())
	rec.err = err
	if r.Context().Err() != nil && rec.status == 0 {
		rec.status = statusClientGone
		return
	}
	if _, told := errors.AsType[*chat.Told](err); told {
		return
	}
	if rec.status != 0 { // the answer had begun: all that is left is not to end it as if it were whole
		panic(http.ErrAbortHandler)
	}
	problem.Write(w, r, problem.From(err), rec.trace)
}
