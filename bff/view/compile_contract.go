package view

import (
	"slices"
	"strconv"

	"atrium/bff/expr"
	"atrium/clients/rawjson"
	"atrium/clients/schema"
)

// A reading is what the holes of a view read of a value. It is collected while they are compiled.
type reading struct {
	typ      *schema.Type
	seg      rawjson.Seg
	required bool
	deep     bool
	parts    []*reading // by the last segment of their path
	elem     *reading   // of a loop over it; nil when there is none
}

// at is the reading of what a path leads to; nil where its type is not known, and nothing can be promised.
func (r *reading) at(path rawjson.Path) *reading {
	for _, seg := range path {
		if r = r.part(seg); r == nil {
			return nil
		}
	}
	return r
}

func (r *reading) part(seg rawjson.Seg) *reading {
	if r == nil {
		return nil
	}
	for _, p := range r.parts {
		if p.seg == seg {
			return p
		}
	}
	p := &reading{seg: seg}
	switch {
	case seg.IsIndex && r.typ.Kind == schema.Array:
		p.typ = orAny(r.typ.Elem)
	case !seg.IsIndex && r.typ.Kind == schema.Object:
		f, ok := r.typ.Member(seg.Name)
		if !ok {
			return nil
		}
		p.typ, p.required = f.Type, f.Required
	default:
		return nil
	}
	r.parts = append(r.parts, p)
	return p
}

// whole notes that all of the value is read.
func (r *reading) whole() {
	if r != nil {
		r.deep = true
	}
}

// over is the reading of the elements of what a loop goes over, which are of type t.
func (r *reading) over(t *schema.Type) *reading {
	if r == nil {
		return nil
	}
	if r.elem == nil {
		r.elem = &reading{typ: t}
	}
	return r.elem
}

// glance notes what an expression looks at: the kinds of the members that it names. What is deeper is its own to check.
func (b *block) glance(v *expr.Value, root, member string) {
	if _, _, path := v.Path(); path {
		return
	}
	if _, constant := v.Const(); constant {
		return
	}
	slot, ok := b.scope.Slot(root)
	if !ok {
		return
	}
	from := b.binding(slot)
	if from == nil || from.reading == nil || member == "*" {
		return
	}
	if path := (rawjson.Path{{Name: member}}); from.reading.at(path) != nil {
		from.pick(path)
	}
}

// linkContracts makes the contracts of the steps out of what is read of them.
func (c *compiler) linkContracts() {
	for i, pl := range c.prog.plans {
		if b := c.bound[pl.slot]; b != nil && b.reading != nil && orAny(c.ops[i].Response).Kind != schema.Any {
			pl.contract = contractOf(c.ops[i].Response, b, pl.fan != nil)
		}
	}
}

func contractOf(t *schema.Type, b *binding, each bool) *contract {
	c := &contract{root: t}
	of, trie := b.reading, b.trie
	if each {
		of, trie = b.reading.elements(t), rawjson.NewTrie()
		c.trie = trie
	}
	if of.deep {
		return &contract{whole: t, root: t}
	}
	if of.elem != nil {
		self := read{column: trie.Add(nil), within: -1, typ: t, self: true}
		self.loop(of.elem, trie, nil)
		c.reads = append(c.reads, self)
	}
	c.reads = lower(of, trie, nil, -1, c.reads)
	if !each {
		b.used = b.used || len(c.reads) > 0
	}
	return c
}

// elements is what is read of the answers of an each step, whose name is the list of them.
func (r *reading) elements(t *schema.Type) *reading {
	all := &reading{typ: t, deep: r.deep}
	for _, p := range r.parts {
		all.add(p)
	}
	all.add(r.elem)
	return all
}

// add adds what another reading of the same value has.
func (r *reading) add(o *reading) {
	if r == nil || o == nil {
		return
	}
	r.deep = r.deep || o.deep
	for _, p := range o.parts {
		r.part(p.seg).add(p)
	}
	if o.elem != nil {
		r.over(o.elem.typ).add(o.elem)
	}
}

// lower makes the reads of a reading, those around others first. path leads to it in trie.
func lower(r *reading, trie *rawjson.Trie, path rawjson.Path, within int, reads []read) []read {
	for _, p := range r.parts {
		to := append(slices.Clip(path), p.seg)
		one := read{
			name: p.seg.Name, column: trie.Add(to), within: within, typ: p.typ, required: p.required, deep: p.deep,
		}
		if p.seg.IsIndex {
			one.name = strconv.Itoa(p.seg.Index)
		}
		if p.elem != nil && !p.deep {
			one.loop(p.elem, trie, to)
		}
		reads = append(reads, one)
		if !p.deep {
			reads = lower(p, trie, to, len(reads)-1, reads)
		}
	}
	return reads
}

// loop adds what is read of the elements.
func (r *read) loop(elem *reading, trie *rawjson.Trie, path rawjson.Path) {
	if elem.deep {
		r.deep = true
		return
	}
	r.rows, r.elem = trie.Each(path), elem.typ
	r.reads = lower(elem, r.rows, nil, -1, nil)
}
