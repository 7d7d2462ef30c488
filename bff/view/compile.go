package view

import (
	"maps"
	"slices"
	"strings"
	"time"

	"atrium/bff/api"
	"atrium/bff/expr"
	"atrium/clients/rest"
	"atrium/clients/schema"
	"atrium/tenants/document"
)

// maxMistakes bounds what is reported of one value.
const maxMistakes = 20

// Compile checks a view and makes its Program. When there are issues, which are all that is wrong, there is no Program.
func Compile(route *api.Route, deps Deps) (*Program, document.Issues) {
	c := &compiler{
		route: route, deps: deps, prog: &Program{},
		names: map[string]bool{}, fields: map[string]bool{}, opening: map[string]bool{},
	}
	if c.deps.UserType == nil {
		c.deps.UserType = UserType()
		if route.Auth == nil || route.Auth.Mode != api.AuthRequired {
			c.deps.UserType = c.deps.UserType.OrNull()
		}
	}
	c.mentioned = findMentions(route.Node)
	c.mentionsBody = mentionsBody(route.Node)
	c.resolve()
	c.declare()
	c.scope()
	c.compileSteps()
	c.compileResponse()
	c.compileTags()
	c.order()
	if len(c.issues) > 0 {
		return nil, c.issues.Sort()
	}
	c.finish()
	return c.prog, nil
}

// A compiler compiles one route.
type compiler struct {
	route  *api.Route
	deps   Deps
	prog   *Program
	issues document.Issues

	mentioned    mentions
	mentionsBody bool
	fed          feeds

	ops   []*rest.Operation // by step; nil where unknown
	root  *expr.Scope       // names of the request, secrets, steps and parts
	types []*schema.Type    // of the steps' names
	bound []*binding        // by slot of root
	slots int               // of the largest scope

	names   map[string]bool // mentioned anywhere
	fields  map[string]bool // mentioned anywhere
	opening map[string]bool // mentioned by the status and the headers of the response
}

func (c *compiler) report(n *document.Node, format string, args ...any) {
	if n == nil {
		n = c.route.Node
	}
	c.issues = append(c.issues, n.Issue(format, args...))
}

// resolve finds the operations of the steps.
func (c *compiler) resolve() {
	c.ops = make([]*rest.Operation, len(c.route.Steps))
	for i, s := range c.route.Steps {
		step := &Step{
			Name: s.Name, Each: s.Each != nil, Optional: s.Optional,
			Timeout: time.Duration(s.Timeout), Cache: s.Cache,
		}
		c.prog.Steps = append(c.prog.Steps, step)
		call := s.Node.Get("call")
		if call == nil {
			c.report(s.Node, `"call" is missing`) // as when the document was decoded
			continue
		}
		upstream, op := c.operation(call)
		step.Upstream, step.Operation = upstream, op
		if op != nil && op.Unsupported != "" {
			c.report(call, "%s cannot be called: %s", call.Text, op.Unsupported)
		}
		if op != nil && op.Inline {
			step.Operation = op.WithQuery(undeclared(op, s.With)...)
		}
		c.ops[i] = step.Operation
	}
}

// undeclared are the names under with that an inline operation does not know: its query parameters.
func undeclared(op *rest.Operation, with map[string]*document.Node) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(with)), func(name string) bool { return op.Param(name) >= 0 })
}

func (c *compiler) operationOf(s *api.Step) *rest.Operation {
	return c.ops[slices.Index(c.route.Steps, s)]
}

// operation finds what upstream.operation names; nil, after reporting it, when there is no such operation.
func (c *compiler) operation(n *document.Node) (string, *rest.Operation) {
	upstream, id, ok := strings.Cut(n.Text, ".")
	if !ok {
		c.report(n, "want upstream.operation, such as crm.getCustomer, found %q", n.Text)
		return upstream, nil
	}
	if _, ok := c.deps.Operations.Upstream(upstream); !ok {
		c.report(n, "unknown upstream %q%s", upstream,
			document.DidYouMean(upstream, c.deps.Operations.UpstreamNames()))
		return upstream, nil
	}
	op, ok := c.deps.Operations.Operation(upstream, id)
	if !ok {
		c.issues = append(c.issues, n.IssueAt(len(upstream)+1, "the upstream %q has no operation %q%s", upstream, id,
			document.DidYouMean(id, c.deps.Operations.OperationIDs(upstream))))
		return upstream, nil
	}
	return upstream, op
}

// mentionsBody reports whether any hole names the body.
func mentionsBody(n *document.Node) bool {
	switch {
	case n == nil:
		return false
	case n.Kind == document.String && anyBody.MatchString(n.Text):
		return true
	}
	return slices.ContainsFunc(n.Items, mentionsBody) ||
		slices.ContainsFunc(n.Fields, func(f document.Field) bool { return mentionsBody(f.Value) })
}

// scope gives every name its slot and type. What an each step goes over may be another's list, so their types are
// settled by trying until nothing changes.
func (c *compiler) scope() {
	types := make([]*schema.Type, len(c.route.Steps))
	for i, s := range c.route.Steps {
		types[i] = c.stepType(i, s, false)
	}
	c.root = c.rootScope(types)
	for range c.route.Steps {
		changed := false
		for i, s := range c.route.Steps {
			if s.Each == nil || types[i].AllowsNull() || !c.goesOverNull(s) {
				continue
			}
			types[i] = c.stepType(i, s, true)
			changed = true
		}
		if !changed {
			break
		}
		c.root = c.rootScope(types)
	}
	c.types = types
	c.slots = c.root.Slots()
	c.bound = make([]*binding, c.slots)
}

// rootScope is the scope of all names outside loops.
func (c *compiler) rootScope(types []*schema.Type) *expr.Scope {
	s := expr.NewScope()
	for slot, name := range inputNames {
		s = s.With(name, c.rootType(slot))
	}
	s = s.With("secrets", schema.Of(schema.Any))
	for i, step := range c.route.Steps {
		s = s.With(step.Name, types[i])
	}
	return s.With("parts", partsType(c.prog.Steps))
}

// goesOverNull reports whether what an each step goes over may be null.
func (c *compiler) goesOverNull(s *api.Step) bool {
	head, ok := parseEach(s.Each)
	if !ok {
		return false
	}
	v, issues := c.root.Expr(s.Each, head.offset, head.source)
	return len(issues) == 0 && v.Type.AllowsNull()
}

// stepType is the type of a step's name.
func (c *compiler) stepType(i int, s *api.Step, overNull bool) *schema.Type {
	op := c.ops[i]
	if op == nil {
		return schema.Of(schema.Any)
	}
	t := orAny(op.Response)
	if s.Optional && s.Default == nil {
		t = t.OrNull()
	}
	if s.Each == nil {
		return t
	}
	t = schema.ArrayOf(t)
	if overNull || s.Optional && s.Default == nil {
		t = t.OrNull()
	}
	return t
}
