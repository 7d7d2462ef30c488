package api

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"atrium/clients/schema"
)

// Info is what an OpenAPI document says of a tenant as a whole.
type Info struct {
	Title       string // "" means "API"
	Version     string // "" means "1"
	Description string // Markdown; may be empty
	Server      string // the address of the tenant; "" means "/"
	Auth        *Auth  // the API's default, which holds for what Atrium adds; nil means none

	// The ways to sign in that the tenant offers. When a route wants sign-in and none is set, API keys and bearer
	// tokens are described.
	APIKeys, Bearer, Session bool
}

// A RouteDoc is what an OpenAPI document says of one route.
type RouteDoc struct {
	Method      string // upper case; ANY for all
	Pattern     Pattern
	Kind        string // "" means KindView
	Summary     string // one line; "" means the route's key
	Description string // Markdown; may be empty
	Auth        *Auth  // nil means none

	Path, Query  []Param      // a path parameter that is not listed is text
	Body         *schema.Type // nil when there is none
	BodyRequired bool
	ContentTypes []string     // of a proxy's request body; empty means any
	Response     *schema.Type // of a view; nil means any JSON
	Status       int          // of a view's success; zero means 200
}

// A Param is a path or query parameter of a RouteDoc.
type Param struct {
	Name        string
	Type        *schema.Type // nil means text
	Required    bool
	Default     []byte // JSON, or nil
	Description string
}

// OpenAPI describes a tenant's routes as an OpenAPI 3.1 document, as JSON. Equal input gives equal bytes.
func OpenAPI(info Info, routes []RouteDoc) ([]byte, error) {
	g := &generator{
		info: info, defs: schema.NewDefs("#/components/schemas/"), ids: map[string]bool{},
		paths: map[string]pathItem{}, shapes: map[string][]Segment{}, uses: map[string]bool{},
	}
	g.problem = json.RawMessage(problemType().JSONSchema(g.defs)) // first, so that it keeps its name
	for _, r := range routes {
		g.route(r)
	}
	if g.hasChat {
		g.generations()
	}
	text, err := json.MarshalIndent(g.document(), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the OpenAPI document: %w", err)
	}
	return append(text, '\n'), nil
}

// A generator collects the parts of one document.
type generator struct {
	info    Info
	defs    *schema.Defs
	problem json.RawMessage // the schema of problems
	paths   map[string]pathItem
	shapes  map[string][]Segment // how the parameters of a path are called, by its shape
	ids     map[string]bool      // operationIds given
	tags    []string
	uses    map[string]bool // names of the shared responses and security schemes in use
	hasChat bool
}

type openapi struct {
	OpenAPI    string              `json:"openapi"`
	Info       openapiInfo         `json:"info"`
	Servers    []server            `json:"servers"`
	Tags       []tag               `json:"tags,omitempty"`
	Paths      map[string]pathItem `json:"paths"`
	Components components          `json:"components"`
}

type openapiInfo struct {
	Title       string `json:"title"`
	Version     string `json:"version"`
	Description string `json:"description,omitempty"`
}

type server struct {
	URL string `json:"url"`
}

type tag struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

// A pathItem holds operations by their lower-case method.
type pathItem map[string]*operation

type components struct {
	Schemas         json.RawMessage           `json:"schemas"`
	Responses       map[string]response       `json:"responses,omitempty"`
	SecuritySchemes map[string]securityScheme `json:"securitySchemes,omitempty"`
}

func (g *generator) document() openapi {
	doc := openapi{
		OpenAPI: "3.1.0",
		Info: openapiInfo{
			Title: cmp.Or(g.info.Title, "API"), Version: cmp.Or(g.info.Version, "1"), Description: g.info.Description,
		},
		Servers: []server{{URL: cmp.Or(g.info.Server, "/")}},
		Paths:   g.paths,
		Components: components{
			Schemas: g.defs.JSON(), Responses: g.responses(), SecuritySchemes: g.securitySchemes(),
		},
	}
	slices.Sort(g.tags)
	for _, name := range slices.Compact(g.tags) {
		doc.Tags = append(doc.Tags, tag{Name: name, Description: describeTag(name)})
	}
	return doc
}
