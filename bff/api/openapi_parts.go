package api

import (
	"encoding/json"
	"maps"
	"slices"

	"atrium/clients/schema"
)

type securityScheme struct {
	Type         string `json:"type"`
	Name         string `json:"name,omitempty"`
	In           string `json:"in,omitempty"`
	Scheme       string `json:"scheme,omitempty"`
	BearerFormat string `json:"bearerFormat,omitempty"`
	Description  string `json:"description,omitempty"`
}

// allSchemes are the ways to sign in by their name in the document.
func allSchemes() map[string]securityScheme {
	return map[string]securityScheme{
		"apiKey":  {Type: "apiKey", Name: "X-API-Key", In: "header", Description: "An API key of the tenant."},
		"bearer":  {Type: "http", Scheme: "bearer", Description: "A token of the tenant's issuer, or an API key."},
		"session": {Type: "apiKey", Name: "__Host-session", In: "cookie", Description: "A browser session; see /-/auth/login."},
	}
}

// offered names the ways to sign in that the tenant has, sorted.
func (g *generator) offered() []string {
	has := map[string]bool{"apiKey": g.info.APIKeys, "bearer": g.info.Bearer || g.info.APIKeys, "session": g.info.Session}
	if !g.info.APIKeys && !g.info.Bearer && !g.info.Session {
		has = map[string]bool{"apiKey": true, "bearer": true}
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(has)), func(name string) bool { return !has[name] })
}

// security says who may call: each entry is one way, and an empty one means nobody in particular.
func (g *generator) security(a *Auth) []map[string][]string {
	ways := []map[string][]string{}
	if a == nil || a.Mode == AuthNone || a.Mode == "" {
		return ways
	}
	for _, name := range g.offered() {
		g.uses[name] = true
		scopes := append([]string{}, a.Scopes...)
		ways = append(ways, map[string][]string{name: scopes})
	}
	if a.Mode == AuthOptional {
		ways = append(ways, map[string][]string{})
	}
	return ways
}

func (g *generator) securitySchemes() map[string]securityScheme {
	schemes := allSchemes()
	maps.DeleteFunc(schemes, func(name string, _ securityScheme) bool { return !g.uses[name] })
	return schemes
}

// failures are the shared responses of problems, by status.
func failures() map[string]struct{ name, description string } {
	return map[string]struct{ name, description string }{
		"400":     {"BadRequest", "The request is wrong; errors says where."},
		"401":     {"Unauthorized", "Sign-in is required."},
		"403":     {"Forbidden", "The caller lacks a role or scope."},
		"404":     {"NotFound", "There is no such thing."},
		"429":     {"TooManyRequests", "A limit is reached; Retry-After says when it is not."},
		"502":     {"BadGateway", "An upstream failed."},
		"503":     {"ServiceUnavailable", "An upstream is overloaded or down; Retry-After may say for how long."},
		"504":     {"GatewayTimeout", "An upstream took too long."},
		"default": {"Problem", "Any other problem."},
	}
}

// problems adds the ways an operation may fail.
func (g *generator) problems(op *operation, r RouteDoc) {
	statuses := []string{"404", "429", "502", "503", "504", "default"}
	switch {
	case r.Kind == KindWebhook:
		statuses = []string{"400", "401", "default"}
	case len(op.Parameters) > 0 || op.RequestBody != nil:
		statuses = append(statuses, "400")
	}
	if len(op.Security) > 0 {
		statuses = append(statuses, "401", "403")
	}
	for _, status := range statuses {
		name := failures()[status].name
		g.uses[name] = true
		op.Responses[status] = response{Ref: "#/components/responses/" + name}
	}
}

func (g *generator) responses() map[string]response {
	all := map[string]response{}
	for _, f := range failures() {
		if g.uses[f.name] {
			all[f.name] = response{
				Description: f.description,
				Content:     map[string]media{"application/problem+json": {Schema: g.problem}},
			}
		}
	}
	return all
}

func field(name string, t *schema.Type, required bool, description string) schema.Field {
	return schema.Field{Name: name, Type: t, Required: required, Description: description}
}

