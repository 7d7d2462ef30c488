package admin

import (
	"bytes"
	"encoding/json"

	"atrium/tenants"
	"atrium/tenants/document"
)

// concealed stands for a secret's value in a document that is read: values are written and never read back. A document that is written
// with it keeps the value that is stored.
const concealed = "(secret)"

// Conceal takes the values of secrets out of a tenant's document and leaves the rest as it is written. Documents of other
// kinds hold none.
func Conceal(doc tenants.Document) []byte {
	if doc.Kind != tenants.KindTenants {
		return doc.Text
	}
	root, _ := document.Parse(doc.Path, doc.Text)
	text := doc.Text
	for _, value := range secretValues(root) {
		hidden := bytes.ReplaceAll(text, []byte(value.Text), []byte(concealed))
		if bytes.Equal(hidden, text) && value.Text != concealed { // written with escapes: the text cannot be kept
			return concealTree(root)
		}
		text = hidden
	}
	return text
}

// concealTree renders the document anew, as JSON, without the values.
func concealTree(root *document.Node) []byte {
	for _, value := range secretValues(root) {
		value.Kind, value.Text = document.String, concealed
	}
	return append(root.JSON(), '\n')
}

// restore puts the stored values back where a written document says that they are to be kept.
func restore(text []byte, stored tenants.Document) []byte {
	root, issues := document.Parse(stored.Path, text)
	old, _ := document.Parse(stored.Path, stored.Text)
	if len(issues) > 0 {
		return text
	}
	kept := secretValues(old)
	for name, value := range secretValues(root) {
		if value.Text == concealed && kept[name] != nil {
			text = replaceAt(text, value, kept[name].Text)
		}
	}
	return text
}

// secretValues finds the values of secrets that a tenant's document holds itself.
func secretValues(root *document.Node) map[string]*document.Node {
	values := map[string]*document.Node{}
	secrets := root.Get("secrets")
	if secrets == nil {
		return values
	}
	for _, f := range secrets.Fields {
		if v := f.Value.Get("value"); v != nil && v.Text != "" {
			values[f.Key] = v
		}
	}
	return values
}

// replaceAt writes a value over the placeholder that stands at a node, with its quotes.
func replaceAt(text []byte, at *document.Node, value string) []byte {
	quoted, _ := json.Marshal(value) //nolint:errchkjson // a string marshals; JSON's quotes are YAML's
	lines := bytes.SplitAfter(text, []byte("\n"))
	line := lines[at.Line-1]
	for _, form := range []string{`"` + concealed + `"`, "'" + concealed + "'", concealed} {
		from := max(0, min(at.Column-2, len(line)))
		if i := bytes.Index(line[from:], []byte(form)); i >= 0 && i <= 1+len(form) {
			lines[at.Line-1] = append(append(bytes.Clone(line[:from+i]), quoted...), line[from+i+len(form):]...)
			break
		}
	}
	return bytes.Join(lines, nil)
}
