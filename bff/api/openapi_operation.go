package api

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"atrium/clients/schema"
)

type operation struct {
	OperationID string                `json:"operationId"`
	Summary     string                `json:"summary"`
	Description string                `json:"description,omitempty"`
	Tags        []string              `json:"tags"`
	Parameters  []parameter           `json:"parameters,omitempty"`
	RequestBody *requestBody          `json:"requestBody,omitempty"`
	Responses   map[string]response   `json:"responses"`
	Security    []map[string][]string `json:"security"`
}

type parameter struct {
	Name        string          `json:"name"`
	In          string          `json:"in"`
	Description string          `json:"description,omitempty"`
	Required    bool            `json:"required,omitempty"`
	Schema      json.RawMessage `json:"schema"`
}

type requestBody struct {
	Required bool             `json:"required,omitempty"`
	Content  map[string]media `json:"content"`
}

// A response is written out or refers to a shared one.
type response struct {
	Ref         string            `json:"$ref,omitempty"`
	Description string            `json:"description,omitempty"`
	Headers     map[string]header `json:"headers,omitempty"`
	Content     map[string]media  `json:"content,omitempty"`
}

type header struct {
	Description string          `json:"description,omitempty"`
	Schema      json.RawMessage `json:"schema"`
}

type media struct {
	Schema  json.RawMessage `json:"schema,omitempty"`
	Example json.RawMessage `json:"example,omitempty"`
}

// route adds the operations of a route: one for each method, at one path, or at two when its last parameter may be
// left out.
func (g *generator) route(r RouteDoc) {
	methods := []string{r.Method}
	if r.Method == Any {
		methods = []string{"GET", "POST", "PUT", "PATCH", "DELETE"}
	}
	segments := g.named(r.Pattern.Segments)
	patterns := [][]Segment{segments}
	if last := len(segments) - 1; last >= 0 && segments[last].Optional {
		patterns = append(patterns, segments[:last])
	}
	for _, pattern := range patterns {
		item := g.item(pattern)
		for _, method := range methods {
			if _, taken := item[strings.ToLower(method)]; !taken {
				item[strings.ToLower(method)] = g.operation(r, method, pattern)
			}
		}
	}
}

// named gives the parameters of a path the names that an earlier route of the same shape has given them: OpenAPI takes
// paths that differ only in these for one.
func (g *generator) named(segments []Segment) []Segment {
	literals := make([]string, len(segments))
	for i, s := range segments {
		literals[i] = s.Literal
	}
	shape := strings.Join(literals, "/")
	earlier, ok := g.shapes[shape]
	if !ok {
		g.shapes[shape] = segments
		return segments
	}
	renamed := slices.Clone(segments)
	for i := range renamed {
		renamed[i].Param = earlier[i].Param
	}
	return renamed
}

func (g *generator) item(segments []Segment) pathItem {
	path := templated(segments)
	if g.paths[path] == nil {
		g.paths[path] = pathItem{}
	}
	return g.paths[path]
}

func templated(segments []Segment) string {
	parts := make([]string, len(segments))
	for i, s := range segments {
		parts[i] = s.Literal
		if s.Param != "" {
			parts[i] = "{" + s.Param + "}"
		}
	}
	return "/" + strings.Join(parts, "/")
}

func (g *generator) operation(r RouteDoc, method string, segments []Segment) *operation {
	op := &operation{
		OperationID: g.operationID(method, segments),
		Summary:     cmp.Or(r.Summary, method+" "+r.Pattern.Text),
		Description: r.Description,
		Tags:        []string{tagOf(r, segments)},
		Parameters:  g.parameters(r, segments),
		Security:    g.security(r.Auth),
	}
	g.tags = append(g.tags, op.Tags...)
	switch r.Kind {
	case KindProxy:
		op.RequestBody = proxyBody(r, method)
		op.Responses = map[string]response{"200": {
			Description: "What the upstream answers.", Content: map[string]media{"*/*": {}},
		}}
	case KindChat:
		g.chat(op)
	case KindWebhook:
		op.RequestBody = &requestBody{Required: true, Content: map[string]media{jsonMedia: {}}}
		op.Responses = map[string]response{"200": {Description: "Taken."}}
	default:
		g.view(op, r, method)
	}
	g.problems(op, r)
	return op
}

const jsonMedia = "application/json"

func (g *generator) view(op *operation, r RouteDoc, method string) {
	if r.Body != nil {
		op.RequestBody = &requestBody{
			Required: r.BodyRequired,
			Content:  map[string]media{jsonMedia: {Schema: r.Body.JSONSchema(g.defs), Example: example(r.Body, true)}},
		}
	}
	status := cmp.Or(r.Status, http.StatusOK)
	good := response{
		Description: cmp.Or(http.StatusText(status), "Success") + ".",
		Headers: map[string]header{
			"Atrium-Parts": textHeader("The outcome of each part of the answer, an RFC 9651 dictionary."),
		},
	}
	if status != http.StatusNoContent {
		answer := schema.Of(schema.Any)
		if r.Response != nil {
			answer = r.Response
		}
		good.Content = map[string]media{jsonMedia: {Schema: answer.JSONSchema(g.defs), Example: example(answer, false)}}
	}
	op.Responses = map[string]response{strconv.Itoa(status): good}
	if method == http.MethodGet {
		good.Headers["ETag"] = textHeader("Send it back as If-None-Match.")
		op.Responses["304"] = response{Description: "Not modified: the ETag still holds."}
	}
}

func textHeader(description string) header {
	return header{Description: description, Schema: json.RawMessage(`{"type":"string"}`)}
}

func proxyBody(r RouteDoc, method string) *requestBody {
	if method == http.MethodGet || method == http.MethodDelete {
		return nil
	}
	content := map[string]media{}
	for _, name := range r.ContentTypes {
		content[name] = media{}
	}
	if len(content) == 0 {
		content["*/*"] = media{}
	}
	return &requestBody{Content: content}
}

func (g *generator) parameters(r RouteDoc, segments []Segment) []parameter {
	var all []parameter
	own := r.Pattern.Params()
	for i, name := range (Pattern{Segments: segments}).Params() {
		p := Param{}
		if at := slices.IndexFunc(r.Path, func(p Param) bool { return p.Name == own[i] }); at >= 0 {
			p = r.Path[at]
		}
		p.Name, p.Required = name, true
		if segments[len(segments)-1].Rest && segments[len(segments)-1].Param == name {
			p.Description = strings.TrimSpace(p.Description + " The rest of the path; it may hold slashes.")
		}
		all = append(all, g.parameter(p, "path"))
	}
	for _, p := range r.Query {
		all = append(all, g.parameter(p, "query"))
	}
	return all
}

func (g *generator) parameter(p Param, in string) parameter {
	t := schema.Of(schema.String)
	if p.Type != nil {
		t = p.Type.NotNull() // null is how a view sees what was not sent
	}
	text := t.JSONSchema(g.defs)
	if p.Default != nil {
		text = withDefault(text, p.Default)
	}
	return parameter{Name: p.Name, In: in, Description: p.Description, Required: p.Required, Schema: text}
}

// withDefault adds a default to a schema that has none.
func withDefault(text, value []byte) []byte {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil || members["default"] != nil {
		return text
	}
	out := append([]byte(`{"default":`), value...)
	if len(members) > 0 {
		out = append(out, ',')
	}
	return append(out, text[1:]...)
}
