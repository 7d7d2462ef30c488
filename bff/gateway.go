package bff

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"atrium/bff/api"
	"atrium/bff/auth"
	"atrium/bff/expr"
	"atrium/bff/problem"
	"atrium/bff/view"
	"atrium/tenants/document"
)

// A gateway is a compiled API: all tenants that are served the API share it. It is immutable.
type gateway struct {
	server      *Server
	name        string
	revision    int64
	fingerprint [sha256.Size]byte // of the document
	doc         *api.API
	needs       []api.Mention // variables and secrets that every tenant must have
	settings    *expr.Scope   // of texts that name vars and secrets
	upstreams   []*upstream
	index       map[string]int // of upstreams, by name
	models      map[string]*model
	routes      []*route
	engine      *gin.Engine

	descriptions descriptions
}

// A route is a compiled route.
type route struct {
	doc     *api.Route
	key     string // as documents write it: GET /dashboard/{id}
	auth    *api.Auth
	handler handler
	view    *viewRoute // nil when it is no view
	chat    *chatRoute // nil when it is no chat

	needsRest bool // its last parameter takes one segment or more
}

// A handler answers a call, or returns why not; then it has written nothing.
type handler func(c *call) error

// A call is one request at a route: all that handlers know of it. Nothing below the engine's adapter knows gin.
type call struct {
	w       http.ResponseWriter
	r       *http.Request
	rec     *record
	runtime *Runtime
	path    []string // the values of the pattern's parameters, unescaped
	asked   url.Values
}

// query is the request's, parsed once; nil when there is none. One that cannot be parsed is refused: what it means is anybody's guess.
func (c *call) query() (url.Values, error) {
	if c.asked != nil || c.r.URL.RawQuery == "" {
		return c.asked, nil
	}
	asked, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		p := invalidRequest([]view.FieldError{{Pointer: "/query", Message: "cannot be parsed: see its escapes and separators"}})
		return nil, p.Because(err)
	}
	c.asked = asked
	return asked, nil
}

func (g *gateway) addRoutes() document.Issues {
	var issues document.Issues
	for _, key := range slices.Sorted(maps.Keys(g.doc.Routes)) {
		r := &route{doc: g.doc.Routes[key], key: key, auth: g.doc.Routes[key].Auth}
		if r.auth == nil {
			r.auth = g.doc.Auth
		}
		if last := len(r.doc.Pattern.Segments) - 1; r.doc.Pattern.Rest() {
			r.needsRest = !r.doc.Pattern.Segments[last].Optional
		}
		more := g.compileRoute(r)
		issues = append(issues, more...)
		g.routes = append(g.routes, r)
	}
	if len(issues) > 0 {
		return issues
	}
	return g.linkTools()
}

func (g *gateway) compileRoute(r *route) document.Issues {
	switch r.doc.Kind() {
	case api.KindView:
		return g.compileView(r)
	case api.KindProxy:
		return g.compileProxy(r)
	case api.KindChat:
		return g.compileChat(r)
	case api.KindWebhook:
		return g.compileWebhook(r)
	}
	return nil // decoding has found fault with it
}

// buildEngine registers the routes. gin panics on what it cannot route; what validation let slip is reported, not thrown.
func (g *gateway) buildEngine() (issues document.Issues) {
	defer func() {
		if cause := recover(); cause != nil {
			issues = document.Issues{g.doc.Node.Issue("the routes conflict: %v", cause)}
		}
	}()
	e := gin.New()
	e.HandleMethodNotAllowed = true
	e.RedirectTrailingSlash = false
	e.UseRawPath = true // an encoded slash is part of its segment
	e.UnescapePathValues = true
	for _, r := range g.routes {
		g.register(e, r)
	}
	if g.doc.OpenAI {
		g.registerOpenAI(e)
	}
	g.registerOwn(e)
	e.NoRoute(adapt(nil, notFound))
	e.NoMethod(adapt(nil, notAllowed))
	g.engine = e
	return nil
}

