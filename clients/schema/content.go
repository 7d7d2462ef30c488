package schema

import (
	"regexp"
	"slices"

	"atrium/tenants/document"
)

// members are the properties of a conjunction by name, in the order first declared.
type members struct {
	names []string
	of    map[string]conjunction
}

func (r *Reader) fillObject(t *Type, c conjunction) {
	all := members{of: make(map[string]conjunction)}
	required := make(map[string]bool)
	for _, p := range c {
		for _, f := range r.mapping(p.node.Get("properties")) {
			all.add(f.Key, part{node: f.Value})
		}
		for _, n := range r.list(p.node.Get("required"), "a list of names") {
			required[n.Text] = true
		}
	}
	for _, p := range c {
		for _, n := range r.list(p.node.Get("required"), "a list of names") {
			all.add(n.Text)
		}
	}
	for _, name := range all.names {
		t.Fields = append(t.Fields, r.field(name, all.of[name], required[name]))
	}
	r.fillExtra(t, c)
}

func (m *members) add(name string, p ...part) {
	if _, ok := m.of[name]; !ok {
		m.names = append(m.names, name)
	}
	m.of[name] = append(m.of[name], p...)
}

// field reads a property. One that is required but not declared may be anything.
func (r *Reader) field(name string, c conjunction, required bool) Field {
	f := Field{Name: name, Type: Of(Any), Required: required}
	if len(c) == 0 {
		return f
	}
	f.Type = r.read(c)
	for _, p := range c {
		f.ReadOnly = f.ReadOnly || r.flag(p.node, "readOnly")
		f.WriteOnly = f.WriteOnly || r.flag(p.node, "writeOnly")
		if p.node.Get("$ref") != nil || p.node.Get("allOf") != nil {
			f.Description = r.text(p.node, "description")
		}
	}
	f.Required = required && !f.WriteOnly
	return f
}

// fillExtra says what undeclared members are. Where nothing is said they may not be referred to, unless nothing at all
// is declared.
func (r *Reader) fillExtra(t *Type, c conjunction) {
	var extra conjunction
	free, refused := false, 0
	for _, p := range c {
		n := p.node.Get("additionalProperties")
		if n == nil {
			n = p.node.Get("unevaluatedProperties")
		}
		for _, f := range r.mapping(p.node.Get("patternProperties")) {
			extra = append(extra, part{node: f.Value})
		}
		switch {
		case n == nil:
		case n.Kind == document.Bool && n.Text == "true":
			free = true
		case n.Kind == document.Bool:
			refused++
		default:
			extra = append(extra, part{node: n})
		}
	}
	switch {
	case free || len(extra) > 1:
		t.Extra = Of(Any)
	case len(extra) == 1:
		t.Extra = r.read(extra)
	case refused == len(c):
		t.Closed = true
	case refused == 0 && len(t.Fields) == 0:
		t.Extra = Of(Any)
	}
}

func (r *Reader) fillArray(t *Type, c conjunction) {
	var elem conjunction
	var prefix []*Type
	open := true
	for _, p := range c {
		items := p.node.Get("items")
		for _, n := range r.list(p.node.Get("prefixItems"), "a list of schemas") {
			prefix = append(prefix, r.read(conjunction{{node: n}}))
		}
		switch {
		case items == nil:
		case items.Kind == document.Bool:
			open = open && items.Text == "true"
		default:
			elem = append(elem, part{node: items})
		}
	}
	switch {
	case len(prefix) == 0 && len(elem) > 0:
		t.Elem = r.read(elem)
	case len(prefix) > 0 && (len(elem) > 0 || !open):
		if len(elem) > 0 {
			prefix = append(prefix, r.read(elem))
		}
		t.Elem = r.oneOf(prefix)
	}
}

// oneOf joins types that may still be open.
func (r *Reader) oneOf(types []*Type) *Type {
	var distinct []*Type
	for _, t := range types {
		if !slices.Contains(distinct, t) {
			distinct = append(distinct, t)
		}
	}
	if len(distinct) == 1 {
		return distinct[0]
	}
	t := &Type{Kind: Union, OneOf: distinct}
	r.unions = append(r.unions, t)
	return t
}

// enumOf returns the values that one schema lists.
func (r *Reader) enumOf(n *document.Node) (values []*document.Node, ok bool) {
	if n.Get("const") != nil {
		return []*document.Node{n.Get("const")}, true
	}
	if n.Get("enum") == nil {
		return nil, false
	}
	return r.list(n.Get("enum"), "a list of values"), true
}

// enum returns the values of a kind that all parts allow.
func (r *Reader) enum(c conjunction, kind Kind) []string {
	var allowed []string
	for _, p := range c {
		nodes, ok := r.enumOf(p.node)
		if !ok {
			continue
		}
		values := []string{}
		for _, n := range nodes {
			if sameKind(kindOf(n), kind) {
				values = append(values, string(n.JSON()))
			}
		}
		if allowed == nil {
			allowed = values
		} else {
			allowed = slices.DeleteFunc(allowed, func(v string) bool { return !slices.Contains(values, v) })
		}
	}
	return slices.Compact(allowed)
}

// limits returns the bounds of a conjunction, the later over the earlier; nil when there are none.
func (r *Reader) limits(c conjunction) *Limits {
	var l Limits
	for _, p := range c {
		n := p.node
		set(&l.Minimum, r.number(n, "minimum"))
		set(&l.Maximum, r.number(n, "maximum"))
		set(&l.MultipleOf, r.number(n, "multipleOf"))
		r.exclusive(n, "exclusiveMinimum", &l.Minimum, &l.ExclusiveMinimum)
		r.exclusive(n, "exclusiveMaximum", &l.Maximum, &l.ExclusiveMaximum)
		set(&l.MaxLength, r.count(n, "maxLength"))
		set(&l.MaxItems, r.count(n, "maxItems"))
		set(&l.MaxProperties, r.count(n, "maxProperties"))
		for into, key := range map[*int]string{
			&l.MinLength: "minLength", &l.MinItems: "minItems", &l.MinProperties: "minProperties",
		} {
			if v := r.count(n, key); v != nil {
				*into = *v
			}
		}
		l.UniqueItems = l.UniqueItems || r.flag(n, "uniqueItems")
		if s := r.text(n, "pattern"); s != "" {
			l.Pattern = s
		}
	}
	if l == (Limits{}) {
		return nil
	}
	if l.Pattern != "" {
		l.pattern, _ = regexp.Compile(l.Pattern) // beyond RE2, such as look-around: told in Limits, not checked
	}
	return &l
}

func set[T any](into **T, v *T) {
	if v != nil {
		*into = v
	}
}

// exclusive reads a bound that is a flag in OpenAPI 3.0 and a number since.
func (r *Reader) exclusive(n *document.Node, key string, bound **float64, flag *bool) {
	v := n.Get(key)
	if v == nil {
		return
	}
	if v.Kind == document.Bool {
		*flag = r.flag(n, key)
		return
	}
	if limit := r.number(n, key); limit != nil {
		*bound, *flag = limit, true
	}
}
