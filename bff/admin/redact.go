package admin

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"atrium/tenants"
	"atrium/tenants/document"
)

// concealed stands for a secret's value in a document that is read: values are written and never read back. A document that is written
// with it keeps the value that is stored.
const concealed = "(secret)"

// Conceal takes the values of secrets out of a tenant's document and leaves the rest as it is written. Where it cannot be sure to have
// found them in the text, or the text has mistakes that could hide one, what is left is rendered anew, as JSON. Documents of other kinds
// hold none.
func Conceal(doc tenants.Document) []byte {
	if doc.Kind != tenants.KindTenants {
		return doc.Text
	}
	root, issues := document.Parse(doc.Path, doc.Text)
	if root == nil {
		return []byte("# This is no document, and may hold secrets: it is not shown.\n")
	}
	values := secretValues(root)
	with := make(map[*document.Node]string, len(values))
	for _, value := range values {
		with[value] = concealed
	}
	return rewrite(doc, root, with, len(issues) == 0)
}

// restore puts the stored values back where a written document says that they are to be kept. An issue is one that there is no stored
// value for.
func restore(text []byte, stored tenants.Document) ([]byte, document.Issues) {
	root, issues := document.Parse(stored.Path, text)
	if root == nil || len(issues) > 0 {
		return text, nil // the change reports them, and will not be made
	}
	old, _ := document.Parse(stored.Path, stored.Text)
	kept := secretValues(old)
	with := map[*document.Node]string{}
	for name, value := range secretValues(root) {
		switch {
		case value.Text != concealed:
		case kept[name] == nil:
			issues = append(issues, value.Issue("%s keeps the value that is stored, and there is none", concealed))
		default:
			with[value] = kept[name].Text
		}
	}
	if len(with) == 0 || len(issues) > 0 {
		return text, issues.Sort()
	}
	return rewrite(tenants.Document{Path: stored.Path, Text: text}, root, with, true), nil
}

// secretValues finds what a tenant's document holds itself of its secrets, by place. All but the names of variables and files counts:
// a value under a misspelled key is a secret too.
func secretValues(root *document.Node) map[string]*document.Node {
	values := map[string]*document.Node{}
	secrets := root.Get("secrets")
	if secrets == nil {
		return values
	}
	for _, f := range secrets.Fields {
		if f.Value.Kind != document.Map {
			values[f.Key] = f.Value
			continue
		}
		for _, member := range f.Value.Fields {
			if member.Key != "env" && member.Key != "file" {
				values[f.Key+" "+member.Key] = member.Value
			}
		}
	}
	return values
}

// rewrite gives scalars of a document other texts. The document's own text is kept around them if inText is true and every scalar is
// found in it, so that it then says the same as the tree; else it is rendered anew.
func rewrite(doc tenants.Document, root *document.Node, with map[*document.Node]string, inText bool) []byte {
	text, ok := replaceAll(doc.Text, with)
	for n, value := range with {
		*n = document.Node{File: n.File, Line: n.Line, Column: n.Column, Pointer: n.Pointer, Kind: document.String, Text: value}
	}
	tree := root.JSON()
	if inText && ok {
		again, issues := document.Parse(doc.Path, text)
		if again != nil && len(issues) == 0 && bytes.Equal(again.JSON(), tree) {
			return text
		}
	}
	return append(tree, '\n')
}

// replaceAll writes texts over scalars, from the last to the first so that places stay true.
func replaceAll(text []byte, with map[*document.Node]string) ([]byte, bool) {
	nodes := make([]*document.Node, 0, len(with))
	for n := range with {
		nodes = append(nodes, n)
	}
	slices.SortFunc(nodes, func(a, b *document.Node) int {
		return cmp.Or(cmp.Compare(b.Line, a.Line), cmp.Compare(b.Column, a.Column))
	})
	out := bytes.Clone(text)
	for _, n := range nodes {
		start, end, ok := extent(out, n)
		if !ok {
			return nil, false
		}
		written := []byte(with[n])
		if out[start] == '"' || out[start] == '\'' || with[n] != concealed {
			written, _ = json.Marshal(with[n]) //nolint:errchkjson // a string marshals; JSON's quotes are YAML's
		}
		out = slices.Concat(out[:start], written, out[end:])
	}
	return out, true
}

// extent finds a scalar in the text: quoted, or plain as it reads.
func extent(text []byte, n *document.Node) (start, end int, ok bool) {
	for range n.Line - 1 {
		i := bytes.IndexByte(text[start:], '\n')
		if i < 0 {
			return 0, 0, false
		}
		start += i + 1
	}
	for range n.Column - 1 {
		if start >= len(text) {
			return 0, 0, false
		}
		_, size := utf8.DecodeRune(text[start:])
		start += size
	}
	if start >= len(text) {
		return 0, 0, false
	}
	switch quote := text[start]; quote {
	case '"', '\'':
		for i := start + 1; i < len(text); i++ {
			switch {
			case quote == '"' && text[i] == '\\', quote == '\'' && strings.HasPrefix(string(text[i:min(i+2, len(text))]), "''"):
				i++
			case text[i] == quote:
				return start, i + 1, true
			}
		}
		return 0, 0, false
	}
	end = start + len(n.Text)
	return start, end, n.Text != "" && bytes.HasPrefix(text[start:], []byte(n.Text))
}
