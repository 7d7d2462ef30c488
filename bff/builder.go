package bff

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"atrium/bff/api"
	"atrium/bff/expr"
	"atrium/clients/rest"
	"atrium/clients/schema"
	"atrium/tenants"
	"atrium/tenants/document"
)

// builder compiles documents into what requests are served from: it is the tenants.Builder of the server's directory.
type builder struct{ server *Server }

// Spec implements tenants.Builder.
func (b *builder) Spec(doc tenants.Document) (*rest.Spec, document.Issues) {
	return rest.LoadSpec(doc.Path, doc.Text)
}

// API implements tenants.Builder.
func (b *builder) API(doc tenants.Document, specs func(name string) (*rest.Spec, bool)) (*gateway, document.Issues) {
	root, issues := document.Parse(doc.Path, doc.Text)
	if root == nil {
		return nil, issues
	}
	decoded, more := api.Decode(root)
	issues = append(issues, more...)
	if decoded == nil {
		return nil, issues
	}
	g := &gateway{server: b.server, name: doc.Name, revision: doc.Revision, fingerprint: sha256.Sum256(doc.Text), doc: decoded}
	g.needs, g.settings = settingsOf(decoded)
	issues = append(issues, g.addUpstreams(specs)...)
	issues = append(issues, g.addModels()...)
	issues = append(issues, g.addRoutes()...)
	if len(issues) > 0 {
		return nil, issues.Sort()
	}
	return g, g.buildEngine().Sort()
}

// settingsOf finds what the document needs of its tenants, and the scope of the settings that name it: texts called vars and secrets.
func settingsOf(a *api.API) (needs []api.Mention, scope *expr.Scope) {
	names := map[string][]string{}
	for _, m := range a.Mentions() {
		if !slices.Contains(names[m.Root], m.Name) {
			names[m.Root] = append(names[m.Root], m.Name)
			needs = append(needs, m)
		}
	}
	return needs, expr.NewScope().With("vars", textsCalled(names["vars"])).With("secrets", textsCalled(names["secrets"]))
}

// textsCalled is an object of texts that are all there.
func textsCalled(names []string) *schema.Type {
	t := &schema.Type{Kind: schema.Object}
	for _, name := range slices.Sorted(slices.Values(names)) {
		t.Fields = append(t.Fields, schema.Field{Name: name, Type: schema.Of(schema.String), Required: true})
	}
	return t
}

// Tenant implements tenants.Builder.
func (b *builder) Tenant(t *tenants.Tenant, root func() *document.Node, g *gateway) (*Runtime, document.Issues) {
	if issues := g.missing(t, root); len(issues) > 0 {
		return nil, issues
	}
	rt, err := g.runtime(t)
	if err != nil {
		n := root()
		return nil, document.Issues{n.Issue("%v", err)}
	}
	return rt, nil
}

// missing reports the variables and secrets that the API names and the tenant lacks.
func (g *gateway) missing(t *tenants.Tenant, root func() *document.Node) document.Issues {
	var issues document.Issues
	for _, need := range g.needs {
		_, isVar := t.Vars[need.Name]
		_, isSecret := t.Secrets[need.Name]
		if need.Root == "vars" && isVar || need.Root == "secrets" && isSecret {
			continue
		}
		there := slices.Sorted(maps.Keys(t.Vars))
		if need.Root == "secrets" {
			there = slices.Sorted(maps.Keys(t.Secrets))
		}
		at := root()
		if table := at.Get(need.Root); table != nil {
			at = table
		}
		used := need.Node.IssueAt(need.Offset, "")
		issues = append(issues, at.Issue("%s has no %q, which %s:%d:%d names%s",
			need.Root, need.Name, used.File, used.Line, used.Column, document.DidYouMean(need.Name, there)))
	}
	return issues
}

func (g *gateway) addUpstreams(specs func(name string) (*rest.Spec, bool)) document.Issues {
	var issues document.Issues
	g.index = map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(g.doc.Upstreams)) {
		u, more := g.compileUpstream(name, g.doc.Upstreams[name], specs)
		issues = append(issues, more...)
		g.index[name] = len(g.upstreams)
		g.upstreams = append(g.upstreams, u)
	}
	return issues
}

