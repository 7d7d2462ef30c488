package bff

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"atrium/bff/api"
	"atrium/bff/auth"
	"atrium/bff/problem"
)

// registerSignIn adds browser sign-in. Who has not signed in must reach it, so the API's own rule does not hold here; limits do.
func (g *gateway) registerSignIn(e *gin.Engine) {
	open := func(method, path string, h handler) {
		r := &route{doc: &api.Route{Method: method, Pattern: api.Pattern{Text: path}}, key: method + " " + path}
		e.Handle(method, path, adapt(r, func(c *call) error {
			if err := g.server.limit(c); err != nil {
				return err
			}
			return h(c)
		}))
	}
	open(http.MethodGet, "/-/auth/login", withSignIn(func(c *call, s *auth.SignIn) error {
		return s.ServeLogin(c.w, c.r, g.server.origin(c.r))
	}))
	open(http.MethodGet, "/-/auth/callback", withSignIn(func(c *call, s *auth.SignIn) error {
		return s.ServeCallback(c.w, c.r)
	}))
	open(http.MethodPost, "/-/auth/logout", withSignIn(func(c *call, s *auth.SignIn) error {
		return s.ServeLogout(c.w, g.server.asAsked(c.r))
	}))
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		open(method, "/-/auth/me", func(c *call) (err error) {
			if c.rec.principal, err = c.runtime.guard.Principal(c.r.Context(), g.server.asAsked(c.r)); err != nil {
				return err
			}
			return auth.ServeMe(c.w, c.rec.principal)
		})
	}
}

// withSignIn answers 404 where the tenant has no browser sign-in.
func withSignIn(h func(*call, *auth.SignIn) error) handler {
	return func(c *call) error {
		s := c.runtime.guard.SignIn()
		if s == nil {
			return problem.New(http.StatusNotFound, "not-found", "Browsers do not sign in here: send an API key or a token.")
		}
		return h(c, s)
	}
}

// origin is how the browser names this server.
func (s *Server) origin(r *http.Request) string {
	scheme := "http"
	if s.trusted.secure(r) {
		scheme = "https"
	}
	return scheme + "://" + s.trusted.host(r)
}

// asAsked is the request under the host that the browser asked for: what an Origin is compared with.
func (s *Server) asAsked(r *http.Request) *http.Request {
	host := s.trusted.host(r)
	if host == r.Host {
		return r
	}
	asked := *r
	asked.Host = host
	return &asked
}
