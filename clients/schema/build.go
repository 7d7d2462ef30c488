package schema

import (
	"cmp"
	"slices"
)

// Of returns a type that is nothing but its kind: Any, Null, Bool, Integer, Number or String.
func Of(k Kind) *Type { return &Type{Kind: k} }

// ArrayOf returns the type of a list; a nil elem means elements of any type.
func ArrayOf(elem *Type) *Type { return &Type{Kind: Array, Elem: elem} }

// ObjectOf returns the type of an object that is written out member by member.
func ObjectOf(fields ...Field) *Type { return &Type{Kind: Object, Fields: fields, Written: true} }

// MapOf returns the type of an object with any names whose members all have type elem.
func MapOf(elem *Type) *Type { return &Type{Kind: Object, Extra: elem} }

// UnionOf returns the type of a value that has one of the types: duplicates are dropped, null becomes Nullable,
// Any swallows the rest, and a single type is returned as it is. Without types it is Null.
func UnionOf(types ...*Type) *Type {
	var list alternatives
	for _, t := range types {
		list.add(t, maxNesting)
	}
	switch {
	case list.any:
		return Of(Any)
	case len(list.types) == 0:
		return Of(Null)
	case len(list.types) == 1 && list.null:
		return list.types[0].OrNull()
	case len(list.types) == 1:
		return list.types[0]
	}
	return &Type{Kind: Union, OneOf: list.types, Nullable: list.null}
}

// alternatives collect what a union is of.
type alternatives struct {
	types     []*Type
	null, any bool
}

func (a *alternatives) add(t *Type, depth int) {
	a.null = a.null || t.Nullable || t.Kind == Null
	switch {
	case t.Kind == Any || depth == 0:
		a.any = true
	case t.Kind == Null:
	case t.Kind == Union && t.Name == "":
		for _, one := range t.OneOf {
			a.add(one, depth-1)
		}
	default:
		t = t.NotNull()
		for _, one := range a.types {
			if Equal(one, t) {
				return
			}
		}
		a.types = append(a.types, t)
	}
}

// OrNull returns t with null allowed.
func (t *Type) OrNull() *Type {
	if t.AllowsNull() {
		return t
	}
	nullable := *t
	nullable.Nullable = true
	nullable.plain = t
	return &nullable
}

// NotNull returns t with null not allowed; Any stays Any and Null stays Null.
func (t *Type) NotNull() *Type {
	if !t.Nullable {
		return t
	}
	if t.plain != nil {
		return t.plain
	}
	plain := *t
	plain.Nullable = false
	return &plain
}

// AllowsNull reports whether null is a value of t.
func (t *Type) AllowsNull() bool { return t.Nullable || t.Kind == Any || t.Kind == Null }

// simplify drops alternatives that are equal to another one, and the union when one is left.
func (t *Type) simplify() {
	var distinct []*Type
	for _, one := range t.OneOf {
		if !slices.ContainsFunc(distinct, func(other *Type) bool { return Equal(one, other) }) {
			distinct = append(distinct, one)
		}
	}
	t.OneOf = distinct
	if len(distinct) != 1 {
		return
	}
	union := *t
	*t = *distinct[0]
	t.Nullable = t.Nullable || union.Nullable && !t.AllowsNull()
	t.Name = cmp.Or(union.Name, t.Name)
	t.Description = cmp.Or(union.Description, t.Description)
	t.plain = cmp.Or(union.plain, t.plain)
}
