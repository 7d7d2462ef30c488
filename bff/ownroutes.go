package bff

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"atrium/bff/api"
	"atrium/bff/chat"
)

// own registers a route that is ours and not the document's; the API's sign-in and the tenant's limits hold for it too.
func (g *gateway) own(e *gin.Engine, method, path string, h handler) {
	pattern := api.Pattern{Text: path}
	r := &route{doc: &api.Route{Method: method, Pattern: pattern}, key: method + " " + path, auth: g.doc.Auth, handler: h}
	g.handle(e, r, path, g.guarded(r))
}

// ownOpenAI is own for what the openai packages call: whatever goes wrong there, a limit or a sign-in included, has OpenAI's shape.
func (g *gateway) ownOpenAI(e *gin.Engine, method, path string, h handler) {
	pattern := api.Pattern{Text: path}
	r := &route{doc: &api.Route{Method: method, Pattern: pattern}, key: method + " " + path, auth: g.doc.Auth, handler: h}
	guarded := g.guarded(r)
	g.handle(e, r, path, func(c *call) error { return chat.Tell(c.w, guarded(c)) })
}

// handle registers a route of ours; where it can be read, HEAD reads it too.
func (g *gateway) handle(e *gin.Engine, r *route, path string, h handler) {
	path = strings.ReplaceAll(path, "{id}", ":p2") // gin's form; parameters are named by their place, as enginePaths does
	e.Handle(r.doc.Method, path, adapt(r, h))
	if r.doc.Method == http.MethodGet {
		e.HEAD(path, adapt(r, h))
	}
}

// registerOwn adds what every tenant has under /-/.
func (g *gateway) registerOwn(e *gin.Engine) {
	generations := g.server.generations
	g.own(e, http.MethodGet, "/-/generations/{id}", func(c *call) error {
		r := c.r
		if r.Method == http.MethodHead { // whether it is there; a stream without its body would be a long wait for nothing
			r = r.Clone(r.Context())
			r.Header.Set("Accept", "application/json")
		}
		return generations.ServeGeneration(c.w, r, c.runtime.Tenant.ID, c.path[0])
	})
	g.own(e, http.MethodDelete, "/-/generations/{id}", func(c *call) error {
		return generations.ServeStop(c.w, c.r, c.runtime.Tenant.ID, c.path[0])
	})
	g.own(e, http.MethodGet, "/-/openapi.json", g.serveOpenAPI)
	g.registerDocs(e)
	g.registerSignIn(e)
	g.registerChats(e)
}
