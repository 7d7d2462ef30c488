package api

import (
	"github.com/invopop/jsonschema"

	"atrium/tenants/document"
)

// Schema is the JSON Schema of documents of kind apis, for editors and forms.
func Schema() []byte { return document.Schema("apis.json", "API", API{}, about()...) }

// JSONSchemaExtend implements the schema generator's hook.
func (Retry) JSONSchemaExtend(s *jsonschema.Schema) { orText(s, "off") }

// JSONSchemaExtend implements the schema generator's hook.
func (Breaker) JSONSchemaExtend(s *jsonschema.Schema) { orText(s, "off") }

// JSONSchemaExtend implements the schema generator's hook.
func (Auth) JSONSchemaExtend(s *jsonschema.Schema) {
	s.Properties.Set("required", &jsonschema.Schema{Type: "boolean"})
	orText(s, AuthRequired, AuthOptional, AuthNone)
}

// JSONSchemaAlias implements the schema generator's hook: steps are a mapping by name.
func (Steps) JSONSchemaAlias() any { return map[string]Step{} }

// orText turns a schema into one that also accepts some words.
func orText(s *jsonschema.Schema, words ...string) {
	long := *s
	short := &jsonschema.Schema{Type: "string"}
	for _, word := range words {
		short.Enum = append(short.Enum, word)
	}
	*s = jsonschema.Schema{AnyOf: []*jsonschema.Schema{short, &long}}
}
