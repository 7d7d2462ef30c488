package admin

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"atrium/bff/problem"
	"atrium/cache"
	"atrium/tenants"
)

func (a *api) ofTenant(g *gin.RouterGroup) {
	t := g.Group("/tenants/:name")
	t.GET("/effective", handle(a.tenant(a.effective)))
	t.GET("/usage", handle(a.tenant(a.usage)))
	t.POST("/purge", handle(a.tenant(a.purge)))
	t.POST("/keys", handle(a.tenant(a.addKey)))
	t.GET("/openapi.json", handle(a.tenant(a.openAPI)))
}

// tenant finds the tenant that a path names.
func (a *api) tenant(f func(*gin.Context, *tenants.Tenant) error) func(*gin.Context) error {
	return func(c *gin.Context) error {
		id, err := tenants.ParseID(c.Param("name"))
		if err != nil {
			return tenants.ErrNotFound
		}
		t, ok := a.Tenant(id)
		if !ok {
			return tenants.ErrNotFound
		}
		return f(c, t)
	}
}

// effective lists every value that holds for a tenant, and where it comes from. ?diff leaves out what no document sets.
func (a *api) effective(c *gin.Context, t *tenants.Tenant) error {
	_, diff := c.GetQuery("diff")
	values, ok := a.Documents.Effective(t.ID)
	if !ok {
		return tenants.ErrNotFound
	}
	items := []tenants.EffectiveValue{}
	for _, v := range values {
		if !diff || v.Source != tenants.SourceDefault {
			items = append(items, v)
		}
	}
	return writeJSON(c, http.StatusOK, page[tenants.EffectiveValue]{Items: items})
}

func (a *api) usage(c *gin.Context, t *tenants.Tenant) error {
	return writeJSON(c, http.StatusOK, a.Usage(c.Request.Context(), t.ID))
}

// purge forgets cached answers: {tags: [...], soft: bool} or {all: true}.
func (a *api) purge(c *gin.Context, t *tenants.Tenant) error {
	var want struct {
		Tags []string `json:"tags"`
		All  bool     `json:"all"`
		Soft bool     `json:"soft"`
	}
	if err := readJSON(c, &want); err != nil {
		return err
	}
	if want.All == (len(want.Tags) > 0) {
		return problem.New(http.StatusBadRequest, "invalid-request", `Name what to purge: {"tags": ["a"]} or {"all": true}.`)
	}
	if want.All {
		want.Tags = []string{}
	}
	if err := a.Purge(c.Request.Context(), t.ID, cache.Purge{Tags: want.Tags, All: want.All, Soft: want.Soft}); err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, gin.H{"tenant": t.ID, "tags": want.Tags, "all": want.All, "soft": want.Soft})
}

// openAPI answers with what the tenant's frontend gets at /-/openapi.json.
func (a *api) openAPI(c *gin.Context, t *tenants.Tenant) error {
	text, err := a.OpenAPI(t.ID)
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	c.Data(http.StatusOK, "application/json", text)
	return nil
}
