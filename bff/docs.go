package bff

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"atrium/bff/api"
	"atrium/bff/docspage"
)

// registerDocs adds the page that shows the tenant's OpenAPI document. It holds no data itself, so it needs no sign-in: a browser
// that opens an address has no header to send. The document that it reads does.
func (g *gateway) registerDocs(e *gin.Engine) {
	for _, path := range []string{"/-/docs", "/-/docs/{id}"} {
		r := &route{doc: &api.Route{Method: http.MethodGet, Pattern: api.Pattern{Text: path}}, key: http.MethodGet + " " + path}
		g.handle(e, r, path, func(c *call) error {
			name := ""
			if len(c.path) > 0 {
				name = c.path[0]
			}
			if !docspage.Serve(c.w, c.r, name) {
				return notFound(c)
			}
			return nil
		})
	}
}
