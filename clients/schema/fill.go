package schema

import (
	"slices"

	"atrium/tenants/document"
)

// fill makes a type of what a settled conjunction says.
func (r *Reader) fill(t *Type, c conjunction) {
	r.annotate(t, c)
	if r.fillUnion(t, c) {
		return
	}
	kinds, null := r.kinds(c)
	if len(kinds) > 1 {
		t.Kind, t.Nullable = Union, null
		for _, kind := range kinds {
			t.OneOf = append(t.OneOf, r.read(c.as(kind)))
		}
		return
	}
	switch {
	case len(kinds) == 1:
		t.Kind, t.Nullable = kinds[0], null
	case null:
		t.Kind = Null
	}
	r.fillKind(t, c)
}

func (r *Reader) fillKind(t *Type, c conjunction) {
	switch t.Kind {
	case Object:
		r.fillObject(t, c)
	case Array:
		r.fillArray(t, c)
	case Bool, Integer, Number, String:
		t.Enum = r.enum(c, t.Kind)
	case Any, Null, Union:
		return
	}
	t.Limits = r.limits(c)
}

// as picks one of the types that a conjunction allows.
func (c conjunction) as(kind Kind) conjunction {
	one := slices.Clone(c)
	for i := range one {
		one[i].kind = kind
	}
	return one
}

// annotate takes what is said last: the nearest to where the type is used.
func (r *Reader) annotate(t *Type, c conjunction) {
	for _, p := range c {
		if s := r.text(p.node, "description"); s != "" {
			t.Description = s
		}
		if s := r.text(p.node, "format"); s != "" {
			t.Format = s
		}
		if n := p.node.Get("default"); n != nil && n.Kind != document.Broken {
			t.Default = n.JSON()
		}
	}
}

// fillUnion makes t a union when a part has alternatives. Each of them is joined with what is said beside them.
func (r *Reader) fillUnion(t *Type, c conjunction) bool {
	at := slices.IndexFunc(c, func(p part) bool { return !p.bare && isUnion(p.node) })
	if at < 0 {
		return false
	}
	base := slices.Clone(c)
	base[at].bare = true
	if !says(c[at].node, true) || saysTypeOnly(c[at].node) {
		base = slices.Delete(base, at, at+1)
	}
	alternatives, null := r.alternatives(c[at].node)
	for _, one := range alternatives {
		alternative := r.read(append(slices.Clone(base), part{node: one, kind: c[at].kind}))
		if alternative != t && !slices.Contains(t.OneOf, alternative) {
			t.OneOf = append(t.OneOf, alternative)
		}
	}
	t.Kind, t.Nullable = Union, null != nil || r.flag(c[at].node, "nullable")
	r.unions = append(r.unions, t)
	return true
}

// kinds returns the kinds that all parts allow, and whether null is allowed: it is when nothing refuses it and
// something asks for it.
func (r *Reader) kinds(c conjunction) (kinds []Kind, null bool) {
	refused := false
	for _, p := range c {
		of, typed, orNull := r.kindsOf(p.node)
		if p.kind != Any {
			of, typed, orNull = []Kind{p.kind}, true, false
		}
		if typed {
			refused = refused || !orNull
			kinds = common(kinds, of)
		}
		null = null || orNull
	}
	if kinds == nil && !null {
		for _, p := range c {
			if kind := implied(p.node); kind != Any && !slices.Contains(kinds, kind) {
				kinds = append(kinds, kind)
			}
		}
		if len(kinds) > 1 { // it says what strings must be and what objects must be, so it may be anything
			kinds = nil
		}
	}
	return kinds, null && !refused
}

// kindsOf returns what type, enum or const of one schema say.
func (r *Reader) kindsOf(n *document.Node) (kinds []Kind, typed, null bool) {
	null = r.flag(n, "nullable")
	add := func(kind Kind) {
		if kind == Null {
			null = true
		} else if kind != Any && !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	if of := n.Get("type"); of != nil {
		names := of.Items
		if of.Kind != document.List {
			names = []*document.Node{of}
		}
		for _, name := range names {
			add(r.kindNamed(name))
		}
		return r.kindsWithValues(n, kinds), true, null
	}
	values, ok := r.enumOf(n)
	for _, value := range values {
		add(kindOf(value))
	}
	return kinds, ok, null
}

// kindsWithValues leaves out, of several kinds, those that an enum has no value of.
func (r *Reader) kindsWithValues(n *document.Node, kinds []Kind) []Kind {
	values, ok := r.enumOf(n)
	if !ok || len(kinds) < 2 {
		return kinds
	}
	return slices.DeleteFunc(kinds, func(kind Kind) bool {
		return !slices.ContainsFunc(values, func(n *document.Node) bool { return sameKind(kindOf(n), kind) })
	})
}

// sameKind takes integers for numbers and the other way round.
func sameKind(a, b Kind) bool {
	return a == b || a == Integer && b == Number || a == Number && b == Integer
}

func (r *Reader) kindNamed(n *document.Node) Kind {
	names := []string{"null", "boolean", "integer", "number", "string", "array", "object"}
	if i := slices.Index(names, n.Text); i >= 0 && n.Kind == document.String {
		return Null + Kind(i)
	}
	if n.Kind == document.Null {
		return Null // YAML's null, written without quotes
	}
	r.report(n, "want the name of a type, found %v%s", found(n), document.DidYouMean(n.Text, names))
	return Any
}

func found(n *document.Node) string {
	if n.Kind == document.String {
		return `"` + n.Text + `"`
	}
	return n.Kind.String()
}

// kindOf returns the kind of a value that is written in a document.
func kindOf(n *document.Node) Kind {
	switch n.Kind {
	case document.Null:
		return Null
	case document.Bool:
		return Bool
	case document.Int:
		return Integer
	case document.Float:
		return Number
	case document.String:
		return String
	case document.List:
		return Array
	case document.Map:
		return Object
	case document.Broken:
	}
	return Any
}

// common keeps the kinds of both; nil stands for all.
func common(a, b []Kind) []Kind {
	if a == nil {
		return b
	}
	both := []Kind{}
	for _, kind := range a {
		switch {
		case slices.Contains(b, kind), kind == Integer && slices.Contains(b, Number):
			both = append(both, kind)
		case kind == Number && slices.Contains(b, Integer):
			both = append(both, Integer)
		}
	}
	return both
}

// implied guesses the kind of a schema that names no type from what else it says.
func implied(n *document.Node) Kind {
	has := func(keys ...string) bool {
		return slices.ContainsFunc(keys, func(key string) bool { return n.Get(key) != nil })
	}
	switch {
	case has("properties", "additionalProperties", "patternProperties", "required", "minProperties", "maxProperties"):
		return Object
	case has("items", "prefixItems", "minItems", "maxItems", "uniqueItems"):
		return Array
	case has("pattern", "minLength", "maxLength"):
		return String
	case has("format"):
		return formatKind(n.Get("format").Text)
	case has("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"):
		return Number
	}
	return Any
}

func formatKind(format string) Kind {
	switch format {
	case "int32", "int64":
		return Integer
	case "float", "double":
		return Number
	}
	return String
}
