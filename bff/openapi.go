package bff

import (
	"net/http"
	"sync"

	"atrium/bff/api"
	"atrium/bff/view"
	"atrium/cache"
)

// descriptions are the OpenAPI documents of an API: one for each way in which its tenants' callers sign in, made when first asked for.
type descriptions struct {
	mu    sync.Mutex
	texts map[signIn][]byte
}

type signIn struct{ keys, jwt, session bool }

// openAPI is the OpenAPI 3.1 document of the tenant that is served by rt.
func (rt *Runtime) openAPI() ([]byte, error) {
	auth := &rt.Tenant.Spec.Auth
	return rt.gateway.describe(signIn{keys: len(auth.APIKeys) > 0, jwt: auth.JWT != nil, session: auth.Session != nil})
}

// serveOpenAPI answers with the tenant's OpenAPI document.
func (g *gateway) serveOpenAPI(c *call) error {
	text, err := c.runtime.openAPI()
	if err != nil {
		return err
	}
	return answer(c, &cache.Entry{Status: http.StatusOK, Body: text, Header: http.Header{"Content-Type": {"application/json"}}})
}

func (g *gateway) describe(by signIn) ([]byte, error) {
	g.descriptions.mu.Lock()
	defer g.descriptions.mu.Unlock()
	if text, ok := g.descriptions.texts[by]; ok {
		return text, nil
	}
	docs := make([]api.RouteDoc, len(g.routes))
	for i, r := range g.routes {
		docs[i] = r.describe()
	}
	text, err := api.OpenAPI(api.Info{Title: g.name, Auth: g.doc.Auth, APIKeys: by.keys, Bearer: by.jwt, Session: by.session}, docs)
	if err != nil {
		return nil, err
	}
	if g.descriptions.texts == nil {
		g.descriptions.texts = map[signIn][]byte{}
	}
	g.descriptions.texts[by] = text
	return text, nil
}

// describe says what an OpenAPI document says of the route.
func (r *route) describe() api.RouteDoc {
	d := api.RouteDoc{Method: r.doc.Method, Pattern: r.doc.Pattern, Summary: r.doc.Summary, Auth: r.auth}
	switch {
	case r.view != nil:
		p := r.view.program
		d.Kind, d.Path, d.Query = api.KindView, paramDocs(p.Path), paramDocs(p.Query)
		d.Body, d.BodyRequired, d.Response, d.Status = p.Body, p.BodyRequired, p.Response, p.Status
	case r.chat != nil:
		d.Kind = api.KindChat
	case r.doc.Proxy != nil:
		d.Kind, d.ContentTypes = api.KindProxy, r.doc.Proxy.ContentTypes
	default:
		d.Kind = api.KindWebhook
	}
	return d
}

func paramDocs(params []view.Param) []api.Param {
	docs := make([]api.Param, len(params))
	for i, p := range params {
		docs[i] = api.Param{Name: p.Name, Type: p.Type, Required: p.Required, Default: p.Default, Description: p.Description}
	}
	return docs
}
