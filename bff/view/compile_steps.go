package view

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"atrium/bff/api"
	"atrium/bff/expr"
	"atrium/clients/rest"
	"atrium/clients/schema"
	"atrium/tenants/document"
)

// What an each step may do when it does not say.
const (
	defaultConcurrency = 8
	defaultMaxItems    = 100
)

func (c *compiler) compileSteps() {
	for i, s := range c.route.Steps {
		slot, _ := c.root.Slot(s.Name)
		c.prog.plans = append(c.prog.plans, &plan{step: c.prog.Steps[i], slot: slot})
		c.compileStep(i, s)
	}
	c.distinctKeys()
}

func (c *compiler) compileStep(i int, s *api.Step) {
	b := c.block(true)
	pl, op := c.prog.plans[i], c.ops[i]
	if s.Each != nil {
		b = c.compileFan(pl, s, b)
	}
	c.compileWith(pl, s, op, b)
	c.compileBody(pl, s, op, b)
	pl.args.headers = c.compileHeaders(s.Node.Get("headers"), b)
	if s.Cache != nil {
		pl.args.tags = c.texts(s.Cache.Tags, b)
		if op != nil && op.Method != http.MethodGet && op.Method != http.MethodHead {
			c.report(s.Node.Get("cache"), "only answers to GET and HEAD are kept; %s is %s", s.Call, op.Method)
		}
	}
	c.compileDefault(pl.step, s, op)
	pl.loops = *b.loops
	pl.step.Fields = slices.Sorted(maps.Keys(b.fields))
	for _, name := range slices.Sorted(maps.Keys(b.names)) {
		if slices.ContainsFunc(c.route.Steps, func(o *api.Step) bool { return o.Name == name }) {
			pl.step.After = append(pl.step.After, name)
		}
	}
}

// compileFan compiles what an each step goes over, and returns the block of its arguments.
func (c *compiler) compileFan(pl *plan, s *api.Step, b *block) *block {
	pl.fan = &fan{
		concurrency: cmp.Or(s.Concurrency, defaultConcurrency),
		maxItems:    cmp.Or(s.MaxItems, defaultMaxItems),
	}
	l, inside := b.over(s.Each)
	if l == nil {
		return inside
	}
	if n, ok := constantLength(&l.list); ok && n > pl.fan.maxItems {
		c.report(s.Each, "%d items to call for, maxItems is %d", n, pl.fan.maxItems)
	}
	pl.fan.loop = *l
	return inside
}

// compileWith compiles the parameters of a call.
func (c *compiler) compileWith(pl *plan, s *api.Step, op *rest.Operation, b *block) {
	with := s.Node.Get("with")
	given := map[string]bool{}
	for i, f := range fieldsOf(with) {
		value := b.make(f.Value)
		if op == nil {
			continue
		}
		at := op.Param(f.Key)
		if at < 0 {
			c.issues = append(c.issues, with.KeyIssue(i, "%s has no parameter %q%s", s.Call, f.Key,
				document.DidYouMean(f.Key, paramNames(op))))
			continue
		}
		given[f.Key] = true
		place := fmt.Sprintf("the parameter %s of %s", f.Key, s.Call)
		c.mismatched(f.Value, value, op.Params[at].Accepts(value.typ), place)
		pl.args.params = append(pl.args.params, argument{index: at, value: value})
	}
	if op == nil {
		return
	}
	for _, p := range op.Params {
		if p.Required && !given[p.Name] {
			c.report(s.Node.Get("call"), "%s needs the %s parameter %s; give it under with", s.Call, p.In, p.Name)
		}
	}
}

func paramNames(op *rest.Operation) []string {
	names := make([]string, len(op.Params))
	for i, p := range op.Params {
		names[i] = p.Name
	}
	return names
}

func (c *compiler) compileBody(pl *plan, s *api.Step, op *rest.Operation, b *block) {
	if s.Body == nil {
		if op != nil && op.BodyRequired {
			c.report(s.Node.Get("call"), "%s needs a body", s.Call)
		}
		return
	}
	in := b.inside()
	if op != nil {
		in.want = op.Body
	}
	body := in.make(s.Body)
	pl.args.body = &body
	switch {
	case op == nil:
	case op.Body == nil:
		c.report(s.Body, "%s takes no body", s.Call)
	case op.BodyRequired:
		c.fits(s.Body, body, op.Body, "the body of "+s.Call)
	default:
		c.fits(s.Body, body, op.Body.OrNull(), "the body of "+s.Call)
	}
}

// compileHeaders compiles a mapping of header names to values.
func (c *compiler) compileHeaders(n *document.Node, b *block) []header {
	var out []header
	for _, f := range fieldsOf(n) {
		v := b.make(f.Value)
		switch v.typ.Kind {
		case schema.Array, schema.Object:
			c.report(f.Value, "the value of a header is text, this is %s", v.typ)
		case schema.Any, schema.Null, schema.Bool, schema.Integer, schema.Number, schema.String, schema.Union:
		}
		out = append(out, header{name: http.CanonicalHeaderKey(f.Key), value: v})
	}
	return out
}

// texts compiles tags.
func (c *compiler) texts(nodes []*document.Node, b *block) []*expr.Value {
	var out []*expr.Value
	for _, n := range nodes {
		v := b.value(n)
		if v == nil {
			continue
		}
		switch v.Type.Kind {
		case schema.Array, schema.Object, schema.Null:
			c.report(n, "want text, this is %s", v.Type)
		case schema.Any, schema.Bool, schema.Integer, schema.Number, schema.String, schema.Union:
			out = append(out, v)
		}
	}
	return out
}

// compileDefault checks what stands in for a failed step.
func (c *compiler) compileDefault(step *Step, s *api.Step, op *rest.Operation) {
	if s.Default == nil {
		return
	}
	if n := firstHole(s.Default); n != nil {
		c.report(n, "a default is a plain value, without holes")
		return
	}
	step.Default = s.Default.JSON()
	if op == nil || op.Response == nil {
		return
	}
	for _, m := range op.Response.Check(step.Default, maxMistakes) {
		hint := ""
		if m.Pointer == "" && s.Default.Kind == document.Null {
			hint = "; to go on without an answer say optional: true instead"
		}
		c.report(at(s.Default, m.Pointer), "the default%s is not what %s answers: %s%s",
			pointed(m.Pointer), s.Call, m, hint)
	}
}

func firstHole(n *document.Node) *document.Node {
	if n.Kind == document.String && strings.Contains(n.Text, "${") {
		return n
	}
	for _, item := range n.Items {
		if found := firstHole(item); found != nil {
			return found
		}
	}
	for _, f := range n.Fields {
		if found := firstHole(f.Value); found != nil {
			return found
		}
	}
	return nil
}

// distinctKeys holds that the steps' names differ as keys of Atrium-Parts, which know no upper case.
func (c *compiler) distinctKeys() {
	seen := map[string]string{}
	for _, s := range c.route.Steps {
		key := partKey(s.Name)
		if other, ok := seen[key]; ok {
			c.report(s.Node, "the steps %s and %s differ in case only", other, s.Name)
		}
		seen[key] = s.Name
	}
}
