package view

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"atrium/bff/expr"
	"atrium/clients/rawjson"
	"atrium/clients/schema"
	"atrium/tenants/document"
)

// The reserved keys of a template.
var (
	reservedKeys    = []string{"$each", "$where", "$sort", "$limit", "$item", "$if", "$spread"}
	reservedTopKeys = append(slices.Clone(reservedKeys), "$status", "$headers")
)

// template compiles the value that n describes and returns its type. A $if of n itself is the caller's: it says whether
// there is a value at all.
func (b *block) template(n *document.Node) *schema.Type {
	switch n.Kind {
	case document.Map:
		return b.mapping(n)
	case document.List:
		return b.list(n)
	case document.Broken:
		return schema.Of(schema.Any)
	case document.Null, document.Bool, document.Int, document.Float, document.String:
	}
	v := b.value(n)
	if v == nil {
		b.code.text("null")
		return schema.Of(schema.Any)
	}
	b.emit(v)
	if raw, ok := v.Const(); ok {
		return literal(raw)
	}
	return v.Type
}

// literal is the type of a constant: nothing but itself.
func literal(raw []byte) *schema.Type {
	t := schema.Of(schema.Any)
	switch rawjson.Kind(raw) {
	case rawjson.Null:
		return schema.Of(schema.Null)
	case rawjson.Bool:
		t.Kind = schema.Bool
	case rawjson.String:
		t.Kind = schema.String
	case rawjson.Number:
		t.Kind = schema.Integer
		if strings.ContainsAny(string(raw), ".eE") {
			t.Kind = schema.Number
		}
	case rawjson.Array, rawjson.Object, rawjson.Invalid:
		return t
	}
	t.Enum = []string{string(raw)}
	return t
}

// list compiles a list that is written out. Its elements may be left out by $if.
func (b *block) list(n *document.Node) *schema.Type {
	b.code.text("[")
	types := make([]*schema.Type, 0, len(n.Items))
	sure := false // an element is before this one
	in := b.inside()
	in.want = elemOf(b.want)
	for i, item := range n.Items {
		condition := in.condition(item)
		jump := b.begin(condition, i > 0, sure)
		types = append(types, in.template(item))
		b.end(condition, jump)
		sure = sure || condition == nil
	}
	b.code.text("]")
	if len(types) == 0 {
		return schema.ArrayOf(nil)
	}
	return schema.ArrayOf(schema.UnionOf(types...))
}

// begin starts what a condition may leave out, with the comma that it needs.
func (b *block) begin(condition *expr.Value, later, sure bool) (jump int) {
	if condition != nil {
		jump = b.code.unless(condition)
	}
	switch {
	case sure:
		b.code.text(",")
	case later:
		b.code.op(op{code: opComma})
	}
	return jump
}

func (b *block) end(condition *expr.Value, jump int) {
	if condition != nil {
		b.code.land(jump)
	}
}

// condition compiles the $if of a mapping; nil when it has none.
func (b *block) condition(n *document.Node) *expr.Value {
	if n.Kind != document.Map {
		return nil
	}
	return b.bool(n.Get("$if"), "$if")
}

// bool compiles a condition. Null counts as false.
func (b *block) bool(n *document.Node, key string) *expr.Value {
	if n == nil {
		return nil
	}
	v := b.value(n)
	if v == nil {
		return nil
	}
	switch v.Type.Kind {
	case schema.Bool, schema.Any:
		return v
	case schema.Null, schema.Integer, schema.Number, schema.String, schema.Array, schema.Object, schema.Union:
	}
	b.c.report(n, "%s wants a condition, found %s", key, v.Type)
	return nil
}

// mapping compiles an object, or what reserved keys make of it.
func (b *block) mapping(n *document.Node) *schema.Type {
	b.knownKeys(n)
	if n.Get("$each") != nil {
		return b.each(n)
	}
	for _, key := range []string{"$where", "$sort", "$limit"} {
		if at := n.Get(key); at != nil {
			b.c.report(at, "%s belongs beside a $each", key)
		}
	}
	if n.Get("$item") != nil {
		return b.item(n)
	}
	return b.object(n)
}

// knownKeys reports reserved keys that are none.
func (b *block) knownKeys(n *document.Node) {
	for i, f := range n.Fields {
		if !strings.HasPrefix(f.Key, "$") || strings.HasPrefix(f.Key, "$$") || slices.Contains(reservedKeys, f.Key) {
			continue
		}
		if slices.Contains(reservedTopKeys, f.Key) {
			if !b.top {
				b.c.issues = append(b.c.issues, n.KeyIssue(i, "%s belongs at the top of a response", f.Key))
			}
			continue
		}
		b.c.issues = append(b.c.issues, n.KeyIssue(i, "unknown key %q%s; a plain key that starts with $ is written %q",
			f.Key, document.DidYouMean(f.Key, reservedTopKeys), "$"+f.Key))
	}
}

