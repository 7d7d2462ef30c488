package expr

import (
	"atrium/clients/schema"

	"cel.dev/cel-go/common/types"
)

// A static is what is known of an expression before it runs.
type static struct {
	typ      *schema.Type // Any when nothing is known, or when it is no JSON
	other    string       // what it is when it is no JSON: "bytes", "timestamp", ...
	optional bool         // an optional of typ
}

// nothing is the type of what is in an empty list: any other type swallows it. It is told by its address.
var nothing = schema.Of(schema.Any)

func known(kind schema.Kind) static { return static{typ: schema.Of(kind)} }

func unknown() static { return static{typ: schema.Of(schema.Any)} }

// mayBeNull reports whether a type says so; Any does not.
func mayBeNull(t *schema.Type) bool { return t.Nullable || t.Kind == schema.Null }

// join returns the type of a value that is of one of two types.
func join(a, b *schema.Type) *schema.Type {
	switch {
	case a == nothing:
		return b
	case b == nothing:
		return a
	case mayBeNull(a) || mayBeNull(b):
		return joinPlain(a.NotNull(), b.NotNull()).OrNull()
	}
	return joinPlain(a, b)
}

func joinPlain(a, b *schema.Type) *schema.Type {
	switch {
	case a.Kind == schema.Null:
		return b
	case b.Kind == schema.Null || schema.Equal(a, b):
		return a
	case isNumber(a) && isNumber(b) && a.Kind != b.Kind:
		return schema.Of(schema.Number)
	case a.Kind == schema.Array && b.Kind == schema.Array:
		return schema.ArrayOf(join(elemOf(a), elemOf(b)))
	case a.Kind == b.Kind && isScalar(a.Kind):
		return schema.Of(a.Kind)
	}
	return schema.UnionOf(a, b)
}

func joinStatic(a, b static) static {
	if a.other != b.other || a.optional != b.optional {
		return unknown()
	}
	return static{typ: join(a.typ, b.typ), other: a.other, optional: a.optional}
}

func isNumber(t *schema.Type) bool { return t.Kind == schema.Integer || t.Kind == schema.Number }

func isScalar(k schema.Kind) bool {
	return k == schema.Bool || k == schema.String || k == schema.Integer || k == schema.Number
}

// A match binds the type parameters of one overload to what it is called with.
type match struct {
	bound  map[string]static
	widen  bool  // integers may become numbers
	widens []int // the arguments that do
}

// fits reports whether the i-th argument may be what a function wants.
func (m *match) fits(i int, want *types.Type, have static) bool {
	if want.Kind() == types.TypeParamKind {
		if before, ok := m.bound[want.TypeName()]; ok {
			have = joinStatic(before, have)
		}
		m.bound[want.TypeName()] = have
		return true
	}
	if want.Kind() == types.OpaqueKind || have.optional {
		return want.Kind() == types.OpaqueKind && have.optional && m.fits(i, want.Parameters()[0], static{typ: have.typ})
	}
	if have.other != "" {
		return want.Kind() == types.DynKind || otherName(want.Kind()) == have.other
	}
	switch have.typ.Kind {
	case schema.Any, schema.Union:
		return true
	case schema.Null, schema.Bool, schema.Integer, schema.Number, schema.String, schema.Array, schema.Object:
	}
	return m.fitsKind(i, want, have.typ)
}

func (m *match) fitsKind(i int, want *types.Type, have *schema.Type) bool {
	switch kind := want.Kind(); {
	case kind == types.DynKind:
		return true
	case kind == types.BoolKind:
		return have.Kind == schema.Bool
	case kind == types.StringKind:
		return have.Kind == schema.String
	case kind == types.IntKind:
		return have.Kind == schema.Integer
	case kind == types.DoubleKind && m.widen && have.Kind == schema.Integer:
		m.widens = append(m.widens, i)
		return true
	case kind == types.DoubleKind:
		return have.Kind == schema.Number
	case kind == types.ListKind && have.Kind == schema.Array:
		elem := static{typ: elemOf(have)}
		return elem.typ == nothing || m.fits(i, want.Parameters()[0], elem)
	case kind == types.MapKind && have.Kind == schema.Object && isMap(have):
		return m.fits(i, want.Parameters()[1], static{typ: have.Extra})
	}
	return false
}

// gives returns what a function gives, from what CEL says.
func (m *match) gives(t *types.Type) static {
	kind := t.Kind()
	if other := otherName(kind); other != "" {
		return static{typ: schema.Of(schema.Any), other: other}
	}
	if json, ok := jsonKind(kind); ok {
		return known(json)
	}
	if kind == types.TypeParamKind {
		if s, ok := m.bound[t.TypeName()]; ok {
			return s
		}
	}
	if kind == types.OpaqueKind {
		inner := m.gives(t.Parameters()[0])
		inner.optional = true
		return inner
	}
	if kind == types.ListKind {
		return static{typ: schema.ArrayOf(m.gives(t.Parameters()[0]).typ)}
	}
	if kind == types.MapKind {
		return static{typ: schema.MapOf(m.gives(t.Parameters()[1]).typ)}
	}
	return unknown()
}

func jsonKind(k types.Kind) (schema.Kind, bool) {
	kind, ok := map[types.Kind]schema.Kind{
		types.BoolKind:     schema.Bool,
		types.IntKind:      schema.Integer,
		types.UintKind:     schema.Integer,
		types.DoubleKind:   schema.Number,
		types.StringKind:   schema.String,
		types.NullTypeKind: schema.Null,
	}[k]
	return kind, ok
}

// otherName is how people call a type that is no JSON; "" for JSON.
func otherName(k types.Kind) string {
	return map[types.Kind]string{
		types.BytesKind:     "bytes",
		types.TimestampKind: "timestamp",
		types.DurationKind:  "duration",
		types.TypeKind:      "a type",
	}[k]
}
