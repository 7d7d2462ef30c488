package bff

import (
	"encoding/json"
	"net/http"
)

// wellKnown answers what needs no tenant. It stands before the trace: probes come every second and would crowd out what people look for.
func (s *Server) wellKnown(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/-/healthz":
			recordOf(r.Context()).probe = true
			writeState(w, http.StatusOK, state{Status: "ok"})
		case "/-/readyz":
			recordOf(r.Context()).probe = true
			s.ready(w)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

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
