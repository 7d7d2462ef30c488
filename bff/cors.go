package bff

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"atrium/tenants"
)

// cors is the tenant's word on pages of other origins (the Fetch standard, section 3.2); nil allows none.
type cors struct {
	any         bool
	origins     []string
	methods     string // empty means the one that is asked for
	headers     string // empty means those that are asked for
	expose      string
	credentials bool
	maxAge      string
}

// exposed are the response headers of ours that a page may read besides the safelisted ones.
const exposed = "ETag, Age, Cache-Status, Atrium-Parts, Atrium-Generation, RateLimit, RateLimit-Policy, Retry-After, " +
	"X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id, X-Trace-Id"

func newCORS(spec tenants.CORS) *cors {
	if len(spec.Origins) == 0 {
		return nil
	}
	maxAge := 10 * time.Minute
	if spec.MaxAge > 0 {
		maxAge = time.Duration(spec.MaxAge)
	}
	return &cors{
		any: slices.Contains(spec.Origins, "*"), origins: spec.Origins, methods: strings.Join(spec.Methods, ", "),
		headers: strings.Join(spec.Headers, ", "), expose: strings.Join(append([]string{exposed}, spec.Expose...), ", "),
		credentials: spec.Credentials, maxAge: strconv.Itoa(int(maxAge.Seconds())),
	}
}

// allow writes the headers for one request; done says that it was a preflight and is answered.
func (c *cors) allow(w http.ResponseWriter, r *http.Request) (done bool) {
	origin := r.Header.Get("Origin")
	if c == nil {
		return false
	}
	h := w.Header()
	if !c.any {
		h.Add("Vary", "Origin")
	}
	if origin == "" || !c.any && !slices.Contains(c.origins, origin) {
		return false
	}
	if c.any && !c.credentials {
		origin = "*"
	}
	h.Set("Access-Control-Allow-Origin", origin)
	if c.credentials {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	asked := r.Header.Get("Access-Control-Request-Method")
	if r.Method != http.MethodOptions || asked == "" {
		h.Set("Access-Control-Expose-Headers", c.expose)
		return false
	}
	h.Add("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers")
	h.Set("Access-Control-Allow-Methods", cmp.Or(c.methods, asked))
	if wanted := cmp.Or(c.headers, r.Header.Get("Access-Control-Request-Headers")); wanted != "" {
		h.Set("Access-Control-Allow-Headers", wanted)
	}
	h.Set("Access-Control-Max-Age", c.maxAge)
	w.WriteHeader(http.StatusNoContent)
	return true
}
