package rest

import (
	"atrium/clients/schema"
	"atrium/tenants/document"
)

// A Spec is a loaded OpenAPI document. It is immutable.
type Spec struct {
	Title   string
	Version string
}

// LoadSpec reads an OpenAPI 3.0 or 3.1 document, YAML or JSON; file is what issues name.
func LoadSpec(file string, text []byte) (*Spec, document.Issues) { return &Spec{}, nil }

// Operation returns an operation by its operationId.
func (s *Spec) Operation(id string) (*Operation, bool) { return nil, false }

// OperationIDs returns the ids of all operations, sorted.
func (s *Spec) OperationIDs() []string { return nil }

// Schema returns a type by the name of its component.
func (s *Spec) Schema(name string) (*schema.Type, bool) { return nil, false }

// Inline reads an operation that is declared as text: "GET /customers/{id}". Its parameters are those of its path, text;
// WithQuery adds what callers pass besides. Body and answer are of any type.
func Inline(id string, n *document.Node) (*Operation, document.Issues) { return nil, nil }

// An Operation is one call of an upstream.
type Operation struct {
	ID           string
	Method       string // upper case
	Path         string // as declared: /customers/{id}
	Summary      string
	Params       []*Param     // path, then query, header and cookie parameters, in the order declared
	Body         *schema.Type // nil when it takes none
	BodyRequired bool
	Response     *schema.Type // of its 2xx answers; Null when they have no body, Any when untyped
	Unsupported  string       // why it cannot be called, such as "its body is multipart/form-data"; "" when it can
	Inline       bool         // declared without a spec: untyped
}

// Idempotent reports whether repeating the call does no more than calling once.
func (o *Operation) Idempotent() bool { return false }

// Param returns the index in Params of the parameter called name, -1 when there is none. When parameters of several
// places share the name, path comes before query, header and cookie.
func (o *Operation) Param(name string) int { return -1 }

// WithQuery returns a copy of an inline operation that takes these query parameters too, of any type and optional.
func (o *Operation) WithQuery(names ...string) *Operation { return o }

// A Param is one parameter of an Operation.
type Param struct {
	Name        string
	In          string // path, query, header or cookie
	Description string
	Required    bool
	Type        *schema.Type
	Default     []byte // JSON of what the upstream assumes when it is absent; nil when unknown
}
