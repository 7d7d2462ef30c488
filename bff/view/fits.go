package view

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"atrium/clients/schema"
	"atrium/tenants/document"
)

// fits reports where a value is not what its place wants, at the finest place of the template that is to blame.
func (c *compiler) fits(n *document.Node, value code, want *schema.Type, place string) {
	c.mismatched(n, value, value.typ.AssignableTo(orAny(want)), place)
}

func (c *compiler) mismatched(n *document.Node, value code, mismatches []schema.Mismatch, place string) {
	for _, m := range mismatches {
		where := at(n, m.Pointer)
		if m.Null {
			c.report(where, "%s%s cannot be null, and this may be; %s", place, pointed(m.Pointer),
				c.remedies(where, value.names))
			continue
		}
		c.report(where, "%s%s: %s", place, pointed(m.Pointer), m.Reason)
	}
}

func pointed(pointer string) string {
	if pointer == "" {
		return ""
	}
	return " at " + pointer
}

// memberHole is a hole that is a member of a name.
var memberHole = regexp.MustCompile(`^\$\{\s*(\w+)\.([A-Za-z_]\w*)\s*\}$`)

// remedies say what can be done about a null, by where it may come from.
func (c *compiler) remedies(n *document.Node, names []string) string {
	var out []string
	for _, s := range c.prog.Steps {
		if s.Optional && slices.Contains(names, s.Name) {
			out = append(out, fmt.Sprintf("give the step %s a default instead of optional", s.Name))
		}
	}
	if slices.Contains(names, "query") {
		out = append(out, "declare the parameter under input.query with required: true or a default")
	}
	if slices.Contains(names, "user") && c.deps.UserType.AllowsNull() {
		out = append(out, "say auth: required")
	}
	root, member := "a", "b"
	if found := memberHole.FindStringSubmatch(n.Text); found != nil {
		root, member = found[1], found[2]
	}
	out = append(out, fmt.Sprintf("give a value in its place, as in ${%s.?%s.orValue(VALUE)}", root, member))
	return strings.Join(out, ", or ")
}

// at is the node that a pointer into the value of a template leads to, or the nearest one around it.
func at(n *document.Node, pointer string) *document.Node {
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if n.Kind == document.Map && n.Get("$item") != nil {
			n = n.Get("$item")
		}
		next := n.At("/" + token)
		if n.Kind == document.Map && n.Get("$each") != nil && token == "-" {
			continue // the object beside $each is the element
		}
		if n.Kind == document.List && token == "-" && len(n.Items) > 0 {
			next = n.Items[0]
		}
		if next == nil {
			return n
		}
		n = next
	}
	return n
}

func fieldsOf(n *document.Node) []document.Field {
	if n == nil {
		return nil
	}
	return n.Fields
}
