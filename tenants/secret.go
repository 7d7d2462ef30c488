package tenants

import (
	"log/slog"

	"github.com/invopop/jsonschema"

	"atrium/tenants/document"
)

// A Secret is text that never shows: whatever prints, logs or marshals it says "[secret]". Reveal is the only way out.
// The zero value is empty text.
type Secret struct{ text string }

// hidden is what a Secret shows of itself.
const hidden = "[secret]"

// NewSecret hides text.
func NewSecret(text string) Secret { return Secret{text: text} }

// Reveal returns the text. Call it where the text leaves for its upstream, and nowhere else.
func (s Secret) Reveal() string { return s.text }

// String implements fmt.Stringer.
func (Secret) String() string { return hidden }

// GoString implements fmt.GoStringer.
func (Secret) GoString() string { return hidden }

// MarshalText implements encoding.TextMarshaler, and so covers JSON.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// A SecretSource says where a secret comes from: exactly one of its fields is set.
type SecretSource struct {
	Env   string `json:"env"`   // an environment variable of the server
	File  string `json:"file"`  // an absolute path on the server; one newline at its end does not count
	Value Secret `json:"value"` // the secret itself
}

// DecodeNode implements document.NodeDecoder.
func (s *SecretSource) DecodeNode(n *document.Node) document.Issues {
	if n.Kind == document.String {
		return document.Issues{n.Issue("want where the secret comes from: {env: NAME}, {file: PATH} or {value: TEXT}")}
	}
	type plain SecretSource
	issues := document.Decode(n, (*plain)(s))
	if n.Kind == document.Map && len(issues) == 0 && countSet(s.Env, s.File, s.Value.text) != 1 {
		issues = append(issues, n.Issue("want exactly one of env, file and value"))
		*s = SecretSource{}
	}
	return issues
}

func countSet(texts ...string) int {
	n := 0
	for _, t := range texts {
		if t != "" {
			n++
		}
	}
	return n
}

// DecodeNode implements document.NodeDecoder.
func (s *Secret) DecodeNode(n *document.Node) document.Issues {
	return document.Decode(n, &s.text)
}

// JSONSchema implements the schema generator's hook.
func (Secret) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", WriteOnly: true, Description: "the secret itself; never read back"}
}
