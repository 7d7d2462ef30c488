package view

import (
	"maps"
	"slices"
	"strings"

	"atrium/bff/expr"
	"atrium/clients/rawjson"
	"atrium/clients/schema"
	"atrium/tenants/document"
)

// A block is a place where holes are written: the names it has, and what it has come to mention.
type block struct {
	c      *compiler
	scope  *expr.Scope
	bound  []*binding      // by slot: the rows of loop names; those of the root scope are the compiler's
	names  map[string]bool // mentioned in the block
	fields map[string]bool // mentioned in the block, of the names of the request
	code   *emitter
	loops  *bool        // a loop gives names their values
	step   bool         // the arguments of a step, where parts are not known yet
	top    bool         // the top of a response
	want   *schema.Type // of the body of a call; nil when nothing is known or wanted
}

// block returns a new one with the names of the root scope.
func (c *compiler) block(step bool) *block {
	return &block{c: c, scope: c.root, names: map[string]bool{}, fields: map[string]bool{}, loops: new(bool), step: step, code: &emitter{}}
}

// inside is the block of a value within what b describes.
func (b *block) inside() *block {
	in := *b
	in.top = false
	return &in
}

// with is the block of what is written inside of b where there is one more name, whose value is a row of binding; nil
// when nothing can be picked from it.
func (b *block) with(name string, t *schema.Type, row *binding) (inside *block, slot int) {
	in := *b
	in.top = false
	*in.loops = true
	in.scope = b.scope.With(name, t)
	in.code = &emitter{}
	slot, _ = in.scope.Slot(name)
	in.bound = append(slices.Clone(b.bound), make([]*binding, slot+1)[len(b.bound):]...)
	in.bound[slot] = row
	b.c.slots = max(b.c.slots, in.scope.Slots())
	return &in, slot
}

// value compiles a scalar; nil when it has issues.
func (b *block) value(n *document.Node) *expr.Value {
	v, issues := b.scope.Value(n)
	return b.checked(n, v, issues)
}

func (b *block) checked(n *document.Node, v *expr.Value, issues document.Issues) *expr.Value {
	b.c.issues = append(b.c.issues, issues...)
	if len(issues) > 0 || v == nil {
		return nil
	}
	for _, name := range v.Names {
		switch {
		case name == "secrets":
			b.c.report(n, "secrets may be used in the settings of upstreams, models and webhooks only")
		case name == "parts" && b.step:
			b.c.report(n, "parts are known when all steps have ended: they may be used in the response only")
		}
		b.names[name] = true
		b.c.names[name] = true
	}
	for _, field := range v.Fields {
		root, member, _ := strings.Cut(field, ".")
		b.glance(v, root, member)
		if !slices.Contains(inputNames[:], root) {
			continue
		}
		b.fields[field] = true
		b.c.fields[field] = true
		if root == "header" && member != strings.ToLower(member) {
			b.c.report(n, "names of headers are lower case here: want header[%q]", strings.ToLower(member))
		}
	}
	return v
}

// emit appends what makes the value.
func (b *block) emit(v *expr.Value) { b.code.op(b.op(v)) }

// op makes a value: constants are text, paths are copies, and the rest is evaluated.
func (b *block) op(v *expr.Value) op {
	if raw, ok := v.Const(); ok {
		return op{code: opText, text: raw}
	}
	slot, path, ok := v.Path()
	if !ok {
		return op{code: opValue, value: v}
	}
	if len(path) == 0 {
		b.reading(slot).whole()
		return op{code: opSlot, row: int32(slot)}
	}
	from := b.binding(slot)
	if from == nil {
		return op{code: opValue, value: v}
	}
	from.reading.at(path).whole()
	return op{code: opCopy, row: int32(from.row), column: int32(from.pick(path))}
}

func (b *binding) pick(path rawjson.Path) int {
	b.used = true
	return b.trie.Add(path)
}

// binding returns the row of a slot's value; nil when it has none.
func (b *block) binding(slot int) *binding {
	if slot >= b.c.root.Slots() {
		return b.bound[slot]
	}
	if b.c.bound[slot] == nil {
		b.c.bound[slot] = &binding{
			row: b.c.newRow(), scanner: b.c.newScanner(), trie: rawjson.NewTrie(), reading: b.c.promised(slot),
		}
	}
	return b.c.bound[slot]
}

// reading is what is read of a slot's value; nil when it is no answer, or nothing is promised of it.
func (b *block) reading(slot int) *reading {
	if slot < b.c.root.Slots() && b.c.promised(slot) == nil {
		return nil
	}
	from := b.binding(slot)
	if from == nil {
		return nil
	}
	return from.reading
}

// promised is a new reading of a step's name; nil of other names.
func (c *compiler) promised(slot int) *reading {
	for i, s := range c.route.Steps {
		if own, ok := c.root.Slot(s.Name); ok && own == slot && c.ops[i] != nil {
			return &reading{typ: c.types[i]}
		}
	}
	return nil
}

func (c *compiler) newRow() int {
	c.prog.rows++
	return c.prog.rows - 1
}

func (c *compiler) newScanner() int {
	c.prog.scanners++
	return c.prog.scanners - 1
}

// make compiles a template on its own.
func (b *block) make(n *document.Node) code {
	in := *b
	in.code = &emitter{}
	t := in.template(n)
	return code{ops: in.code.ops, typ: t, names: slices.Sorted(maps.Keys(b.names))}
}

// one makes a code of a value.
func (b *block) one(v *expr.Value) code { return code{ops: []op{b.op(v)}, typ: v.Type} }

// An emitter collects ops. Texts beside each other become one.
type emitter struct {
	ops    []op
	target bool // a jump leads to the next op, which may therefore not be merged into the last one
}

func (e *emitter) text(s string) { e.op(op{code: opText, text: []byte(s)}) }

func (e *emitter) op(o op) {
	if last := len(e.ops) - 1; o.code == opText && !e.target && last >= 0 && e.ops[last].code == opText {
		e.ops[last].text = slices.Concat(e.ops[last].text, o.text)
		return
	}
	e.target = false
	e.ops = append(e.ops, o)
}

// mark returns the place of the next op where that is the beginning or the end of a member of the response, whose ops
// are run on their own when it is sent before the rest.
func (b *block) mark() int {
	if b.top {
		b.code.target = true
	}
	return len(b.code.ops)
}

// unless emits a jump that land completes.
func (e *emitter) unless(condition *expr.Value) (jump int) {
	e.op(op{code: opUnless, value: condition})
	return len(e.ops) - 1
}

// land makes a jump lead to the next op.
func (e *emitter) land(jump int) {
	e.ops[jump].row = int32(len(e.ops))
	e.target = true
}
