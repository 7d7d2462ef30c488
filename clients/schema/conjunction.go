package schema

import (
	"cmp"
	"slices"
	"strconv"

	"atrium/tenants/document"
)

// A conjunction is what a value must satisfy all at once: a schema, or those that allOf puts together.
type conjunction []part

type part struct {
	node *document.Node
	bare bool // without its oneOf and anyOf, which somebody looks after
	kind Kind // of several types, the one meant; Any means all
}

// A subject is a conjunction on its way to becoming a type.
type subject struct {
	parts conjunction
	name  string // of the component it was reached through
	null  bool   // null is allowed besides
}

// read returns the type of a conjunction: always the same for the same one. Its content may follow later, see finish.
func (r *Reader) read(c conjunction) *Type {
	s := r.settle(c)
	key := r.identity(s)
	t := r.types[key]
	if t == nil {
		if len(r.types) >= maxTypes {
			if !r.full {
				r.report(c[0].node, "the document has more schemas than can be read")
			}
			r.full = true
			return Of(Any)
		}
		t = &Type{Name: s.name}
		r.types[key] = t
		r.fresh = append(r.fresh, fresh{of: t, parts: s.parts})
	}
	if s.null {
		return r.orNull(key, t)
	}
	return t
}

// orNull returns the variant of t with null. Its content follows in finish.
func (r *Reader) orNull(key string, t *Type) *Type {
	key += "?"
	variant := r.types[key]
	if variant == nil {
		variant = &Type{plain: t}
		r.types[key] = variant
		r.nulls = append(r.nulls, variant)
	}
	return variant
}

// finish fills the types that were met since the last time, and those that these lead to.
func (r *Reader) finish() {
	for i := 0; i < len(r.fresh); i++ { // not by recursion: types may lead on as far as the document is long
		r.fill(r.fresh[i].of, r.fresh[i].parts)
	}
	for changed := true; changed; {
		changed = false
		for _, t := range r.unions {
			if !t.Nullable && slices.ContainsFunc(t.OneOf, (*Type).AllowsNull) {
				t.Nullable, changed = true, true
			}
		}
	}
	r.nameCycles()
	for _, t := range r.nulls {
		plain := t.plain
		*t = *plain
		if !plain.AllowsNull() {
			t.Nullable, t.plain = true, plain
		}
		if t.Kind == Union {
			r.unions = append(r.unions, t)
		}
	}
	for _, t := range r.unions {
		t.simplify()
	}
	r.fresh, r.unions, r.nulls = nil, nil, nil
}

// nameCycles names a type of every cycle that has no name on it, so that all cycles end at a name.
func (r *Reader) nameCycles() {
	const (
		entered = 1 + iota
		left
	)
	states := make(map[*Type]int)
	hints := make(map[*Type]string)
	var walk func(t *Type)
	walk = func(t *Type) {
		if t == nil || t.Name != "" || states[t] == left {
			return
		}
		if states[t] == entered {
			t.Name = cmp.Or(hints[t], "Schema")
			return
		}
		states[t] = entered
		walk(t.Elem)
		walk(t.Extra)
		walk(t.plain)
		for _, f := range t.Fields {
			walk(f.Type)
		}
		for _, one := range t.OneOf {
			walk(one)
		}
		states[t] = left
	}
	for _, f := range r.fresh {
		for _, p := range f.parts {
			hints[f.of] = cmp.Or(hints[f.of], r.names[p.node])
		}
	}
	for _, f := range r.fresh {
		walk(f.of)
	}
}

// identity tells conjunctions apart.
func (r *Reader) identity(s subject) string {
	key := []byte(s.name)
	for _, p := range s.parts {
		id, ok := r.ids[p.node]
		if !ok {
			id = len(r.ids) + 1
			r.ids[p.node] = id
		}
		key = append(key, ' ')
		key = strconv.AppendInt(key, int64(id), 10)
		if p.bare {
			key = append(key, 'b')
		}
		if p.kind != Any {
			key = append(key, 'k', '0'+byte(p.kind))
		}
	}
	return string(key)
}

// settle follows references, spreads allOf and takes the only alternative of oneOf and anyOf, until what is left says
// something by itself.
func (r *Reader) settle(c conjunction) subject {
	s := subject{parts: c}
	for range maxLevel {
		if r.follow(&s) {
			continue
		}
		spread := &spreading{reader: r, subject: &s, seen: make(map[part]bool)}
		for _, p := range s.parts {
			spread.add(p, maxLevel)
		}
		changed := !slices.Equal(s.parts, spread.parts)
		s.parts = spread.parts
		if !changed && !r.onlyAlternative(&s) {
			return s
		}
	}
	r.report(c[0].node, "the schema leads back to itself and says nothing else")
	return subject{}
}

