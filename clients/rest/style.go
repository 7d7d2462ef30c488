package rest

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"atrium/clients/rawjson"
	"atrium/clients/schema"
)

const maxDeep = 16 // levels of an object in a query

var errShape = errors.New("an object or list inside it cannot be written in a URL")

// scalarText returns a scalar as text: what a string says, a number as written.
func scalarText(raw []byte) ([]byte, bool) {
	switch raw = bytes.TrimSpace(raw); rawjson.Kind(raw) {
	case rawjson.String:
		return rawjson.AppendUnquoted(nil, raw), true
	case rawjson.Bool, rawjson.Number:
		return raw, true
	case rawjson.Invalid, rawjson.Null, rawjson.Array, rawjson.Object:
	}
	return nil, false
}

// conform refuses a value whose kind is not the parameter's. A number may come as text, as URLs bring it.
func (p *Param) conform(raw []byte) error {
	kind := rawjson.Kind(raw)
	switch p.Type.Kind {
	case schema.Any, schema.Union, schema.Null:
		return nil
	case schema.String:
		if kind != rawjson.Array && kind != rawjson.Object {
			return nil
		}
	case schema.Bool:
		if text, ok := scalarText(raw); ok && (string(text) == "true" || string(text) == "false") {
			return nil
		}
	case schema.Integer, schema.Number:
		if text, ok := scalarText(raw); ok && isNumber(text, p.Type) {
			return nil
		}
	case schema.Array:
		if kind == rawjson.Array {
			return nil
		}
	case schema.Object:
		if kind == rawjson.Object {
			return nil
		}
	}
	return fmt.Errorf("want %v, found %v", p.Type.NotNull(), kindName(kind))
}

func isNumber(text []byte, t *schema.Type) bool {
	return rawjson.Valid(text) == nil && rawjson.Kind(text) == rawjson.Number && len(schema.Of(t.Kind).Check(text, 1)) == 0
}

func kindName(kind rawjson.Type) string {
	switch kind {
	case rawjson.Bool:
		return "boolean"
	case rawjson.Number:
		return "number"
	case rawjson.String:
		return "other text"
	case rawjson.Array:
		return "list"
	case rawjson.Object:
		return "object"
	case rawjson.Null, rawjson.Invalid:
	}
	return "nothing"
}

// appendQuery appends a query parameter, each of its parts behind an & but the first.
func (p *Param) appendQuery(dst []byte, raw []byte) ([]byte, error) {
	name := appendEscaped(nil, []byte(p.Name))
	kind := rawjson.Kind(raw)
	if p.style == styleJSON {
		return appendPair(dst, name, appendEscaped(nil, bytes.TrimSpace(raw))), nil
	}
	if kind == rawjson.Object && p.style == styleDeepObject {
		return appendDeep(dst, name, raw, maxDeep)
	}
	if kind != rawjson.Array && kind != rawjson.Object {
		text, ok := scalarText(raw)
		if !ok {
			return nil, errShape
		}
		return appendPair(dst, name, appendEscaped(nil, text)), nil
	}
	if p.explode || p.style == styleDeepObject {
		return p.appendExploded(dst, name, raw)
	}
	joined, err := appendJoined(nil, raw, p.separator())
	if err != nil || len(joined) == 0 {
		return dst, err
	}
	return appendPair(dst, name, joined), nil
}

func (p *Param) separator() string {
	switch p.style {
	case styleSpace:
		return "%20"
	case stylePipe:
		return "%7C"
	case styleForm, styleSimple, styleDeepObject, styleJSON:
	}
	return ","
}

func appendPair(dst, name, value []byte) []byte {
	if len(dst) > 0 {
		dst = append(dst, '&')
	}
	dst = append(dst, name...)
	dst = append(dst, '=')
	return append(dst, value...)
}

// appendExploded writes a pair for each element of a list, or for each member of an object, which lends its name.
func (p *Param) appendExploded(dst, name, raw []byte) ([]byte, error) {
	for item := range rawjson.Each(raw) {
		text, ok := scalarText(item)
		if !ok {
			return nil, errShape
		}
		dst = appendPair(dst, name, appendEscaped(nil, text))
	}
	for key, value := range rawjson.Members(raw) {
		if rawjson.IsNull(value) {
			continue
		}
		text, ok := scalarText(value)
		if !ok {
			return nil, errShape
		}
		dst = appendPair(dst, appendEscaped(nil, []byte(key)), appendEscaped(nil, text))
	}
	return dst, nil
}

// appendJoined writes the elements of a list, or the names and values of an object, with a separator that no escaped
// text holds.
func appendJoined(dst, raw []byte, separator string) ([]byte, error) {
	add := func(text []byte) {
		if len(dst) > 0 {
			dst = append(dst, separator...)
		}
		dst = appendEscaped(dst, text)
	}
	for item := range rawjson.Each(raw) {
		text, ok := scalarText(item)
		if !ok {
			return nil, errShape
		}
		add(text)
	}
	for key, value := range rawjson.Members(raw) {
		if rawjson.IsNull(value) {
			continue
		}
		text, ok := scalarText(value)
		if !ok {
			return nil, errShape
		}
		add([]byte(key))
		add(text)
	}
	return dst, nil
}

// appendDeep writes name[key]=value for each member, and name[key][0]=value for elements of lists inside.
func appendDeep(dst, name, raw []byte, depth int) ([]byte, error) {
	if depth == 0 {
		return nil, errShape
	}
	if text, ok := scalarText(raw); ok {
		return appendPair(dst, name, appendEscaped(nil, text)), nil
	}
	var err error
	below := func(key string, value []byte) bool {
		inner := append(append([]byte(nil), name...), "%5B"...)
		inner = append(appendEscaped(inner, []byte(key)), "%5D"...)
		dst, err = appendDeep(dst, inner, value, depth-1)
		return err == nil
	}
	for key, value := range rawjson.Members(raw) {
		if !below(key, value) {
			return nil, err
		}
	}
	i := 0
	for item := range rawjson.Each(raw) {
		if !below(strconv.Itoa(i), item) {
			return nil, err
		}
		i++
	}
	return dst, nil // null is left out
}

// appendForm writes a JSON object as application/x-www-form-urlencoded, what is inside it in brackets.
func appendForm(dst, raw []byte) ([]byte, error) {
	var err error
	for key, value := range rawjson.Members(raw) {
		if dst, err = appendDeep(dst, appendEscaped(nil, []byte(key)), value, maxDeep); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

// plainText writes a value for a path, a header or a cookie: lists and objects with commas. escape is what each part
// goes through.
func (p *Param) plainText(raw []byte, escape func(dst, text []byte) []byte) ([]byte, error) {
	if p.style == styleJSON {
		return escape(nil, bytes.TrimSpace(raw)), nil
	}
	if text, ok := scalarText(raw); ok {
		return escape(nil, text), nil
	}
	var dst []byte
	add := func(text []byte) {
		if len(dst) > 0 {
			dst = append(dst, ',')
		}
		dst = escape(dst, text)
	}
	for item := range rawjson.Each(raw) {
		text, ok := scalarText(item)
		if !ok {
			return nil, errShape
		}
		add(text)
	}
	for key, value := range rawjson.Members(raw) {
		text, ok := scalarText(value)
		if !ok {
			return nil, errShape
		}
		if p.explode {
			add(append(append([]byte(key), '='), text...))
			continue
		}
		add([]byte(key))
		add(text)
	}
	return dst, nil
}