// problemType is the schema of RFC 9457 problems.
func problemType() *schema.Type {
	text := schema.Of(schema.String)
	mistake := schema.ObjectOf(
		field("pointer", text, true, "RFC 6901, into what was sent"),
		field("message", text, true, ""),
	)
	t := schema.ObjectOf(
		field("type", text, true, ""),
		field("title", text, true, ""),
		field("status", schema.Of(schema.Integer), true, ""),
		field("code", text, true, "what programs switch on"),
		field("detail", text, false, ""),
		field("instance", text, false, ""),
		field("traceId", text, false, ""),
		field("errors", schema.ArrayOf(mistake), false, "one for each mistake of the request"),
	)
	t.Name = "Problem"
	return t
}

// chatRequest is the schema of what a chat route takes.
func chatRequest() *schema.Type {
	role := schema.Of(schema.String)
	role.Enum = []string{`"user"`, `"assistant"`, `"tool"`}
	message := schema.ObjectOf(
		field("role", role, true, ""),
		field("content", schema.Of(schema.Any), false, "text, or parts as the dialect has them"),
	)
	message.Extra = schema.Of(schema.Any)
	t := schema.ObjectOf(
		field("messages", schema.ArrayOf(message), true, ""),
		field("id", schema.Of(schema.String), false, "of the chat, by which it is resumed"),
		field("vars", schema.MapOf(schema.Of(schema.Any)), false, "variables of the prompt"),
	)
	t.Extra = schema.Of(schema.Any)
	t.Name = "ChatRequest"
	return t
}

func dialectSchema() json.RawMessage {
	return json.RawMessage(`{"type":"string","enum":["text","openai","ui","ag-ui"]}`)
}

// chat describes a chat route.
func (g *generator) chat(op *operation) {
	g.hasChat = true
	op.Parameters = append(op.Parameters, parameter{
		Name: "dialect", In: "query", Schema: dialectSchema(), Description: "of the answer; by default the request's shape decides",
	})
	op.RequestBody = &requestBody{
		Required: true, Content: map[string]media{jsonMedia: {Schema: chatRequest().JSONSchema(g.defs)}},
	}
	stream := stream()
	stream.Headers = map[string]header{"Atrium-Generation": textHeader("The id by which the answer is resumed.")}
	op.Responses = map[string]response{"200": stream}
}

func stream() response {
	return response{
		Description: "The answer as it is made.",
		Content:     map[string]media{"text/event-stream": {Schema: json.RawMessage(`{"type":"string"}`)}},
	}
}

// generations describes how generations are resumed and stopped.
func (g *generator) generations() {
	item := g.item([]Segment{{Literal: "-"}, {Literal: "generations"}, {Param: "id"}})
	id := parameter{Name: "id", In: "path", Required: true, Schema: json.RawMessage(`{"type":"string"}`)}
	answer := stream()
	answer.Content[jsonMedia] = media{}
	resume := &operation{
		OperationID: g.unique("resumeGeneration"), Summary: "Resume an answer", Tags: []string{tagGenerations},
		Parameters: []parameter{
			id,
			{Name: "dialect", In: "query", Schema: dialectSchema()},
			{
				Name: "after", In: "query", Schema: json.RawMessage(`{"type":"integer"}`),
				Description: "the number of the last event seen; the header Last-Event-ID says the same",
			},
		},
		Responses: map[string]response{"200": answer}, Security: g.security(g.info.Auth),
	}
	stop := &operation{
		OperationID: g.unique("stopGeneration"), Summary: "Stop an answer", Tags: []string{tagGenerations},
		Parameters: []parameter{id},
		Responses:  map[string]response{"204": {Description: "Stopped."}}, Security: g.security(g.info.Auth),
	}
	for _, op := range []*operation{resume, stop} {
		g.problems(op, RouteDoc{Kind: KindChat})
	}
	item["get"], item["delete"] = resume, stop
	g.tags = append(g.tags, tagGenerations)
}