// item compiles $item without $each: the value itself, which leaves room for $if and $status beside it.
func (b *block) item(n *document.Node) *schema.Type {
	for i, f := range n.Fields {
		if plain(f.Key) || f.Key == "$spread" {
			b.c.issues = append(b.c.issues, n.KeyIssue(i, "%s cannot stand beside $item, which is all of the value", f.Key))
		}
	}
	inside := b.inside()
	return inside.inner(n.Get("$item"), "$item")
}

// inner compiles a value that $if cannot leave out.
func (b *block) inner(n *document.Node, where string) *schema.Type {
	if n.Kind == document.Map && n.Get("$if") != nil {
		b.c.report(n.Get("$if"), "$if cannot leave out %s: there is no key to leave out", where)
	}
	return b.template(n)
}

// plain reports whether a key is one of the object's own.
func plain(key string) bool { return !strings.HasPrefix(key, "$") || strings.HasPrefix(key, "$$") }

// object compiles an object that is written out.
func (b *block) object(n *document.Node) *schema.Type {
	t := &schema.Type{Kind: schema.Object, Written: true}
	b.code.text("{")
	first, sure := true, false
	if from := n.Get("$spread"); from != nil {
		b.spreadInto(t, n, from)
		first = false
	}
	for i, f := range n.Fields {
		if !plain(f.Key) {
			continue
		}
		name := strings.TrimPrefix(f.Key, "$")
		if strings.Contains(name, "${") {
			b.c.issues = append(b.c.issues, n.KeyIssue(i, "keys are plain text; to make them of data use $each or $spread"))
		}
		names := b.names
		if b.top {
			b.names = map[string]bool{}
		}
		field, certain := b.field(name, f.Value, !first, sure)
		first, sure = false, sure || certain
		setField(t, field)
		if b.top {
			maps.Copy(names, b.names)
			b.names = names
		}
	}
	b.code.text("}")
	return t
}

// field compiles one member; certain is false when it may be left out.
func (b *block) field(name string, n *document.Node, later, sure bool) (f schema.Field, certain bool) {
	key := string(rawjson.AppendQuoted(nil, name)) + ":"
	in := b.inside()
	spare := in.wants(b.want, name)
	condition := in.condition(n)
	if spare && condition == nil {
		value := in.make(n)
		b.code.op(op{code: opMember, text: []byte(key), member: &value})
		return schema.Field{Name: name, Type: value.typ.NotNull(), Required: !value.typ.AllowsNull()}, false
	}
	jump := b.begin(condition, later, sure)
	b.code.text(key)
	from := b.mark()
	t := in.template(n)
	to := b.mark()
	b.end(condition, jump)
	if b.top {
		b.c.member(name, b.names, pieceCode{condition: condition, from: from, to: to})
	}
	return schema.Field{Name: name, Type: t, Required: condition == nil}, condition == nil
}

// wants narrows what is wanted to a member of it, and reports whether the member is to be left out when it is null:
// it may be absent, but not null.
func (b *block) wants(object *schema.Type, name string) bool {
	b.want = nil
	if object == nil {
		return false
	}
	m, ok := object.Member(name)
	if !ok {
		return false
	}
	b.want = m.Type
	return !m.Required && !m.Type.AllowsNull()
}

// setField adds a member to t, in place of one of the same name.
func setField(t *schema.Type, f schema.Field) {
	if i := slices.IndexFunc(t.Fields, func(o schema.Field) bool { return o.Name == f.Name }); i >= 0 {
		t.Fields[i] = f
		return
	}
	t.Fields = append(t.Fields, f)
}

// spreadInto compiles $spread: the members of an object that are not written beside it.
func (b *block) spreadInto(t *schema.Type, n, from *document.Node) {
	s := &spread{except: map[string]struct{}{}, place: fmt.Sprintf("%s:%d:%d", from.File, from.Line, from.Column)}
	for _, f := range n.Fields {
		if plain(f.Key) {
			s.except[strings.TrimPrefix(f.Key, "$")] = struct{}{}
		}
	}
	in := b.inside()
	in.want = nil
	s.object = in.make(from)
	b.code.op(op{code: opSpread, spread: s})
	of := s.object.typ
	switch of.Kind {
	case schema.Object:
		for _, f := range of.Fields {
			f.Required = f.Required && !of.AllowsNull()
			t.Fields = append(t.Fields, f)
		}
		t.Extra = of.Extra
	case schema.Any, schema.Union:
		t.Extra = schema.Of(schema.Any)
	case schema.Null, schema.Bool, schema.Integer, schema.Number, schema.String, schema.Array:
		b.c.report(from, "$spread wants an object, found %s", of)
	}
	t.Written = of.Kind == schema.Object && of.Extra == nil
}
