package rest

import (
	"atrium/clients/rawjson"
	"atrium/tenants/document"
)

// appendOutline writes an OpenAPI document as JSON with its schemas and examples left out: each becomes {}. They are
// most of a document, and schema.Reader judges those that matter.
func appendOutline(dst []byte, n *document.Node) []byte { return outline(dst, n, false) }

// outline writes n; holder says that it is a parameter, header or media type, which has a schema.
func outline(dst []byte, n *document.Node, holder bool) []byte {
	switch n.Kind {
	case document.Map:
		dst = append(dst, '{')
		for i, f := range n.Fields {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(rawjson.AppendQuoted(dst, f.Key), ':')
			if isSchema(n, f.Key, holder) {
				dst = append(dst, "{}"...)
			} else {
				dst = outlineInside(dst, f.Value, f.Key)
			}
		}
		return append(dst, '}')
	case document.List:
		return outlineInside(dst, n, "")
	case document.Null, document.Bool, document.Int, document.Float, document.String, document.Broken:
	}
	return append(dst, n.JSON()...)
}

// outlineInside writes the value of a member. What is in content, headers and parameters holds schemas.
func outlineInside(dst []byte, n *document.Node, key string) []byte {
	holders := key == "content" || key == "headers" || key == "parameters"
	switch {
	case n.Kind == document.List:
		dst = append(dst, '[')
		for i, item := range n.Items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = outline(dst, item, holders)
		}
		return append(dst, ']')
	case n.Kind == document.Map && holders:
		dst = append(dst, '{')
		for i, f := range n.Fields {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(rawjson.AppendQuoted(dst, f.Key), ':')
			dst = outline(dst, f.Value, true)
		}
		return append(dst, '}')
	}
	return outline(dst, n, false)
}

func isSchema(parent *document.Node, key string, holder bool) bool {
	switch key {
	case "schema", "itemSchema", "examples":
		return holder
	case "schemas":
		return parent.Pointer == "/components"
	}
	return false
}
