package view

import (
	"bytes"
	"slices"
	"strings"

	"atrium/clients/schema"
	"atrium/tenants/document"
)

// The names of a request, in the order of their slots.
const (
	slotPath = iota
	slotQuery
	slotHeader
	slotBody
	slotUser
	slotTenant
	slotVars
	slotNow
	inputSlots
)

var inputNames = [inputSlots]string{"path", "query", "header", "body", "user", "tenant", "vars", "now"}

// inputs say what Bind has to make.
type inputs struct {
	slots   int
	used    [inputSlots]bool // the names that any hole mentions
	headers []string         // mentioned, lower case, sorted
	all     bool             // every header is wanted
	// defaults says that the schema of the body has some.
	defaults bool
}

// declare settles the types of what a request brings: as declared under input, else as the operation's parameter that
// it feeds, else text.
func (c *compiler) declare() {
	c.fed = findFeeds(c.route.Steps, c.operationOf)
	c.declarePath()
	c.declareQuery()
	c.declareBody()
}

func (c *compiler) declarePath() {
	declared := map[string]*document.Node{}
	if c.route.Input != nil {
		declared = c.route.Input.Path
	}
	for _, seg := range c.route.Pattern.Segments {
		if seg.Param == "" {
			continue
		}
		p := Param{Name: seg.Param, Type: schema.Of(schema.String), Required: !seg.Optional}
		if n := declared[seg.Param]; n != nil {
			p.Type, _ = c.schemaOf(n)
		} else if from, ok := c.fed["path."+seg.Param]; ok && !seg.Rest {
			p.Type, p.Description = from.typ.NotNull(), from.description
		}
		c.prog.Path = append(c.prog.Path, p)
	}
}

func (c *compiler) declareQuery() {
	declared := map[string]*document.Node{}
	if c.route.Input != nil {
		declared = c.route.Input.Query
	}
	names := slices.Clone(c.mentioned["query"])
	for name := range declared {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		from, fed := c.fed["query."+name]
		p := Param{Name: name, Type: schema.Of(schema.String), Description: from.description}
		if n := declared[name]; n != nil {
			p.Type, p.Required = c.schemaOf(n)
			p.Default = p.Type.Default
			p.Description = p.Type.Description
		} else if fed {
			p.Type, p.Required = from.typ.NotNull(), from.required
		}
		p.Required = (p.Required || fed && from.required) && p.Default == nil
		c.prog.Query = append(c.prog.Query, p)
	}
}

// schemaOf reads the schema of a parameter, which may say required: true besides.
func (c *compiler) schemaOf(n *document.Node) (t *schema.Type, required bool) {
	if r := n.Get("required"); r != nil && r.Kind == document.Bool {
		required = r.Text == "true"
		rest := *n
		rest.Fields = slices.DeleteFunc(slices.Clone(n.Fields), func(f document.Field) bool { return f.Key == "required" })
		n = &rest
	}
	t, issues := schema.FromNode(n)
	c.issues = append(c.issues, issues...)
	if t == nil {
		t = schema.Of(schema.Any)
	}
	if t.Default != nil {
		for _, m := range t.Check(t.Default, maxMistakes) {
			c.report(n.Get("default"), "the default%s is not of its type: %s", pointed(m.Pointer), m)
		}
	}
	return t, required
}

func (c *compiler) declareBody() {
	if c.route.Input != nil && c.route.Input.Body != nil {
		c.prog.Body, c.prog.BodyRequired = c.declaredBody(c.route.Input.Body)
		return
	}
	if from, ok := c.fed["body"]; ok {
		c.prog.Body, c.prog.BodyRequired = from.typ, from.required
		return
	}
	fields := c.mentioned["body"]
	if len(fields) == 0 {
		if c.mentionsBody {
			c.prog.Body = schema.Of(schema.Any)
		}
		return
	}
	t := &schema.Type{Kind: schema.Object}
	for _, name := range fields {
		f := schema.Field{Name: name, Type: schema.Of(schema.Any)}
		if from, ok := c.fed["body."+name]; ok {
			f.Type, f.Required = from.typ, from.required
			c.prog.BodyRequired = c.prog.BodyRequired || from.required
		}
		t.Fields = append(t.Fields, f)
	}
	c.prog.Body = t
}

