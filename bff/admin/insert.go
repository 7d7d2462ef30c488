package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"atrium/tenants"
	"atrium/tenants/document"
)

// withKey adds an entry to auth.apiKeys of a tenant's document. People write documents in many ways, so places are tried in
// turn, and the first after which the document says the same and the new entry is taken. Where none will do it is written
// anew, as JSON.
func withKey(doc tenants.Document, k key) ([]byte, error) {
	root, issues := document.Parse(doc.Path, doc.Text)
	if len(issues) > 0 {
		return nil, errors.New("the tenant's document cannot be read")
	}
	entry, err := k.json()
	if err != nil {
		return nil, err
	}
	for _, text := range insertions(doc.Text, root, entry) {
		if addsOnly(doc, text, k.ID) {
			return text, nil
		}
	}
	return rewritten(root, entry)
}

// insertions are texts that may have the entry, best first.
func insertions(text []byte, root *document.Node, entry []byte) [][]byte {
	auth := root.Get("auth")
	keys := auth.Get("apiKeys")
	var texts [][]byte
	switch {
	case keys != nil && len(keys.Items) > 0:
		first := keys.Items[0]
		lead := leadOf(text, first.Line)
		texts = append(texts,
			insertLine(text, lastLine(keys)+1, lead+"- "+string(entry)),
			insertAt(text, first.Line, first.Column, string(entry)+", "),
			insertLine(text, first.Line, lead+"- "+string(entry)))
	case keys != nil:
		texts = append(texts, insertAt(text, keys.Line, keys.Column+1, string(entry)))
	case auth != nil && len(auth.Fields) > 0:
		f := auth.Fields[0]
		lead := leadOf(text, f.KeyLine)
		texts = append(texts,
			insertLine(text, f.KeyLine, lead+"apiKeys:\n"+lead+"  - "+string(entry)),
			insertAt(text, f.KeyLine, f.KeyColumn, `"apiKeys": [`+string(entry)+`], `))
	case auth == nil && len(root.Fields) > 0:
		f := root.Fields[0]
		end := strings.TrimRight(string(text), "\n") + "\n"
		texts = append(texts,
			[]byte(end+"auth:\n  apiKeys:\n    - "+string(entry)+"\n"),
			insertAt(text, f.KeyLine, f.KeyColumn, `"auth": {"apiKeys": [`+string(entry)+`]}, `))
	}
	return texts
}

// leadOf is the white space that a line begins with.
func leadOf(text []byte, line int) string {
	lines := bytes.Split(text, []byte("\n"))
	l := string(lines[min(line, len(lines))-1])
	return l[:len(l)-len(strings.TrimLeft(l, " \t"))]
}

// lastLine is the last line that a value of n begins on.
func lastLine(n *document.Node) int {
	last := n.Line
	for _, item := range n.Items {
		last = max(last, lastLine(item))
	}
	for _, f := range n.Fields {
		last = max(last, f.KeyLine, lastLine(f.Value))
	}
	return last
}

// insertLine puts a line before the line with the number, or at the end.
func insertLine(text []byte, before int, line string) []byte {
	lines := strings.SplitAfter(string(text), "\n")
	if last := len(lines) - 1; lines[last] == "" {
		lines = lines[:last]
	} else {
		lines[last] += "\n"
	}
	at := min(before-1, len(lines))
	return []byte(strings.Join(slices.Insert(lines, at, line+"\n"), ""))
}

// insertAt puts a piece before a column, which counts characters.
func insertAt(text []byte, line, column int, piece string) []byte {
	lines := bytes.SplitAfter(text, []byte("\n"))
	offset := 0
	for _, l := range lines[:min(line-1, len(lines))] {
		offset += len(l)
	}
	for range column - 1 {
		_, size := utf8.DecodeRune(text[offset:])
		offset += size
	}
	return slices.Concat(text[:offset], []byte(piece), text[offset:])
}

// addsOnly says whether a text differs from the document in nothing but one entry of auth.apiKeys with the id.
func addsOnly(doc tenants.Document, text []byte, id string) bool {
	before, after := tree(doc.Path, doc.Text), tree(doc.Path, text)
	auth, _ := after["auth"].(map[string]any)
	keys, _ := auth["apiKeys"].([]any)
	i := slices.IndexFunc(keys, func(k any) bool {
		entry, _ := k.(map[string]any)
		return entry["id"] == id
	})
	if before == nil || i < 0 {
		return false
	}
	auth["apiKeys"] = slices.Delete(keys, i, i+1)
	return reflect.DeepEqual(withoutEmptyKeys(before), withoutEmptyKeys(after))
}

// tree decodes a document; nil when it cannot be read.
func tree(path string, text []byte) map[string]any {
	root, issues := document.Parse(path, text)
	var members map[string]any
	if len(issues) > 0 || json.Unmarshal(root.JSON(), &members) != nil {
		return nil
	}
	return members
}

func withoutEmptyKeys(doc map[string]any) map[string]any {
	auth, _ := doc["auth"].(map[string]any)
	if keys, _ := auth["apiKeys"].([]any); len(keys) == 0 {
		delete(auth, "apiKeys")
	}
	if len(auth) == 0 {
		delete(doc, "auth")
	}
	return doc
}

// rewritten renders the document with the entry as JSON.
func rewritten(root *document.Node, entry []byte) ([]byte, error) {
	var doc map[string]any
	d := json.NewDecoder(bytes.NewReader(root.JSON()))
	d.UseNumber() // digits stay as they are written
	if err := d.Decode(&doc); err != nil {
		return nil, err
	}
	auth, _ := doc["auth"].(map[string]any)
	if auth == nil {
		auth = map[string]any{}
	}
	keys, _ := auth["apiKeys"].([]any)
	auth["apiKeys"] = append(keys, json.RawMessage(entry))
	doc["auth"] = auth
	text, err := json.MarshalIndent(doc, "", "  ")
	return append(text, '\n'), err
}
