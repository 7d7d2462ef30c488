package document

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"
)

// Schema describes the documents that Decode accepts into a value such as v: JSON Schema 2020-12, indented.
// It knows the same tags as Decode. A type with a JSONSchema or JSONSchemaExtend method describes itself.
// about says what members are for, to people who fill them in: "Upstream.timeout" -> "of one call; 5s when left out".
func Schema(id, title string, v any, about ...map[string]string) []byte {
	types := map[string]reflect.Type{}
	reflector := &jsonschema.Reflector{
		RequiredFromJSONSchemaTags: true,
		ExpandedStruct:             true,
		Anonymous:                  true,
		Mapper: func(t reflect.Type) *jsonschema.Schema {
			if t == reflect.TypeFor[Node]() || t == reflect.TypeFor[*Node]() {
				return &jsonschema.Schema{}
			}
			return nil
		},
		Namer: func(t reflect.Type) string {
			types[t.Name()] = t
			return t.Name()
		},
		LookupComment: func(t reflect.Type, field string) string {
			if t.Kind() != reflect.Struct || field == "" {
				return ""
			}
			f, _ := t.FieldByName(field)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			for _, texts := range about {
				if text := texts[t.Name()+"."+name]; text != "" {
					return text
				}
			}
			return ""
		},
	}
	schema := reflector.Reflect(v)
	schema.ID, schema.Title = jsonschema.ID(id), title
	root := reflect.TypeOf(v)
	if root.Kind() == reflect.Pointer {
		root = root.Elem()
	}
	addRules(schema, root)
	for name, definition := range schema.Definitions {
		if t, ok := types[name]; ok {
			addRules(definition, t)
		}
	}
	text, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		return []byte("true") // cannot be: the schema is made of plain values
	}
	return append(text, '\n')
}

// addRules puts what `doc` tags say into a struct's schema.
func addRules(schema *jsonschema.Schema, t reflect.Type) {
	if t.Kind() != reflect.Struct {
		return
	}
	for _, short := range slices.Concat(schema.OneOf, schema.AnyOf) {
		addRules(short, t) // a type with a short form besides its mapping
	}
	if schema.Properties == nil {
		return
	}
	all, _ := members(t)
	for _, m := range all {
		property, ok := schema.Properties.Get(m.name)
		if !ok {
			continue
		}
		if m.rules.required && !slices.Contains(schema.Required, m.name) {
			schema.Required = append(schema.Required, m.name)
		}
		schema.Properties.Set(m.name, withRules(property, m.rules))
	}
}

// withRules is a schema to which rules are added; those of a list or mapping go to its elements.
func withRules(s *jsonschema.Schema, r rules) *jsonschema.Schema {
	switch {
	case s.Items != nil:
		s.Items = withRules(s.Items, r)
		return s
	case s.Type == "object" && s.AdditionalProperties != nil:
		s.AdditionalProperties = withRules(s.AdditionalProperties, r)
		return s
	case r.text:
		return &jsonschema.Schema{Type: "string", Description: s.Description}
	}
	for _, word := range r.enum {
		s.Enum = append(s.Enum, word)
	}
	if r.min != nil {
		s.Minimum = jsonNumber(*r.min)
	}
	if r.max != nil {
		s.Maximum = jsonNumber(*r.max)
	}
	return s
}

func jsonNumber(f float64) json.Number {
	text, err := json.Marshal(f)
	if err != nil {
		return "0" // cannot be: bounds are finite
	}
	return json.Number(text)
}
