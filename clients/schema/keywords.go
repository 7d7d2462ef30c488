package schema

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"atrium/tenants/document"
)

// shapeKeywords say what JSON a value holds.
func shapeKeywords() []string {
	return []string{
		"type", "enum", "const", "format", "pattern", "properties", "additionalProperties", "patternProperties",
		"unevaluatedProperties", "required", "items", "prefixItems",
		"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength",
		"minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties",
	}
}

// otherKeywords are read elsewhere or change no type.
func otherKeywords() []string {
	return []string{
		"$ref", "allOf", "oneOf", "anyOf", "not", "nullable", "if", "then", "else", "$defs", "definitions",
		"$schema", "$id", "$comment", "title", "description", "default", "example", "examples", "deprecated", "readOnly", "writeOnly",
		"contains", "minContains", "maxContains", "propertyNames", "dependentRequired", "dependentSchemas",
		"unevaluatedItems", "contentEncoding", "contentMediaType", "contentSchema", "discriminator", "externalDocs", "xml",
	}
}

// checkKeywords reports keywords that do not exist, where documents are taken strictly.
func (r *Reader) checkKeywords(n *document.Node) {
	if !r.strict {
		return
	}
	known := append(shapeKeywords(), otherKeywords()...)
	for i, f := range n.Fields {
		if !slices.Contains(known, f.Key) && !strings.HasPrefix(f.Key, "x-") {
			r.issues = append(r.issues, n.KeyIssue(i, "unknown key %q%s", f.Key, document.DidYouMean(f.Key, known)))
		}
	}
}

// says reports whether a schema says anything about its value itself; bare leaves out its alternatives.
func says(n *document.Node, bare bool) bool {
	if !bare && isUnion(n) {
		return true
	}
	return slices.ContainsFunc(shapeKeywords(), func(key string) bool { return n.Get(key) != nil })
}

// saysTypeOnly is for "type: object" beside oneOf, which adds nothing to alternatives that are objects.
func saysTypeOnly(n *document.Node) bool {
	return !slices.ContainsFunc(shapeKeywords(), func(key string) bool { return key != "type" && n.Get(key) != nil })
}

// constrains reports whether an alternative is one of its own, and not only a rule about which members are there.
func constrains(n *document.Node) bool {
	if n.Get("$ref") != nil || n.Get("allOf") != nil || isUnion(n) {
		return true
	}
	return slices.ContainsFunc(shapeKeywords(), func(key string) bool { return key != "required" && n.Get(key) != nil })
}

// isNull reports whether null is all that a schema allows.
func isNull(n *document.Node) bool {
	if t := n.Get("type"); t != nil {
		return t.Text == "null" || len(t.Items) == 1 && t.Items[0].Text == "null"
	}
	if c := n.Get("const"); c != nil {
		return c.Kind == document.Null
	}
	enum := n.Get("enum")
	return enum != nil && len(enum.Items) == 1 && enum.Items[0].Kind == document.Null
}

// list returns the items of n; nil, after an issue unless n is, when it is no list.
func (r *Reader) list(n *document.Node, what string) []*document.Node {
	if n == nil || n.Kind == document.List {
		if n == nil {
			return nil
		}
		return n.Items
	}
	r.report(n, "want %s, found %v", what, n.Kind)
	return nil
}

// mapping returns the members of n; nil, after an issue unless n is, when it is no mapping.
func (r *Reader) mapping(n *document.Node) []document.Field {
	if n == nil || n.Kind == document.Map {
		if n == nil {
			return nil
		}
		return n.Fields
	}
	r.report(n, "want a mapping, found %v", n.Kind)
	return nil
}

func (r *Reader) flag(n *document.Node, key string) bool {
	v := n.Get(key)
	if v == nil {
		return false
	}
	if v.Kind != document.Bool {
		r.report(v, "want true or false, found %v", v.Kind)
	}
	return v.Kind == document.Bool && v.Text == "true"
}

func (r *Reader) text(n *document.Node, key string) string {
	v := n.Get(key)
	if v == nil || v.Kind == document.String {
		if v == nil {
			return ""
		}
		return v.Text
	}
	r.report(v, "want text, found %v", v.Kind)
	return ""
}

func (r *Reader) number(n *document.Node, key string) *float64 {
	v := n.Get(key)
	if v == nil {
		return nil
	}
	f, err := strconv.ParseFloat(v.Text, 64)
	if v.Kind != document.Int && v.Kind != document.Float || err != nil || math.IsInf(f, 0) {
		r.report(v, "want a number, found %v", v.Kind)
		return nil
	}
	return &f
}

func (r *Reader) count(n *document.Node, key string) *int {
	f := r.number(n, key)
	if f == nil {
		return nil
	}
	if *f < 0 || *f != math.Trunc(*f) {
		r.report(n.Get(key), "want a whole number from 0")
		return nil
	}
	count := int(min(*f, math.MaxInt32))
	return &count
}