// follow takes one step from a schema that is nothing but another one: a reference, or allOf of one. The last name on
// the way is the type's.
func (r *Reader) follow(s *subject) bool {
	if len(s.parts) != 1 {
		return false
	}
	p := s.parts[0]
	if name := r.names[p.node]; name != "" && !p.bare && p.kind == Any {
		s.name = name
	}
	if says(p.node, p.bare) {
		return false
	}
	next := p.node.Get("$ref")
	all := p.node.Get("allOf")
	switch {
	case next != nil && all == nil && next.Kind == document.String:
		next = r.target(next)
	case next == nil && all != nil && len(all.Items) == 1:
		next = all.Items[0]
	default:
		return false
	}
	if next == nil {
		return false
	}
	r.checkKeywords(p.node)
	s.null = s.null || r.flag(p.node, "nullable")
	s.parts = conjunction{{node: next, kind: p.kind}}
	return true
}

// spreading flattens references and allOf.
type spreading struct {
	*subject
	reader *Reader
	seen   map[part]bool
	parts  conjunction
}

func (s *spreading) add(p part, depth int) {
	if s.seen[p] || depth == 0 {
		return
	}
	s.seen[p] = true
	n := p.node
	switch n.Kind {
	case document.Map:
	case document.Bool, document.Broken:
		return // true says nothing; false, for what never is there, is not worth a kind of its own
	case document.Null, document.Int, document.Float, document.String, document.List:
		s.reader.report(n, "want a schema, found %v", n.Kind)
		return
	}
	s.reader.checkKeywords(n)
	ref, all := n.Get("$ref"), n.Get("allOf")
	if ref != nil && ref.Kind == document.String {
		if target := s.reader.target(ref); target != nil {
			s.add(part{node: target, kind: p.kind}, depth-1)
		}
	}
	if all != nil {
		for _, item := range s.reader.list(all, "a list of schemas") {
			s.add(part{node: item, kind: p.kind}, depth-1)
		}
	}
	if (ref != nil || all != nil) && s.reader.flag(n, "nullable") {
		s.null = true
	}
	if (ref == nil && all == nil) || says(n, p.bare) {
		s.parts = append(s.parts, p)
	}
}

// onlyAlternative resolves the first oneOf or anyOf of which at most one alternative says something besides null.
func (r *Reader) onlyAlternative(s *subject) bool {
	for i, p := range s.parts {
		if p.bare || !isUnion(p.node) {
			continue
		}
		alternatives, null := r.alternatives(p.node)
		if len(alternatives) > 1 {
			continue
		}
		p.bare = true
		parts := slices.Clone(s.parts[:i])
		if says(p.node, true) && (len(alternatives) == 0 || !saysTypeOnly(p.node)) {
			parts = append(parts, p)
		}
		parts = append(parts, s.parts[i+1:]...)
		for _, one := range alternatives {
			parts = append(parts, part{node: one, kind: p.kind})
		}
		if null != nil && len(alternatives) == 0 {
			parts = append(parts, part{node: null}) // nothing but null is left
		}
		s.parts = parts
		s.null = s.null || null != nil
		return true
	}
	return false
}

func isUnion(n *document.Node) bool { return n.Get("oneOf") != nil || n.Get("anyOf") != nil }

// alternatives returns those of oneOf or anyOf that say something, and the one that is null, if any. Alternatives of
// alternatives count as its own.
func (r *Reader) alternatives(n *document.Node) (found []*document.Node, null *document.Node) {
	seen := make(map[*document.Node]bool)
	var add func(n *document.Node)
	add = func(n *document.Node) {
		for _, key := range []string{"oneOf", "anyOf"} {
			for _, item := range r.list(n.Get(key), "a list of schemas") {
				target := r.Deref(item)
				switch {
				case target == nil || seen[target]:
				case isNull(target):
					null = target
				case isUnion(target) && !says(target, true):
					seen[target] = true
					add(target)
				case constrains(target):
					seen[target] = true
					found = append(found, item)
				}
			}
		}
	}
	seen[n] = true
	add(n)
	return found, null
}
