package view

import (
	"fmt"
	"slices"
	"strings"

	"atrium/clients/schema"
	"atrium/tenants/document"
)

// fits reports where a value is not what its place wants, at the finest place of the template that is to blame.
func (c *compiler) fits(n *document.Node, value code, want *schema.Type, place string) {
	for _, m := range value.typ.AssignableTo(orAny(want)) {
		where := at(n, m.Pointer)
		if m.Null {
			c.report(where, "%s cannot be null%s, and this may be: %s; %s", place, pointed(m.Pointer), m.Reason,
				c.remedies(value.names))
			continue
		}
		c.report(where, "%s: %s", place, m.Reason)
	}
}

func pointed(pointer string) string {
	if pointer == "" {
		return ""
	}
	return " at " + pointer
}

// remedies say what can be done about a null, by where it may come from.
func (c *compiler) remedies(names []string) string {
	var out []string
	for _, s := range c.prog.Steps {
		if s.Optional && slices.Contains(names, s.Name) {
			out = append(out, fmt.Sprintf("give the step %s a default instead of optional", s.Name))
		}
	}
	if slices.Contains(names, "query") {
		out = append(out, "declare the parameter under input.query with required: true or a default")
	}
	if slices.Contains(names, "user") && orAny(c.deps.UserType).Kind != schema.Any && c.deps.UserType.AllowsNull() {
		out = append(out, "say auth: required")
	}
	out = append(out, `give a value in its place, as in ${a.?b.orValue("")}`)
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
