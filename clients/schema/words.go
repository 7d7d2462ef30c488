package schema

import "strings"

// maxNesting bounds walks through types that are not told by name, such as unions of unions.
const maxNesting = 64

const shownAlternatives = 4 // of a union, in words

// String names the kind as messages do.
func (k Kind) String() string {
	switch k {
	case Any:
		return "any"
	case Null:
		return "null"
	case Bool:
		return "boolean"
	case Integer:
		return "integer"
	case Number:
		return "number"
	case String:
		return "string"
	case Array:
		return "list"
	case Object:
		return "object"
	case Union:
		return "union"
	}
	return "unknown"
}

// String says the type in words: "string", "list of Order", "Customer or null".
func (t *Type) String() string { return t.words(maxNesting) }

func (t *Type) words(depth int) string {
	s := t.plainWords(depth)
	if t.Nullable {
		s += " or null"
	}
	return s
}

func (t *Type) plainWords(depth int) string {
	switch {
	case t.Name != "":
		return t.Name
	case depth == 0:
		return t.Kind.String()
	}
	switch t.Kind {
	case Array:
		if t.Elem == nil || t.Elem.Kind == Any {
			return "list"
		}
		return "list of " + grouped(t.Elem, depth-1)
	case Object:
		if len(t.Fields) == 0 && t.Extra != nil && t.Extra.Kind != Any {
			return "map of " + grouped(t.Extra, depth-1)
		}
	case Union:
		return t.alternativesInWords(depth - 1)
	case Any, Null, Bool, Integer, Number, String:
	}
	return t.Kind.String()
}

func (t *Type) alternativesInWords(depth int) string {
	words := make([]string, 0, shownAlternatives+1)
	for i, one := range t.OneOf {
		if i == shownAlternatives {
			words = append(words, "others")
			break
		}
		words = append(words, one.words(depth))
	}
	return strings.Join(words, " or ")
}

// grouped puts brackets around what "or" would tear apart.
func grouped(t *Type, depth int) string {
	s := t.words(depth)
	if t.Nullable || t.Kind == Union && t.Name == "" {
		return "(" + s + ")"
	}
	return s
}
