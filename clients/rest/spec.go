package rest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"atrium/clients/schema"
	"atrium/tenants/document"
)

// A Spec is a loaded OpenAPI document. It is immutable, and keeps types and operations but not the document.
type Spec struct {
	Title   string
	Version string   // of the API it describes
	Servers []string // base addresses that it names, may be relative

	operations map[string]*Operation
	components map[string]*schema.Type
}

// LoadSpec reads an OpenAPI 3.0 or 3.1 document, YAML or JSON; file is what issues name. There is no Spec when there
// are issues. References must stay inside the document: nothing is read from elsewhere.
//
// An operation without an operationId gets one of its method and path: get_customers_id. What cannot be called from
// JSON, such as an upload of files, is no issue but Operation.Unsupported.
func LoadSpec(file string, text []byte) (*Spec, document.Issues) {
	root, issues := parse(file, text)
	if len(issues) > 0 {
		return nil, issues
	}
	if issue, ok := checkVersion(root); !ok {
		return nil, document.Issues{issue}
	}
	var judged document.Issues
	var judging sync.WaitGroup
	judging.Go(func() { judged = judge(root) })
	reader := &specReader{
		root:    root,
		schemas: schema.NewReader(root),
		spec:    &Spec{operations: make(map[string]*Operation), components: make(map[string]*schema.Type)},
	}
	reader.read()
	judging.Wait()
	if issues = slices.Concat(reader.issues, reader.schemas.Issues()).Sort(); len(issues) > 0 {
		return nil, issues
	}
	if len(judged) > 0 {
		return nil, judged
	}
	return reader.spec, nil
}

func checkVersion(root *document.Node) (document.Issue, bool) {
	version := root.Get("openapi")
	switch {
	case root.Kind != document.Map:
		return root.Issue("want an OpenAPI document, found %v", root.Kind), false
	case version == nil && root.Get("swagger") != nil:
		return root.Get("swagger").Issue("want OpenAPI 3, found Swagger 2; convert the document first"), false
	case version == nil:
		return root.Issue("want an OpenAPI document, found no openapi: 3.x"), false
	case !strings.HasPrefix(version.Text, "3."):
		return version.Issue("want OpenAPI 3.0 or 3.1, found %s", version.Text), false
	}
	return document.Issue{}, true
}

// Operation returns an operation by its operationId.
func (s *Spec) Operation(id string) (*Operation, bool) {
	o, ok := s.operations[id]
	return o, ok
}

// OperationIDs returns the ids of all operations, sorted.
func (s *Spec) OperationIDs() []string { return slices.Sorted(maps.Keys(s.operations)) }

// Schema returns a type by the name of its component, if any operation uses it.
func (s *Spec) Schema(name string) (*schema.Type, bool) {
	t, ok := s.components[name]
	return t, ok
}

// A specReader reads one document.
type specReader struct {
	root    *document.Node
	schemas *schema.Reader
	issues  document.Issues
	spec    *Spec
	places  map[string]*document.Node // of operations by id
}

func (r *specReader) report(n *document.Node, format string, args ...any) {
	r.issues = append(r.issues, n.Issue(format, args...))
}

func (r *specReader) read() {
	r.spec.Title = text(r.root.At("/info/title"))
	r.spec.Version = text(r.root.At("/info/version"))
	if servers := r.root.Get("servers"); servers != nil {
		for _, one := range servers.Items {
			r.spec.Servers = append(r.spec.Servers, text(one.Get("url")))
		}
	}
	r.places = make(map[string]*document.Node)
	paths := r.root.Get("paths")
	if paths == nil {
		return
	}
	if paths.Kind != document.Map {
		r.report(paths, "want a mapping of paths, found %v", paths.Kind)
		return
	}
	for i, f := range paths.Fields {
		switch {
		case strings.HasPrefix(f.Key, "x-"):
		case !strings.HasPrefix(f.Key, "/"):
			r.issues = append(r.issues, paths.KeyIssue(i, "a path starts with /"))
		default:
			r.pathItem(f.Key, f.Value)
		}
	}
}

// text returns what a text node says; "" of anything else.
func text(n *document.Node) string {
	if n == nil || n.Kind != document.String {
		return ""
	}
	return n.Text
}

func methods() []string {
	return []string{"get", "put", "post", "delete", "options", "head", "patch", "trace"}
}

func (r *specReader) pathItem(path string, n *document.Node) {
	item := r.schemas.Deref(n)
	if item == nil {
		return
	}
	shared := r.params(item.Get("parameters"))
	for _, f := range item.Fields {
		if slices.Contains(methods(), f.Key) {
			r.operation(path, f.Key, f.Value, shared)
		}
	}
}

func (r *specReader) operation(path, method string, n *document.Node, shared []*Param) {
	o := &Operation{
		ID: text(n.Get("operationId")), Method: strings.ToUpper(method), Path: path,
		Summary: text(n.Get("summary")), Description: text(n.Get("description")),
		accept: jsonMedia,
	}
	if o.ID == "" {
		o.ID = madeID(method, path)
	}
	if o.Summary == "" {
		o.Summary, _, _ = strings.Cut(o.Description, "\n")
	}
	if other := r.places[o.ID]; other != nil {
		r.report(n, "there is another operation %s, at line %d", o.ID, other.Line)
		return
	}
	r.places[o.ID] = n
	o.Params = merge(shared, r.params(n.Get("parameters")))
	if err := o.parsePath(); err != nil {
		r.report(n, "the path %s: %v", path, err)
		return
	}
	r.body(o, n.Get("requestBody"))
	r.responses(o, n.Get("responses"))
	for _, p := range o.Params {
		if p.unsupported {
			o.Unsupported = fmt.Sprintf("its parameter %s is written in a way that is not supported", p.Name)
		}
	}
	r.spec.operations[o.ID] = o
}

// madeID names an operation that has no operationId.
func madeID(method, path string) string {
	words := strings.FieldsFunc(path, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9')
	})
	return strings.Join(append([]string{method}, words...), "_")
}
