package view

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"atrium/bff/api"
	"atrium/bff/expr"
	"atrium/clients/rest"
	"atrium/clients/schema"
)

// Operations are the operations that a view may call.
type Operations interface {
	// Upstream returns an upstream by its name in the API document.
	Upstream(name string) (*rest.Upstream, bool)
	// UpstreamNames returns the names there are, for suggestions.
	UpstreamNames() []string
	// Operation returns an operation of an upstream.
	Operation(upstream, id string) (*rest.Operation, bool)
	// OperationIDs returns the operations of an upstream, for suggestions.
	OperationIDs(upstream string) []string
}

// Deps are what a route is compiled against.
type Deps struct {
	Operations Operations
	UserType   *schema.Type // of the name user; nil means UserType(), or null unless the route requires sign-in
}

// UserType is the type of the name user where a user is known.
func UserType() *schema.Type {
	text := schema.Of(schema.String)
	return &schema.Type{Kind: schema.Object, Fields: []schema.Field{
		{Name: "id", Type: text, Required: true},
		{Name: "roles", Type: schema.ArrayOf(text), Required: true},
		{Name: "scopes", Type: schema.ArrayOf(text), Required: true},
		{Name: "claims", Type: schema.MapOf(schema.Of(schema.Any)), Required: true},
	}}
}

// A Step is one named call of a Program, as far as callers and people who ask for the plan need it.
type Step struct {
	Name      string
	Upstream  string          // its name in the API document
	Operation *rest.Operation // never nil in a Program
	After     []string        // the steps it waits for, sorted
	Each      bool            // called once for each element of a list
	Optional  bool            // its failure makes it null
	Default   []byte          // JSON that stands in when it fails; nil when nothing does
	Timeout   time.Duration   // of one call; zero means the upstream's
	Cache     *api.Cache      // nil when its answers are not kept
	Fields    []string        // what its arguments mention, as Program.Fields
}

// Call names upstream and operation as documents do.
func (s *Step) Call() string { return s.Upstream + "." + s.Operation.ID }

// Write reports whether the step changes something upstream: its method is not safe.
func (s *Step) Write() bool {
	switch s.Operation.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return false
	}
	return true
}

// A Param is a path or query parameter that a view takes.
type Param struct {
	Name        string
	Type        *schema.Type
	Required    bool   // its absence is a mistake of the caller
	Default     []byte // JSON of what its absence means; nil when it means null
	Description string
}

// A Member is a top-level field of a response, for sending it as soon as it can be made.
type Member struct {
	Name  string
	After []string // the steps it mentions, sorted
}

// A Request is what a view reads of an HTTP request.
type Request struct {
	Path   []string // the values of the pattern's parameters, unescaped, in the order of Program.Path
	Query  url.Values
	Header http.Header
	Body   []byte // nil when there is none

	User   []byte // JSON of UserType; nil when nobody is signed in
	Tenant []byte // JSON {"id", "vars"}
	Vars   []byte // JSON object of text
	Now    time.Time
}

// A FieldError is one mistake in a request.
type FieldError struct {
	Pointer string // RFC 6901: /query/limit, /path/id, /body/items/0/sku
	Message string // may be shown to the caller
}

// A Caller makes the calls of steps: through caches, breakers and the network. It must return soon after its context
// ends, because Run waits for it.
type Caller interface {
	// Call returns a valid JSON answer, or an error, best a *clients.Error.
	Call(ctx context.Context, c *Call) (*Answer, error)
}

// A Call is one call of a step.
type Call struct {
	Step *Step
	Args rest.Args // Header holds the step's own headers
	Tags []string  // of the step's cache entry
}

// An Answer is what a call brought.
type Answer struct {
	Body    []byte // valid JSON
	Status  int
	Outcome Outcome // OK, Cached or Stale
	Age     time.Duration
}

// A Result is a view's answer.
type Result struct {
	Status   int
	Header   http.Header // what $headers says; nil when nothing
	Body     []byte      // valid JSON; nil when Status allows none
	Parts    Parts
	Degraded bool     // a part failed or was defaulted: not an answer to keep for long
	Tags     []string // of the route's cache entry
	Purges   []string // the tags to purge now
}

// Input is a request that has been checked, as the JSON of each name.
type Input struct {
	env expr.Env // by slot; shorter than the Program's
}
