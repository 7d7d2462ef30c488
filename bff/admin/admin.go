package admin

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"atrium/bff/problem"
	"atrium/cache"
	"atrium/observability/traceview"
	"atrium/tenants"
	"atrium/tenants/document"
)

// Documents is what the admin API does with documents; a tenants.Directory does it.
type Documents interface {
	Document(kind tenants.Kind, name string) (tenants.Document, bool)
	Documents(kind tenants.Kind) []tenants.Document
	Apply(ctx context.Context, change tenants.Change) (tenants.Document, document.Issues, error)
	Effective(id tenants.ID) ([]tenants.EffectiveValue, bool)
	Status() tenants.Status
}

// Options are what the admin API works on.
type Options struct {
	Token       string // the bearer token; required
	Host        string // a further name that clients may call the listener by, besides loopback and addresses
	OpenMetrics bool   // /metrics needs no token

	Documents Documents
	Store     tenants.Store                                                     // for history and audit
	Tenant    func(id tenants.ID) (*tenants.Tenant, bool)                       // what is served now
	Usage     func(ctx context.Context, id tenants.ID) any                      // JSON of GET .../usage
	Purge     func(ctx context.Context, id tenants.ID, purge cache.Purge) error // forget cached answers
	Explain   func(ctx context.Context, q Question) (any, error)                // JSON of POST explain
	OpenAPI   func(id tenants.ID) ([]byte, error)                               // the OpenAPI document of a tenant
	Ending    <-chan struct{}                                                   // closed when the server ends: open event streams end then
	Schemas   map[tenants.Kind][]byte                                           // the JSON Schema of each kind
	Degraded  func() []string                                                   // what the server does without for now
	Traces    *traceview.Store
	Metrics   http.Handler
	Console   http.Handler
}

// A Question asks what a request would do.
type Question struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
}

type api struct {
	Options

	token [sha256.Size]byte
}

// New returns the handler of the admin listener. Errors are problems.
func New(o Options) http.Handler {
	a := &api{Options: o, token: sha256.Sum256([]byte(o.Token))}
	return a.guard(engine(a))
}

// engine routes the admin listener's requests.
func engine(a *api) *gin.Engine {
	e := gin.New()
	e.HandleMethodNotAllowed = true
	e.UseRawPath = true
	e.RedirectTrailingSlash = false
	e.NoRoute(handle(func(*gin.Context) error { return notFound() }))
	e.NoMethod(handle(func(c *gin.Context) error {
		return problem.New(http.StatusMethodNotAllowed, "method-not-allowed", "%s is not possible here.", c.Request.Method)
	}))
	v1 := e.Group("/admin/v1", handle(a.authorize))
	a.documents(v1)
	a.ofTenant(v1)
	a.traces(v1)
	a.changes(v1)
	v1.GET("/openapi.json", handle(a.describe))
	v1.GET("/status", handle(a.status))
	v1.GET("/schemas/:file", handle(a.schema))
	v1.POST("/explain", handle(a.explain))
	metrics := []gin.HandlerFunc{gin.WrapH(a.Metrics)}
	if !a.OpenMetrics {
		metrics = append([]gin.HandlerFunc{handle(a.authorize)}, metrics...)
	}
	e.GET("/metrics", metrics...)
	e.GET("/", gin.WrapH(a.Console))
	e.GET("/console/*file", gin.WrapH(a.Console))
	return e
}

// guard refuses what a page of somebody else's could send: a foreign Host (DNS rebinding) or a foreign Origin.
func (a *api) guard(next http.Handler) http.Handler {
	origin := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		switch {
		case !a.knownHost(r.Host):
			fail(w, r, problem.New(http.StatusMisdirectedRequest, "unknown-host",
				"The admin listener answers to its addresses, to localhost and to the name of --admin-listen only."))
		case origin.Check(r) != nil, foreign(r):
			fail(w, r, problem.New(http.StatusForbidden, "cross-origin", "Pages of other origins may not call the admin API."))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// foreign reports whether a page of another origin reads, which http.CrossOriginProtection lets pass.
func foreign(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	u, err := url.Parse(origin)
	return err != nil || !strings.EqualFold(u.Host, r.Host)
}

// maxBody bounds a document; OpenAPI documents of real APIs have a dozen megabytes.
const maxBody = 32 << 20

func (a *api) knownHost(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || (a.Host != "" && host == strings.ToLower(a.Host))
}

func (a *api) authorize(c *gin.Context) error {
	scheme, token, _ := strings.Cut(c.GetHeader("Authorization"), " ")
	sum := sha256.Sum256([]byte(strings.TrimSpace(token)))
	if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(sum[:], a.token[:]) != 1 {
		p := problem.New(http.StatusUnauthorized, "unauthorized", "Send the admin token: Authorization: Bearer TOKEN.")
		p.Header = http.Header{"Www-Authenticate": {`Bearer realm="atrium admin"`}}
		return p
	}
	return nil
}

// handle adapts a function that returns its error; a handler that fails ends the chain.
func handle(f func(*gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := f(c); err != nil {
			c.Abort()
			fail(c.Writer, c.Request, err)
		}
	}
}

// fail renders an error: the one place on the admin listener.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	problem.Write(w, r, fromError(err), "")
}

func fromError(err error) *problem.Problem {
	switch {
	case errors.Is(err, tenants.ErrNotFound):
		return notFound()
	case errors.Is(err, tenants.ErrConflict):
		return problem.New(http.StatusPreconditionFailed, "revision-mismatch",
			"The document has another revision by now: read it again and repeat the change.").Because(err)
	case errors.Is(err, tenants.ErrInUse):
		return problem.New(http.StatusConflict, "in-use", "%v.", err)
	case errors.Is(err, tenants.ErrReadOnly):
		return problem.New(http.StatusConflict, "read-only", "%v.", err)
	case errors.Is(err, tenants.ErrTooLarge):
		return problem.New(http.StatusRequestEntityTooLarge, "payload-too-large", "%v.", err)
	case errors.Is(err, tenants.ErrName):
		return problem.New(http.StatusBadRequest, "invalid-request", "%v.", err)
	case errors.Is(err, tenants.ErrUnavailable):
		return problem.New(http.StatusServiceUnavailable, "unavailable", "%v.", err).Because(err)
	}
	return problem.From(err)
}

func notFound() *problem.Problem {
	return problem.New(http.StatusNotFound, "not-found", "There is no such thing here.")
}

func writeJSON(c *gin.Context, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	c.Data(status, "application/json", body)
	return nil
}
