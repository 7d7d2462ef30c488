package schema

import (
	"bytes"
	"reflect"
	"slices"
)

// Equal reports whether the types allow the same JSON and are called the same. Descriptions and defaults count.
func Equal(a, b *Type) bool { return (&comparison{}).equal(a, b) }

// A comparison assumes that a pair it has begun to compare is equal, which ends cycles.
type comparison struct{ assumed map[[2]*Type]bool }

func (c *comparison) equal(a, b *Type) bool {
	if a == b {
		return true
	}
	if a == nil || b == nil || !sameSelf(a, b) {
		return false
	}
	pair := [2]*Type{a, b}
	if c.assumed[pair] {
		return true
	}
	if c.assumed == nil {
		c.assumed = make(map[[2]*Type]bool)
	}
	c.assumed[pair] = true
	if !c.equal(a.Elem, b.Elem) || !c.equal(a.Extra, b.Extra) {
		return false
	}
	for i := range a.Fields {
		if !c.equal(a.Fields[i].Type, b.Fields[i].Type) {
			return false
		}
	}
	for i := range a.OneOf {
		if !c.equal(a.OneOf[i], b.OneOf[i]) {
			return false
		}
	}
	return true
}

// sameSelf compares all but the types that a and b are made of.
func sameSelf(a, b *Type) bool {
	if a.Kind != b.Kind || a.Name != b.Name || a.Description != b.Description || a.Format != b.Format {
		return false
	}
	if a.Nullable != b.Nullable || a.Closed != b.Closed || a.Written != b.Written {
		return false
	}
	if len(a.Fields) != len(b.Fields) || len(a.OneOf) != len(b.OneOf) {
		return false
	}
	for i, f := range a.Fields {
		g := b.Fields[i]
		f.Type, g.Type = nil, nil
		if f != g {
			return false
		}
	}
	return slices.Equal(a.Enum, b.Enum) && bytes.Equal(a.Default, b.Default) && sameLimits(a.Limits, b.Limits)
}

func sameLimits(a, b *Limits) bool {
	if a == nil || b == nil {
		return a == b
	}
	x, y := *a, *b
	x.pattern, y.pattern = nil, nil
	return reflect.DeepEqual(x, y)
}
