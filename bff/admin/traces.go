package admin

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"atrium/bff/problem"
	"atrium/observability/traceview"
	"atrium/tenants"
)

func (a *api) traces(g *gin.RouterGroup) {
	g.GET("/traces", handle(func(c *gin.Context) error {
		filter, err := traceview.ParseFilter(c.Request.URL.Query())
		if err != nil {
			return problem.New(http.StatusBadRequest, "invalid-request", "%v.", err)
		}
		return writeJSON(c, http.StatusOK, a.Traces.List(filter))
	}))
	g.GET("/traces/:id", handle(func(c *gin.Context) error {
		trace, ok := a.Traces.Get(c.Param("id"))
		if !ok {
			return notFound()
		}
		return writeJSON(c, http.StatusOK, trace)
	}))
}

// status says which revision of each document serves, what does not compile, and what is done without for now.
func (a *api) status(c *gin.Context) error {
	return writeJSON(c, http.StatusOK, struct {
		tenants.Status

		Without []string `json:"without"` // what the server does without for now, such as redis
	}{a.Documents.Status(), append([]string{}, a.Degraded()...)})
}

func (a *api) schema(c *gin.Context) error {
	kind, ok := strings.CutSuffix(c.Param("file"), ".json")
	schema, known := a.Schemas[tenants.Kind(kind)]
	if !ok || !known {
		return notFound()
	}
	c.Data(http.StatusOK, "application/schema+json", schema)
	return nil
}

// explain says what a request would do; it calls nothing.
func (a *api) explain(c *gin.Context) error {
	var q Question
	if err := readJSON(c, &q); err != nil {
		return err
	}
	answer, err := a.Explain(c.Request.Context(), q)
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, answer)
}