// names of the documents there are cannot be listed by a builder, so an unknown spec is reported without a suggestion.
func (g *gateway) compileUpstream(name string, doc *api.Upstream, specs func(name string) (*rest.Spec, bool)) (*upstream, document.Issues) {
	var issues document.Issues
	u := &upstream{doc: doc, operations: map[string]*rest.Operation{}}
	if doc.Spec != "" {
		spec, ok := specs(doc.Spec)
		if !ok {
			issues = append(issues, doc.Node.Get("spec").Issue("there is no document specs/%s, or it has issues of its own", doc.Spec))
		}
		u.spec = spec
	}
	for id, n := range doc.Operations {
		op, more := rest.Inline(id, n)
		issues = append(issues, more...)
		u.operations[id] = op
	}
	u.base, u.literal, issues = g.setting(doc.BaseURL, issues)
	u.headers = map[string]*expr.Value{}
	for header, n := range doc.Headers {
		u.headers[header], _, issues = g.setting(n, issues)
	}
	for _, header := range doc.Forward {
		u.forward = append(u.forward, http.CanonicalHeaderKey(header))
	}
	u.forwardWrite = append(slices.Clone(u.forward), "Idempotency-Key")
	u.Upstream = rest.NewUpstream(restSettings(name, doc))
	return u, issues
}

// setting compiles a text that names vars and secrets, and adds its issues. literal says that it names none. What decoding has found fault
// with is left out.
func (g *gateway) setting(n *document.Node, issues document.Issues) (v *expr.Value, literal bool, all document.Issues) {
	if n == nil || n.Kind == document.Broken {
		return nil, false, issues
	}
	v, more := g.settings.Value(n)
	if len(more) == 0 {
		_, literal = v.Const()
	}
	return v, literal, append(issues, more...)
}

func restSettings(name string, doc *api.Upstream) rest.Settings {
	s := rest.Settings{
		Name: name, Timeout: time.Duration(doc.Timeout), MaxAnswer: int64(doc.MaxAnswer), Attempts: doc.Retry.Attempts,
		BreakerFailures: doc.Breaker.Failures, BreakerOpen: time.Duration(doc.Breaker.Open), Forward: doc.Forward,
	}
	if doc.Retry.Off {
		s.Attempts = 1
	}
	if doc.Breaker.Off {
		s.BreakerFailures = -1
	}
	return s
}

// An upstream is a compiled upstream of an API.
type upstream struct {
	*rest.Upstream

	doc        *api.Upstream
	spec       *rest.Spec                 // nil when operations are declared inline
	operations map[string]*rest.Operation // declared inline
	base       *expr.Value
	literal    bool // base is the operator's word
	headers    map[string]*expr.Value

	forward      []string // client headers passed on, canonical
	forwardWrite []string // the same for writes: the key of a repeated one too
}

// Upstream implements view.Operations.
func (g *gateway) Upstream(name string) (*rest.Upstream, bool) {
	i, ok := g.index[name]
	if !ok {
		return nil, false
	}
	return g.upstreams[i].Upstream, true
}

// UpstreamNames implements view.Operations.
func (g *gateway) UpstreamNames() []string { return slices.Sorted(maps.Keys(g.index)) }

// Operation implements view.Operations.
func (g *gateway) Operation(name, id string) (*rest.Operation, bool) {
	i, ok := g.index[name]
	if !ok {
		return nil, false
	}
	if u := g.upstreams[i]; u.spec != nil {
		return u.spec.Operation(id)
	}
	op, ok := g.upstreams[i].operations[id]
	return op, ok
}

// OperationIDs implements view.Operations.
func (g *gateway) OperationIDs(name string) []string {
	i, ok := g.index[name]
	if !ok {
		return nil
	}
	if u := g.upstreams[i]; u.spec != nil {
		return u.spec.OperationIDs()
	}
	return slices.Sorted(maps.Keys(g.upstreams[i].operations))
}

// text evaluates a setting for one tenant.
func (g *gateway) text(v *expr.Value, env expr.Env) (string, error) {
	b, err := v.AppendText(context.Background(), nil, env)
	if err != nil {
		return "", fmt.Errorf("evaluate a setting: %w", err)
	}
	return string(b), nil
}
