package rest

import (
	"net/http"
	"slices"

	"atrium/clients/schema"
)

// An Operation is one call of an upstream. It is immutable.
type Operation struct {
	ID           string
	Method       string // upper case
	Path         string // as declared: /customers/{id}
	Summary      string // one line, may be empty
	Description  string
	Params       []*Param     // path, then query, header and cookie parameters, each in the order declared
	Body         *schema.Type // nil when it takes none
	BodyRequired bool
	Response     *schema.Type // of its 2xx answers; Null when they have no body, Any when untyped
	Unsupported  string       // why it cannot be called, such as "its body is multipart/form-data"; "" when it can
	Inline       bool         // declared without a spec: untyped

	template  []segment
	query     string // fixed part of the query, as declared in the path
	bodyMedia string // what Body is written as
	accept    string // what Response is asked for as
}

// A Param is one parameter of an Operation.
type Param struct {
	Name        string
	In          string // path, query, header or cookie
	Description string
	Required    bool
	Type        *schema.Type
	Default     []byte // JSON of what the upstream assumes when it is absent; nil when unknown

	style       style
	explode     bool
	unsupported bool // no way to write it is known
}

// A segment is what stands between two slashes of a path: texts and parameters in turn.
type segment []piece

type piece struct {
	text  string // escaped
	param int    // index in Operation.Params, or -1 for text
}

// A style is how a value that is not a scalar is written.
type style uint8

const (
	styleForm       style = iota // name=a,b or name=a&name=b
	styleSimple                  // a,b
	styleSpace                   // a%20b
	stylePipe                    // a|b
	styleDeepObject              // name[key]=value
	styleJSON                    // as JSON text
)

// Idempotent reports whether repeating the call does no more than calling once.
func (o *Operation) Idempotent() bool {
	switch o.Method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions:
		return true
	}
	return false
}

// Param returns the index in Params of the parameter called name, -1 when there is none. When parameters of several
// places share the name, path comes before query, header and cookie.
func (o *Operation) Param(name string) int {
	return slices.IndexFunc(o.Params, func(p *Param) bool { return p.Name == name })
}

// WithQuery returns a copy of an inline operation that takes these query parameters too, of any type and optional.
// Names that it has already are left alone.
func (o *Operation) WithQuery(names ...string) *Operation {
	wider := *o
	wider.Params = slices.Clone(o.Params)
	for _, name := range names {
		if wider.Param(name) < 0 {
			wider.Params = append(wider.Params, &Param{Name: name, In: inQuery, Type: schema.Of(schema.Any), explode: true})
		}
	}
	return &wider
}

// Accepts reports what keeps values of type t from being given to the parameter. It is schema.Type.AssignableTo, but
// where text is wanted a number or a boolean will do, as a URL knows only text, and null will do where the parameter
// may be left out.
func (p *Param) Accepts(t *schema.Type) []schema.Mismatch {
	want := p.Type
	if !p.Required {
		want = want.OrNull()
	}
	if p.Type.Kind == schema.String && len(p.Type.Enum) == 0 {
		scalar := []*schema.Type{want, schema.Of(schema.Integer), schema.Of(schema.Number), schema.Of(schema.Bool)}
		if len(t.AssignableTo(schema.UnionOf(scalar...))) == 0 {
			return nil
		}
	}
	return t.AssignableTo(want)
}
