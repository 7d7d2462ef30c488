package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"atrium/tenants/document"
)

// Bounds of a spec. They are wider than those of documents that people write here: specs are made by programs.
const (
	maxSpec    = 32 << 20 // bytes, as JSON; YAML has the bound of other documents
	maxNesting = 200
	maxValues  = 4_000_000
	fewKeys    = 32 // so many are looked through one by one
)

// parse reads the text of a spec. It takes what document.Parse does not, because specs have it: large JSON, and numbers
// as keys ("200:" of responses).
func parse(file string, text []byte) (*document.Node, document.Issues) {
	if len(text) > maxSpec {
		return nil, document.Issues{{File: file, Message: fmt.Sprintf("the spec is larger than %v", document.Size(maxSpec))}}
	}
	if first := bytes.TrimSpace(text); len(first) > 0 && first[0] == '{' {
		root, issue := readJSON(file, text)
		if issue == nil {
			return root, nil
		}
		if other, issues := document.Parse(file, text); other != nil && len(issues) == 0 {
			return other, nil // YAML may start with a brace too
		}
		return nil, document.Issues{*issue}
	}
	root, issues := document.Parse(file, text)
	kept := document.Issues{}
	for _, issue := range issues {
		if !strings.HasPrefix(issue.Message, "a key is text; write") {
			kept = append(kept, issue)
		}
	}
	if root == nil && len(text) > 4<<20 {
		kept = append(kept, document.Issue{File: file, Message: "as JSON a spec may be larger"})
	}
	return root, kept
}

// A jsonReader makes nodes of JSON.
type jsonReader struct {
	file    string
	text    []byte
	decoder *json.Decoder
	values  int

	counted      int // the offset that line and column are of
	line, column int
}

var errBounds = errors.New("the spec is nested too deep or has too many values")

func readJSON(file string, text []byte) (*document.Node, *document.Issue) {
	r := &jsonReader{file: file, text: text, decoder: json.NewDecoder(bytes.NewReader(text)), line: 1, column: 1}
	r.decoder.UseNumber()
	root, err := r.value("", 0)
	if err == nil && len(bytes.TrimSpace(text[r.decoder.InputOffset():])) > 0 {
		err = errors.New("want nothing behind the end of the document")
	}
	if err != nil {
		line, column := r.place(int(r.decoder.InputOffset()))
		return nil, &document.Issue{File: file, Line: line, Column: column, Message: "not JSON: " + err.Error()}
	}
	return root, nil
}

// place returns where an offset is; offsets come in order.
func (r *jsonReader) place(offset int) (line, column int) {
	for ; r.counted < offset; r.counted++ {
		switch c := r.text[r.counted]; {
		case c == '\n':
			r.line, r.column = r.line+1, 1
		case utf8.RuneStart(c):
			r.column++
		}
	}
	return r.line, r.column
}

// next returns the offset of the next token.
func (r *jsonReader) next() int {
	offset := int(r.decoder.InputOffset())
	for offset < len(r.text) && strings.IndexByte(" \t\r\n,:", r.text[offset]) >= 0 {
		offset++
	}
	return offset
}

func (r *jsonReader) value(pointer string, depth int) (*document.Node, error) {
	n := &document.Node{File: r.file, Pointer: pointer}
	n.Line, n.Column = r.place(r.next())
	if r.values++; r.values > maxValues || depth > maxNesting {
		return nil, errBounds
	}
	token, err := r.decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case nil:
		n.Kind = document.Null
	case bool:
		n.Kind, n.Text = document.Bool, strconv.FormatBool(token)
	case string:
		n.Kind, n.Text = document.String, token
	case json.Number:
		n.Kind, n.Text = document.Int, token.String()
		if strings.ContainsAny(n.Text, ".eE") {
			n.Kind = document.Float
		}
	case json.Delim:
		if token == '[' {
			return n, r.list(n, depth)
		}
		return n, r.object(n, depth)
	}
	return n, nil
}

func (r *jsonReader) list(n *document.Node, depth int) error {
	n.Kind = document.List
	for r.decoder.More() {
		item, err := r.value(n.Pointer+"/"+strconv.Itoa(len(n.Items)), depth+1)
		if err != nil {
			return err
		}
		n.Items = append(n.Items, item)
	}
	_, err := r.decoder.Token()
	return err
}

func (r *jsonReader) object(n *document.Node, depth int) error {
	n.Kind = document.Map
	var seen map[string]bool // of many keys
	for r.decoder.More() {
		f := document.Field{}
		f.KeyLine, f.KeyColumn = r.place(r.next())
		key, err := r.decoder.Token()
		if err != nil {
			return err
		}
		f.Key, _ = key.(string) // nothing else stands there
		if seen == nil && len(n.Fields) == fewKeys {
			seen = make(map[string]bool)
			for _, other := range n.Fields {
				seen[other.Key] = true
			}
		}
		if seen[f.Key] || seen == nil && n.Get(f.Key) != nil {
			return fmt.Errorf("the key %.100q is there twice", f.Key)
		}
		if seen != nil {
			seen[f.Key] = true
		}
		if f.Value, err = r.value(document.PointerTo(n.Pointer, f.Key), depth+1); err != nil {
			return err
		}
		n.Fields = append(n.Fields, f)
	}
	_, err := r.decoder.Token()
	return err
}
