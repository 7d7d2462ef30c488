package api

import (
	"atrium/tenants/document"
)

// An API is one document of kind apis: what a frontend needs, shared by many tenants.
// Its fields mirror the document; values that hold holes stay nodes until they are compiled.
type API struct {
	Upstreams map[string]*Upstream `json:"upstreams"`
	Models    map[string]*Model    `json:"models"`
	Routes    map[string]*Route    `json:"routes"`
	Auth      *Auth                `json:"auth"`    // the default of every route; nil means none
	OpenAI    bool                 `json:"openai"`  // serve /v1/chat/completions and /v1/models
	Timeout   document.Duration    `json:"timeout"` // of a view as a whole; zero means 10s

	Node *document.Node `json:"-" doc:"node"` // the whole document, for positions
}

// An Upstream is an HTTP API that routes call.
type Upstream struct {
	Spec       string                    `json:"spec"`                        // a document of kind specs
	Operations map[string]*document.Node `json:"operations" doc:"text"`       // without a spec: operationId -> "GET /path/{id}"
	BaseURL    *document.Node            `json:"baseUrl" doc:"required,text"` // text with holes over vars and secrets
	Timeout    document.Duration         `json:"timeout"`                     // of one call; zero means 5s
	Headers    map[string]*document.Node `json:"headers" doc:"text"`          // text with holes over vars and secrets
	Forward    []string                  `json:"forward"`                     // client headers passed on
	MaxAnswer  document.Size             `json:"maxAnswer"`                   // zero means 8 MiB
	Retry      Retry                     `json:"retry"`
	Breaker    Breaker                   `json:"breaker"`
	Shared     bool                      `json:"shared"` // answers may be shared between tenants

	Node *document.Node `json:"-" doc:"node"`
}

// Retry says how often an idempotent call is tried: a mapping, or "off".
type Retry struct {
	Off      bool `json:"-"`
	Attempts int  `json:"attempts" doc:"min=1,max=10"` // tries in all; zero means 3
}

// Breaker says when calls stop going to a failing upstream: a mapping, or "off".
type Breaker struct {
	Off      bool              `json:"-"`
	Failures int               `json:"failures" doc:"min=1"` // in a row; zero means 5
	Open     document.Duration `json:"open"`                 // how long before one call probes again; zero means 5s
}

// A Model is a chat model behind an OpenAI-compatible upstream.
type Model struct {
	BaseURL      *document.Node `json:"baseUrl" doc:"required,text"` // up to and including /v1
	APIKey       *document.Node `json:"apiKey" doc:"text"`
	Model        string         `json:"model" doc:"required"`
	Fallbacks    []string       `json:"fallbacks"` // names of models tried next, before the first event
	MaxTokens    int            `json:"maxTokens" doc:"min=1"`
	Temperature  *float64       `json:"temperature" doc:"min=0,max=2"`
	Timeouts     ModelTimeouts  `json:"timeouts"`
	OnDisconnect string         `json:"onDisconnect" doc:"enum=cancel|grace|finish"` // "" means cancel
	Price        *Price         `json:"price"`

	Node *document.Node `json:"-" doc:"node"`
}

// ModelTimeouts bound the waits of a generation.
type ModelTimeouts struct {
	FirstToken document.Duration `json:"firstToken"` // zero means 20s
	Idle       document.Duration `json:"idle"`       // zero means 30s
	Total      document.Duration `json:"total"`      // zero means 5m
}

// Price is the cost of a million tokens.
type Price struct {
	Currency string  `json:"currency"`
	Input    float64 `json:"input" doc:"min=0"`
	Output   float64 `json:"output" doc:"min=0"`
}

// A Route is a method, a path pattern and exactly one kind: view (Response, with Steps), Proxy, Chat or Webhook.
type Route struct {
	Key     string  `json:"-"` // as written: "GET /dashboard/{id}"
	Method  string  `json:"-"` // upper case; ANY for all
	Pattern Pattern `json:"-"`

	Auth     *Auth             `json:"auth"`
	Summary  string            `json:"summary"`
	Input    *Input            `json:"input"`
	Steps    Steps             `json:"steps"`
	Cache    *Cache            `json:"cache"`
	Purges   []*document.Node  `json:"purges" doc:"text"`
	Timeout  document.Duration `json:"timeout"` // zero means the API's
	Response *document.Node    `json:"response"`
	Proxy    *Proxy            `json:"proxy"`
	Chat     *Chat             `json:"chat"`
	Webhook  *Webhook          `json:"webhook"`

	Node    *document.Node `json:"-" doc:"node"`
	KeyNode *document.Node `json:"-"` // a String node at the place of the route's key
}

// The kinds of a Route.
const (
	KindView    = "view"
	KindProxy   = "proxy"
	KindChat    = "chat"
	KindWebhook = "webhook"
)

