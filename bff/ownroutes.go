package bff

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"atrium/bff/api"
	"atrium/bff/problem"
)

// own registers a route that is ours and not the document's; the API's sign-in and the tenant's limits hold for it too.
func (g *gateway) own(e *gin.Engine, method, path string, h handler) {
	pattern := api.Pattern{Text: path}
	r := &route{doc: &api.Route{Method: method, Pattern: pattern}, key: method + " " + path, auth: g.doc.Auth, handler: h}
	e.Handle(method, path, adapt(r, g.guarded(r)))
}

// registerOwn adds what every tenant has under /-/.
func (g *gateway) registerOwn(e *gin.Engine) {
	generations := g.server.generations
	g.own(e, http.MethodGet, "/-/generations/:p2", func(c *call) error {
		return generations.ServeGeneration(c.w, c.r, c.runtime.Tenant.ID, c.path[0])
	})
	g.own(e, http.MethodDelete, "/-/generations/:p2", func(c *call) error {
		return generations.ServeStop(c.w, c.r, c.runtime.Tenant.ID, c.path[0])
	})
	g.own(e, http.MethodGet, "/-/openapi.json", g.serveOpenAPI)
	for _, path := range []string{"/-/auth/login", "/-/auth/callback", "/-/auth/logout", "/-/auth/me"} {
		e.Any(path, adapt(nil, func(*call) error {
			return problem.New(http.StatusNotImplemented, "not-implemented", "This version has no browser sign-in: send an API key or a JWT.")
		}))
	}
	g.registerChats(e)
}