func (g *gateway) register(e *gin.Engine, r *route) {
	methods := []string{r.doc.Method}
	switch r.doc.Method {
	case "ANY":
		methods = []string{
			http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		}
	case http.MethodGet:
		methods = append(methods, http.MethodHead)
	}
	h := adapt(r, g.guarded(r))
	for _, path := range enginePaths(r.doc.Pattern) {
		for _, method := range methods {
			e.Handle(method, path, h)
		}
	}
}

// guarded puts what every route does before its handler: authenticate, then limit.
func (g *gateway) guarded(r *route) handler {
	return func(c *call) error {
		principal, err := c.runtime.guard.Principal(c.r.Context(), g.server.asAsked(c.r))
		auth.HideCookies(c.r.Header)
		if c.runtime.guard.SignIn() != nil && r.auth != nil && r.auth.Mode != "none" {
			c.w.Header().Add("Vary", "Cookie")
		}
		if err != nil && (r.auth != nil && r.auth.Mode != "none") {
			return err
		}
		c.rec.principal = principal
		if err := auth.Allow(r.auth, principal); err != nil {
			return err
		}
		if err := g.server.limit(c); err != nil {
			return err
		}
		return r.handler(c)
	}
}

// adapt is the rim: gin on one side, a call and a returned error on the other.
func adapt(r *route, h handler) gin.HandlerFunc {
	return func(gc *gin.Context) {
		rec := recordOf(gc.Request.Context())
		c := &call{w: gc.Writer, r: gc.Request, rec: rec, runtime: rec.runtime}
		if r != nil {
			rec.setRoute(r)
			c.path = make([]string, len(gc.Params))
			for i, p := range gc.Params {
				c.path[i] = strings.TrimPrefix(p.Value, restSlash(p.Key))
			}
		}
		serve := h
		if r != nil && r.needsRest && c.path[len(c.path)-1] == "" {
			serve = notFound // gin lets the rest be empty
		}
		if err := serve(c); err != nil {
			c.runtime.gateway.server.fail(gc.Writer, gc.Request, err)
		}
		gc.Writer.WriteHeaderNow() // gin has words of its own for a 404 or a 405 without a body, as HEAD's is
	}
}

func notFound(*call) error {
	return problem.New(http.StatusNotFound, "not-found", "There is no such route here.")
}

// notAllowed answers a path that exists with other methods; OPTIONS is told which.
func notAllowed(c *call) error {
	methods := strings.Split(c.w.Header().Get("Allow"), ", ")
	allow := strings.Join(append(methods, http.MethodOptions), ", ")
	c.w.Header().Set("Allow", allow)
	if c.r.Method == http.MethodOptions {
		c.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	p := problem.New(http.StatusMethodNotAllowed, "method-not-allowed", "This path takes %s.", allow)
	p.Header = http.Header{"Allow": {allow}}
	return p
}

// restKey names the parameter that holds the rest of a path; gin gives its value with the slash before it.
const restKey = "rest"

func restSlash(key string) string {
	if key == restKey {
		return "/"
	}
	return ""
}

// enginePaths writes a pattern as gin does. Parameters are named by their place, so that routes that name the same place differently
// do not conflict; an optional rest is two paths.
func enginePaths(p api.Pattern) []string {
	var b strings.Builder
	for i, s := range p.Segments {
		switch {
		case s.Rest:
			whole := b.String() + "/*" + restKey
			if !s.Optional {
				return []string{whole}
			}
			if i == 0 {
				return []string{whole} // "/" matches with an empty rest
			}
			return []string{b.String(), whole}
		case s.Param != "":
			fmt.Fprintf(&b, "/:p%d", i)
		default:
			b.WriteString("/" + s.Literal)
		}
	}
	if b.Len() == 0 {
		return []string{"/"}
	}
	return []string{b.String()}
}
