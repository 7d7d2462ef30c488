package bff

import (
	"encoding/json"
	"net/http"

	"atrium/bff/problem"
)

// wellKnown answers what needs no tenant. It stands before the trace: probes come every second and would crowd out what people look for.
func (s *Server) wellKnown(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/-/healthz" && r.URL.Path != "/-/readyz" {
			next.ServeHTTP(w, r)
			return
		}
		rec := recordOf(r.Context())
		rec.probe = true
		switch {
		case r.Method == http.MethodOptions:
			w.Header().Set("Allow", probeMethods)
			w.WriteHeader(http.StatusNoContent)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			p := problem.New(http.StatusMethodNotAllowed, "method-not-allowed", "This path takes %s.", probeMethods)
			p.Header = http.Header{"Allow": {probeMethods}}
			problem.Write(w, r, p, rec.trace)
		case r.URL.Path == "/-/healthz":
			writeState(w, http.StatusOK, state{Status: "ok"})
		default:
			s.ready(w)
		}
	})
}

const probeMethods = "GET, HEAD, OPTIONS"

type state struct {
	Status   string   `json:"status"`             // ok, ready, degraded or draining
	Degraded []string `json:"degraded,omitempty"` // what is done without for now
}

func (s *Server) ready(w http.ResponseWriter) {
	switch degraded := s.degraded(); {
	case s.draining.Load():
		writeState(w, http.StatusServiceUnavailable, state{Status: "draining"})
	case len(degraded) > 0:
		writeState(w, http.StatusOK, state{Status: "degraded", Degraded: degraded})
	default:
		writeState(w, http.StatusOK, state{Status: "ready"})
	}
}

// degraded names what the server does without for now.
func (s *Server) degraded() []string {
	var without []string
	if !s.cache.Up() {
		without = append(without, "redis")
	}
	if s.cfg.Store.Degraded() != "" {
		without = append(without, "documents")
	}
	return without
}

func writeState(w http.ResponseWriter, status int, st state) {
	body, _ := json.Marshal(st) //nolint:errchkjson // strings only
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a prober that has gone needs no answer
}
