package view

import (
	"slices"

	"atrium/clients/rawjson"
	"atrium/clients/schema"
)

// hasDefaults reports whether a value of the type may lack something that its schema has a default for.
func hasDefaults(t *schema.Type, seen map[*schema.Type]bool) bool {
	if t == nil || seen[t] {
		return false
	}
	seen[t] = true
	for _, f := range t.Fields {
		if f.Type.Default != nil || hasDefaults(f.Type, seen) {
			return true
		}
	}
	return hasDefaults(t.Elem, seen) || hasDefaults(t.Extra, seen)
}

// appendDefaults appends a value of type t with what it lacks added where the schema has a default. What lies deeper
// than depth, and alternatives of a union, stay as they are.
func appendDefaults(dst []byte, t *schema.Type, raw []byte, depth int) []byte {
	switch {
	case t == nil, depth == 0:
	case t.Kind == schema.Object && rawjson.Kind(raw) == rawjson.Object:
		return appendObject(dst, t, raw, depth)
	case t.Kind == schema.Array && rawjson.Kind(raw) == rawjson.Array:
		dst = append(dst, '[')
		for item := range rawjson.Each(raw) {
			dst = appendDefaults(appendComma(dst), t.Elem, item, depth-1)
		}
		return append(dst, ']')
	}
	return append(dst, raw...)
}

func appendObject(dst []byte, t *schema.Type, raw []byte, depth int) []byte {
	there := make([]bool, len(t.Fields))
	dst = append(dst, '{')
	for name, value := range rawjson.Members(raw) {
		dst = appendName(dst, name)
		i := slices.IndexFunc(t.Fields, func(f schema.Field) bool { return f.Name == name })
		if i < 0 {
			dst = appendDefaults(dst, t.Extra, value, depth-1)
			continue
		}
		there[i] = true
		dst = appendDefaults(dst, t.Fields[i].Type, value, depth-1)
	}
	for i, f := range t.Fields {
		if !there[i] && f.Type.Default != nil {
			dst = append(appendName(dst, f.Name), f.Type.Default...)
		}
	}
	return append(dst, '}')
}

// filled is t as it is once defaults have been added: members with a default are there.
func filled(t *schema.Type, done map[*schema.Type]*schema.Type) *schema.Type {
	if t == nil || t.Kind != schema.Object && t.Kind != schema.Array {
		return t
	}
	if f, ok := done[t]; ok {
		return f
	}
	f := new(schema.Type)
	done[t] = f
	*f = *t.NotNull()
	f.Nullable = t.Nullable
	f.Elem, f.Extra = filled(t.Elem, done), filled(t.Extra, done)
	f.Fields = slices.Clone(t.Fields)
	for i := range f.Fields {
		field := &f.Fields[i]
		field.Required = field.Required || field.Type.Default != nil && !rawjson.IsNull(field.Type.Default)
		field.Type = filled(field.Type, done)
	}
	return f
}