// declaredBody reads input.body: a schema, or upstream.operation whose body it is.
func (c *compiler) declaredBody(n *document.Node) (t *schema.Type, required bool) {
	if n.Kind != document.String {
		t, _ = c.schemaOf(n)
		c.prog.inputs.defaults = hasDefaults(t, map[*schema.Type]bool{})
		return t, !t.AllowsNull()
	}
	_, op := c.operation(n)
	if op == nil {
		return schema.Of(schema.Any), false
	}
	if op.Body == nil {
		c.report(n, "%s takes no body", n.Text)
		return schema.Of(schema.Any), false
	}
	return op.Body, op.BodyRequired
}

// object is the type of the name that holds parameters.
func object(params []Param) *schema.Type {
	t := &schema.Type{Kind: schema.Object}
	for i := range params {
		p := &params[i]
		here := p.Required || p.Default != nil && !bytes.Equal(p.Default, null)
		f := schema.Field{Name: p.Name, Type: p.Type, Required: here}
		if !here {
			f.Type = f.Type.OrNull()
		}
		t.Fields = append(t.Fields, f)
	}
	return t
}

// rootType is the type of a name of the request.
func (c *compiler) rootType(slot int) *schema.Type {
	text := schema.Of(schema.String)
	switch slot {
	case slotPath:
		return object(c.prog.Path)
	case slotQuery:
		return object(c.prog.Query)
	case slotHeader:
		return schema.MapOf(text.OrNull())
	case slotBody:
		t := orAny(c.prog.Body)
		if c.prog.inputs.defaults {
			t = filled(t, map[*schema.Type]*schema.Type{})
		}
		if c.prog.BodyRequired {
			return t
		}
		return t.OrNull()
	case slotUser:
		return c.deps.UserType
	case slotTenant:
		return schema.ObjectOf(
			schema.Field{Name: "id", Type: text, Required: true},
			schema.Field{Name: "vars", Type: varsType(c.mentioned["tenant.vars"]), Required: true})
	case slotVars:
		return varsType(c.mentioned["vars"])
	}
	return NowType()
}

// NowType is the type of the name now: the moment of the request, in UTC.
func NowType() *schema.Type {
	return schema.ObjectOf(
		schema.Field{Name: "date", Type: &schema.Type{Kind: schema.String, Format: "date"}, Required: true},
		schema.Field{Name: "time", Type: &schema.Type{Kind: schema.String, Format: "date-time"}, Required: true},
		schema.Field{Name: "unix", Type: schema.Of(schema.Integer), Required: true})
}

// varsType is the type of a tenant's variables. Those that are mentioned are there: a tenant without them is refused.
func varsType(names []string) *schema.Type {
	t := schema.MapOf(schema.Of(schema.String))
	for _, name := range names {
		t.Fields = append(t.Fields, schema.Field{Name: name, Type: schema.Of(schema.String), Required: true})
	}
	return t
}

func orAny(t *schema.Type) *schema.Type {
	if t == nil {
		return schema.Of(schema.Any)
	}
	return t
}

// wantInputs notes what Bind has to make for the names and fields that are mentioned.
func (c *compiler) wantInputs() {
	in := &c.prog.inputs
	in.slots = inputSlots
	for slot, name := range inputNames {
		in.used[slot] = c.names[name]
	}
	for _, field := range c.prog.Fields {
		name, ok := strings.CutPrefix(field, "header.")
		switch {
		case ok && name != "*":
			in.headers = append(in.headers, name)
		case ok:
			in.all = true
		}
	}
}
