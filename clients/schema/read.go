package schema

import "atrium/tenants/document"

// FromNode reads a JSON Schema that is written in a document.
func FromNode(n *document.Node) (*Type, document.Issues) { return Of(Any), nil }

// FromJSON reads a JSON Schema.
func FromJSON(text []byte) (*Type, error) { return Of(Any), nil }