// Kind says which kind the route is. It is "" when that cannot be told, which Decode or Parse has reported: such a route
// is not worth compiling.
func (r *Route) Kind() string {
	if r.Node == nil || r.Node.Kind != document.Map {
		return ""
	}
	kinds := map[string]bool{
		KindView:  r.Response != nil || r.Node.Get("steps") != nil,
		KindProxy: r.Proxy != nil && r.Proxy.Node != nil, KindChat: r.Chat != nil && r.Chat.Node != nil,
		KindWebhook: r.Webhook != nil && r.Webhook.Node != nil,
	}
	found := ""
	for kind, is := range kinds {
		if is && found != "" {
			return ""
		}
		if is {
			found = kind
		}
	}
	return found
}

// AuthOf is the rule that holds for a route: its own, else the API's. It is never nil.
func (a *API) AuthOf(r *Route) *Auth {
	switch {
	case r.Auth != nil:
		return r.Auth
	case a.Auth != nil:
		return a.Auth
	}
	return &Auth{Mode: AuthNone}
}

// Auth says who may call: "required", "optional", "none", or a mapping. A mapping with roles or scopes requires
// sign-in unless it says required: false.
type Auth struct {
	Mode   string   `json:"-"`      // AuthRequired, AuthOptional or AuthNone
	Roles  []string `json:"roles"`  // any of them
	Scopes []string `json:"scopes"` // all of them
}

// The modes of an Auth.
const (
	AuthRequired = "required"
	AuthOptional = "optional"
	AuthNone     = "none"
)

// The scopes of a Cache: who may be given an answer that was made for another.
const (
	ScopeUser   = "user"   // nobody: one answer a user
	ScopeTenant = "tenant" // the users of the tenant
	ScopeGlobal = "global" // every tenant
)

// Input types what a caller sends; every schema is a JSON Schema node, body may instead be upstream.operation.
type Input struct {
	Path  map[string]*document.Node `json:"path"`
	Query map[string]*document.Node `json:"query"`
	Body  *document.Node            `json:"body"`
}

// A Step is one named call of a view.
type Step struct {
	Name        string                    `json:"-"`
	Call        string                    `json:"call" doc:"required"` // upstream.operation
	With        map[string]*document.Node `json:"with"`                // path, query and header parameters by name
	Body        *document.Node            `json:"body"`                // a template
	Headers     map[string]*document.Node `json:"headers"`
	Each        *document.Node            `json:"each" doc:"text"`                // "o in ${list}"
	Concurrency int                       `json:"concurrency" doc:"min=1,max=64"` // of each; zero means 8
	MaxItems    int                       `json:"maxItems" doc:"min=1,max=1000"`  // of each; zero means 100
	Optional    bool                      `json:"optional"`
	Default     *document.Node            `json:"default"` // used when the call fails
	Timeout     document.Duration         `json:"timeout"` // zero means the upstream's
	Cache       *Cache                    `json:"cache"`

	Node *document.Node `json:"-" doc:"node"`
}

// Cache declares that answers are kept.
type Cache struct {
	TTL          document.Duration `json:"ttl" doc:"required"`
	Stale        document.Duration `json:"stale"`                               // served while one refresh runs
	StaleIfError document.Duration `json:"staleIfError"`                        // served when the upstream fails
	Scope        string            `json:"scope" doc:"enum=user|tenant|global"` // "" means tenant
	Tags         []*document.Node  `json:"tags" doc:"text"`
	Vary         []string          `json:"vary"`     // request headers that are part of the key
	Negative     document.Duration `json:"negative"` // how long a 404 or 410 is kept; zero means not

	Node *document.Node `json:"-" doc:"node"`
}

// Proxy passes requests through to an upstream.
type Proxy struct {
	Upstream     string        `json:"upstream" doc:"required"`
	Strip        string        `json:"strip"`                 // path prefix taken off
	MaxBody      document.Size `json:"maxBody"`               // zero means the plan's
	ContentTypes []string      `json:"contentTypes"`          // of the request body, "image/*" allowed; empty means any
	Cache        string        `json:"cache" doc:"enum=http"` // "" or http

	Node *document.Node `json:"-" doc:"node"`
}

// Chat answers with a generation.
type Chat struct {
	Model  string         `json:"model" doc:"required"`
	System *document.Node `json:"system" doc:"text"` // text with holes
	Tools  []string       `json:"tools"`             // keys of GET view routes

	Node *document.Node `json:"-" doc:"node"`
}

// Webhook takes signed calls from elsewhere.
type Webhook struct {
	Scheme string           `json:"scheme" doc:"required,enum=stripe|github|standard"`
	Secret *document.Node   `json:"secret" doc:"required,text"`
	Purges []*document.Node `json:"purges" doc:"text"`

	Node *document.Node `json:"-" doc:"node"`
}

// Steps are the steps of a view in the order written.
type Steps []*Step
