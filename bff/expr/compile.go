package expr

import (
	"maps"
	"slices"
	"strings"

	"atrium/clients/rawjson"
	"atrium/clients/schema"
	"atrium/tenants/document"
)

const (
	maxSource  = 4096 // bytes of one expression
	maxHoles   = 200  // of one text
	maxNesting = 32   // of brackets in an expression
	maxSteps   = 64   // of a path
)

// Value compiles a scalar: a literal, one hole, or a text with holes. It is nil when there are issues. A list or object
// is an issue; a node that is Broken was reported by its parser and is null.
func (s *Scope) Value(n *document.Node) (*Value, document.Issues) {
	switch n.Kind {
	case document.Null, document.Broken:
		return constant("null", schema.Null), nil
	case document.Bool:
		return constant(n.Text, schema.Bool), nil
	case document.Int:
		return constant(n.Text, schema.Integer), nil
	case document.Float:
		return constant(n.Text, schema.Number), nil
	case document.String:
		return s.text(n)
	case document.List:
		return nil, document.Issues{n.Issue("want one value, found a list")}
	case document.Map:
		return nil, document.Issues{n.Issue("want one value, found a map")}
	}
	return nil, document.Issues{n.Issue("want one value")}
}

// Expr compiles an expression that is written without ${}: src, which starts offset bytes into the text of the scalar n.
// It is nil when there are issues.
func (s *Scope) Expr(n *document.Node, offset int, src string) (*Value, document.Issues) {
	c := compiler{scope: s, node: n}
	made, t := c.expression(offset, src)
	return c.value(made, t)
}

func constant(raw string, kind schema.Kind) *Value {
	return &Value{Type: schema.Of(kind), node: constNode(raw)}
}

func (s *Scope) text(n *document.Node) (*Value, document.Issues) {
	parts, wrong := split(n.Text)
	switch {
	case wrong != nil:
		return nil, document.Issues{n.IssueAt(wrong.offset, "%s", wrong.message)}
	case len(parts) == 0:
		return constant(`""`, schema.String), nil
	case len(parts) == 1 && parts[0].hole:
		return s.Expr(n, parts[0].offset, parts[0].text)
	case len(parts) == 1:
		return constant(quote(parts[0].text), schema.String), nil
	case len(parts) > maxHoles:
		return nil, document.Issues{n.Issue("a text has at most %d holes", maxHoles/2)}
	}
	c := compiler{scope: s, node: n}
	var made textNode
	for _, p := range parts {
		if p.hole {
			hole, _ := c.expression(p.offset, p.text)
			made = append(made, hole)
			continue
		}
		made = append(made, constNode(quote(p.text)))
	}
	return c.value(made.folded(), schema.Of(schema.String))
}

// A compiler makes the nodes of one scalar.
type compiler struct {
	scope  *Scope
	node   *document.Node
	issues document.Issues
	names  map[string]bool
	fields map[string]bool
}

func (c *compiler) value(made node, t *schema.Type) (*Value, document.Issues) {
	if len(c.issues) > 0 {
		return nil, c.issues.Sort()
	}
	return &Value{
		Type:   t,
		Names:  slices.Sorted(maps.Keys(c.names)),
		Fields: slices.Sorted(maps.Keys(c.fields)),
		node:   made,
		place:  c.place(0),
	}, nil
}

// place returns file:line:column of a place in the scalar's text.
func (c *compiler) place(offset int) string {
	return strings.TrimSuffix(c.node.IssueAt(offset, "").String(), ": ")
}

func (c *compiler) report(offset int, format string, args ...any) {
	c.issues = append(c.issues, c.node.IssueAt(offset, format, args...))
}

// mention notes that a root is used, by one of its members or as a whole.
func (c *compiler) mention(root, member string) {
	if c.names == nil {
		c.names, c.fields = map[string]bool{}, map[string]bool{}
	}
	c.names[root] = true
	c.fields[root+"."+member] = true
}

const whole = "*" // the member that stands for all of them

// expression compiles what is between ${ and }. After an issue the results mean nothing.
func (c *compiler) expression(offset int, src string) (node, *schema.Type) {
	if len(src) > maxSource {
		c.report(offset, "an expression has at most %d bytes", maxSource)
		return nil, nil
	}
	if root, steps, ok := parsePath(src); ok {
		return c.path(offset, root, steps)
	}
	return c.cel(offset, src)
}

func (c *compiler) path(offset int, root string, steps []step) (node, *schema.Type) {
	found := c.scope.find(root)
	switch {
	case found == nil:
		c.unknownName(offset+max(0, strings.Index(c.node.Text[min(offset, len(c.node.Text)):], root)), root)
		return nil, nil
	case len(steps) > maxSteps:
		c.report(offset, "a path has at most %d steps", maxSteps)
		return nil, nil
	}
	member := whole
	if len(steps) > 0 && !steps[0].IsIndex {
		member = steps[0].Name
	}
	c.mention(root, member)
	t := found.typ
	path := make(rawjson.Path, len(steps))
	for i, s := range steps {
		next, wrong := follow(t, s)
		if wrong != nil {
			c.report(offset+s.offset, "%s", wrong(written(root, steps[:i])))
			return nil, nil
		}
		t, path[i] = next, s.Seg
	}
	return &pathNode{slot: found.slot, path: path}, t
}

func (c *compiler) unknownName(offset int, name string) {
	c.report(offset, "unknown name %q%s", name, document.DidYouMean(name, c.scope.names()))
}
