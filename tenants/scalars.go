package tenants

import (
	"fmt"
	"regexp"
	"time"

	"github.com/invopop/jsonschema"

	"atrium/tenants/document"
)

// Vars are a tenant's variables. Numbers and booleans of the document become text as written.
type Vars map[string]string

// DecodeNode implements document.NodeDecoder.
func (v *Vars) DecodeNode(n *document.Node) document.Issues {
	if n.Kind == document.Null {
		return nil
	}
	if n.Kind != document.Map {
		return document.Issues{n.Issue("want a mapping, found %s", n.Kind)}
	}
	*v = make(Vars, len(n.Fields))
	var issues document.Issues
	for i, f := range n.Fields {
		if !isName(f.Key) {
			issues = append(issues, n.KeyIssue(i, "want letters, digits and _ as in a hole, found %q", f.Key))
		}
		switch f.Value.Kind {
		case document.String, document.Int, document.Float, document.Bool:
			(*v)[f.Key] = f.Value.Text
		case document.Broken:
		default:
			issues = append(issues, f.Value.Issue("want text, found %s", f.Value.Kind))
		}
	}
	return issues
}

// JSONSchema implements the schema generator's hook.
func (Vars) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{
		Type: "object", Description: "variables that holes name as vars.NAME",
		AdditionalProperties: &jsonschema.Schema{AnyOf: []*jsonschema.Schema{
			{Type: "string"}, {Type: "number"}, {Type: "boolean"},
		}},
	}
}

// isName says whether a hole can name the text after a dot.
func isName(s string) bool {
	for i := range len(s) {
		if c := s[i]; c != '_' && (!isAlphanumeric(c) || i == 0 && c <= '9') {
			return false
		}
	}
	return s != "" && len(s) <= MaxNameLength
}

// An Instant is a point in time as documents write it: 2027-01-31T12:00:00Z, or 2027-01-31 for its first moment in UTC.
type Instant struct{ time.Time }

// DecodeNode implements document.NodeDecoder.
func (t *Instant) DecodeNode(n *document.Node) document.Issues {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if v, err := time.Parse(layout, n.Text); err == nil && n.Kind == document.String {
			t.Time = v
			return nil
		}
	}
	return document.Issues{n.Issue("want a time such as 2027-01-31T12:00:00Z or 2027-01-31")}
}

// JSONSchema implements the schema generator's hook.
func (Instant) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{
		Type: "string", Examples: []any{"2027-01-31", "2027-01-31T12:00:00Z"}, Description: "a date or an RFC 3339 time",
	}
}

// Audiences are one text or a list of them.
type Audiences []string

// DecodeNode implements document.NodeDecoder.
func (a *Audiences) DecodeNode(n *document.Node) document.Issues {
	if n.Kind == document.String {
		*a = Audiences{n.Text}
		return nil
	}
	return document.Decode(n, (*[]string)(a))
}

// JSONSchema implements the schema generator's hook.
func (Audiences) JSONSchema() *jsonschema.Schema {
	text := &jsonschema.Schema{Type: "string"}
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{text, {Type: "array", Items: text}}}
}

// A SecretReference names one of the tenant's secrets: "${secrets.oidc}". The secret itself is never written there,
// so that the document can be shown.
type SecretReference struct{ Name string }

var secretHole = regexp.MustCompile(`^\$\{\s*secrets\.([A-Za-z_][A-Za-z0-9_]*)\s*\}$`)

// DecodeNode implements document.NodeDecoder.
func (r *SecretReference) DecodeNode(n *document.Node) document.Issues {
	if n.Kind == document.String {
		if found := secretHole.FindStringSubmatch(n.Text); found != nil {
			r.Name = found[1]
			return nil
		}
	}
	return document.Issues{n.Issue("want a secret by name, such as ${secrets.oidc}")}
}

// String renders the reference as documents write it.
func (r SecretReference) String() string {
	if r.Name == "" {
		return ""
	}
	return fmt.Sprintf("${secrets.%s}", r.Name)
}

// MarshalText implements encoding.TextMarshaler.
func (r SecretReference) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// JSONSchema implements the schema generator's hook.
func (SecretReference) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: secretHole.String(), Examples: []any{"${secrets.oidc}"}}
}
