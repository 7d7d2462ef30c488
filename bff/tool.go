package bff

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"slices"

	"atrium/bff/chat"
	"atrium/bff/view"
	"atrium/clients/rawjson"
	"atrium/clients/schema"
)

// tool offers a view to a model, for one caller: the model's call is the caller's own, with its credential and its cache.
func (v *viewRoute) tool(c *call) chat.Tool {
	description := v.doc.Summary
	if description == "" {
		description = v.key
	}
	return chat.Tool{
		Name: chat.ToolName(v.key), Description: description, Schema: v.toolSchema(),
		Call: func(ctx context.Context, arguments []byte) ([]byte, error) { return v.callTool(ctx, c, arguments) },
	}
}

// toolSchema is the JSON Schema of a view's path and query parameters as one object.
func (v *viewRoute) toolSchema() []byte {
	var fields []schema.Field
	for _, params := range [][]view.Param{v.program.Path, v.program.Query} {
		for _, p := range params {
			fields = append(fields, schema.Field{Name: p.Name, Type: p.Type, Required: p.Required})
		}
	}
	defs := schema.NewDefs("#/$defs/")
	object := schema.ObjectOf(fields...).JSONSchema(defs)
	if all := defs.JSON(); string(all) != "{}" {
		object = append(bytes.TrimSuffix(object, []byte{'}'}), `,"$defs":`...)
		object = append(append(object, all...), '}')
	}
	return object
}

// callTool answers a model's call with the JSON that the route answers.
func (v *viewRoute) callTool(ctx context.Context, c *call, arguments []byte) ([]byte, error) {
	query := url.Values{}
	path := make([]string, len(v.program.Path))
	for name, raw := range rawjson.Members(arguments) {
		text := string(rawjson.AppendUnquoted(nil, raw))
		if i := slices.IndexFunc(v.program.Path, func(p view.Param) bool { return p.Name == name }); i >= 0 {
			path[i] = text
			continue
		}
		query.Set(name, text)
	}
	r := c.r.Clone(ctx)
	r.Method, r.Body, r.ContentLength, r.URL.RawQuery = http.MethodGet, http.NoBody, 0, query.Encode()
	inner := &call{r: r, rec: c.rec, runtime: c.runtime, path: path}
	in, err := v.bind(inner)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, v.timeout)
	defer cancel()
	if v.doc.Cache != nil {
		result, err := v.fetch(ctx, inner, in, nil)
		if err != nil {
			return nil, err
		}
		return result.Body, nil
	}
	result, err := v.program.Run(ctx, in, v.caller(inner))
	if err != nil {
		return nil, err
	}
	return result.Body, nil
}
