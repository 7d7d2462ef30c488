package rest_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"atrium/clients"
	"atrium/clients/rest"
	"atrium/clients/schema"
	"atrium/tenants/document"
)

func target(t testing.TB, base string) *rest.Target {
	t.Helper()
	made, err := rest.NewUpstream(rest.Settings{Name: "crm"}).Target("acme", rest.TargetSettings{BaseURL: base})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestPathParameters(t *testing.T) {
	crm := target(t, "https://crm.example.com/v1/")
	for _, test := range []struct{ template, value, want string }{
		{"/c/{id}", `"42"`, "/v1/c/42"},
		{"/c/{id}", `42`, "/v1/c/42"},
		{"/c/{id}", `9007199254740993`, "/v1/c/9007199254740993"},
		{"/c/{id}", `true`, "/v1/c/true"},
		{"/c/{id}", `"a/b"`, "/v1/c/a%2Fb"},
		{"/c/{id}", `"a\\b"`, "/v1/c/a%5Cb"},
		{"/c/{id}", `"%2f"`, "/v1/c/%252f"},
		{"/c/{id}", `"%2e%2e"`, "/v1/c/%252e%252e"},
		{"/c/{id}", `"a b+c&d=e?f#g"`, "/v1/c/a%20b%2Bc%26d%3De%3Ff%23g"},
		{"/c/{id}", `"é\ud83d\ude00"`, "/v1/c/%C3%A9%F0%9F%98%80"},
		{"/c/{id}", `"\ud800"`, "/v1/c/%EF%BF%BD"},
		{"/c/{id}", `"..."`, "/v1/c/..."},
		{"/c/{id}", `".a"`, "/v1/c/.a"},
		{"/c/{id}", `"a:b@c;d,e"`, "/v1/c/a%3Ab%40c%3Bd%2Ce"},
		{"/c/{id}", `["a/b", 2]`, "/v1/c/a%2Fb,2"},
		{"/c/v{id}.json", `"../x"`, "!dot segment"},
		{"/c/v{id}.json", `"1"`, "/v1/c/v1.json"},
		{"/c/.{id}", `"."`, "!dot segment"},
		{"/c/{id}.", `"."`, "!dot segment"},
		{"/{id}/x y", `"1"`, "/v1/1/x%20y"},
		{"/c/{id}?fixed=1", `"1"`, "/v1/c/1?fixed=1"},
		{"/c/{id}", `""`, "!empty"},
		{"/c/{id}", `[]`, "!empty"},
		{"/c/{id}", `null`, "!required"},
		{"/c/{id}", ``, "!required"},
		{"/c/{id}", `"."`, "!dot segment"},
		{"/c/{id}", `".."`, "!dot segment"},
		{"/c/{id}", `"../admin"`, "!dot segment"},
		{"/c/{id}", `"a/../b"`, "!dot segment"},
		{"/c/{id}", `"a\\..\\b"`, "!dot segment"},
		{"/c/{id}", `"a/."`, "!dot segment"},
		{"/c/{id}", `"a\u0000b"`, "!control"},
		{"/c/{id}", `"a\r\nX: y"`, "!control"},
		{"/c/{id}", `"\u007f"`, "!control"},
		{"/c/{id}", `[["x"]]`, "!URL"},
	} {
		o := inline(t, "GET "+test.template)
		if strings.HasPrefix(test.value, "[") {
			o.Params[0].Type = schema.Of(schema.Any)
		}
		req, err := o.Request(crm, rest.Args{Params: [][]byte{[]byte(test.value)}})
		if says, bad := strings.CutPrefix(test.want, "!"); bad {
			e, ok := errors.AsType[*clients.Error](err)
			if !ok || e.Kind != clients.Request || !strings.Contains(err.Error(), says) {
				t.Errorf("%s with %s: %v, want an error about %s", test.template, test.value, err, says)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s with %s: %v", test.template, test.value, err)
		} else if got := strings.TrimPrefix(req.URL(), "https://crm.example.com"); got != test.want {
			t.Errorf("%s with %s is %s, want %s", test.template, test.value, got, test.want)
		}
	}
}

// FuzzPathParameter wants that a value stays in its segment: whatever it is, the server sees it and nothing else there.
func FuzzPathParameter(f *testing.F) {
	for _, seed := range []string{"42", "..", "a/b", "%2f..", "\x00", "é", "?", "#", "a\\..\\b", ";x=y", "\u2024\u2024"} {
		f.Add(seed)
	}
	crm := target(f, "https://crm.example.com/v1")
	f.Fuzz(func(t *testing.T, value string) {
		raw, err := json.Marshal(value)
		if err != nil {
			t.Skip()
		}
		var plain string // as JSON carries it
		if err := json.Unmarshal(raw, &plain); err != nil {
			t.Fatal(err)
		}
		args := [][]byte{raw, raw}
		req, err := inline(t, "GET /a/{x}/b").WithQuery("q").Request(crm, rest.Args{Params: args})
		if err != nil {
			if strings.Contains(err.Error(), value) && len(value) > 12 {
				t.Errorf("the error shows the value: %v", err)
			}
			return
		}
		u, err := url.Parse(req.URL())
		if err != nil {
			t.Fatal(err)
		}
		if u.Host != "crm.example.com" || u.Path != "/v1/a/"+plain+"/b" || u.Query().Get("q") != plain || u.Fragment != "" {
			t.Errorf("%q made %s", value, req.URL())
		}
		if escaped := u.EscapedPath(); strings.Count(escaped, "/") != 4 || u.JoinPath().EscapedPath() != escaped {
			t.Errorf("%q leaves its segment: %s", value, escaped)
		}
	})
}

func TestQueryStyles(t *testing.T) {
	spec := func(param string) *rest.Operation {
		t.Helper()
		s, issues := rest.LoadSpec("s.yaml", []byte(`
openapi: 3.0.0
info: { title: T, version: "1" }
paths:
  /x:
    get: { operationId: x, parameters: [{ name: p, in: query, `+param+` }], responses: { 200: { description: ok } } }
`))
		if issues != nil {
			t.Fatal(issues)
		}
		o, _ := s.Operation("x")
		return o
	}
	crm := target(t, "https://crm.example.com")
	const (
		list   = "schema: { type: array, items: { type: string } }"
		object = "schema: { type: object }"
	)
	for _, test := range []struct{ param, value, want string }{
		{"schema: { type: string }", `"a b&c=d+é"`, "?p=a%20b%26c%3Dd%2B%C3%A9"},
		{"schema: { type: string }", `""`, "?p="},
		{"schema: { type: string }", `12`, "?p=12"},
		{"schema: { type: string }", `null`, ""},
		{"schema: { type: string }", `{}`, "!want string, found object"},
		{"schema: { type: integer }", `1.0`, "?p=1.0"},
		{"schema: { type: integer }", `"12"`, "?p=12"},
		{"schema: { type: integer }", `"1&x=2"`, "!want integer, found other text"},
		{"schema: { type: integer }", `1.5`, "!want integer, found number"},
		{"schema: { type: boolean }", `"true"`, "?p=true"},
		{"schema: { type: boolean }", `1`, "!want boolean, found number"},
		{list, `["a","b&c"]`, "?p=a&p=b%26c"},
		{list, `[]`, ""},
		{list, `"a"`, "!want list of string"},
		{list, `[{}]`, "!cannot be written in a URL"},
		{list + ", explode: false", `["a","b,c"]`, "?p=a,b%2Cc"},
		{list + ", style: spaceDelimited, explode: false", `["a","b"]`, "?p=a%20b"},
		{list + ", style: pipeDelimited, explode: false", `["a","b"]`, "?p=a%7Cb"},
		{object, `{"a":1,"b":null,"c":"x&y"}`, "?a=1&c=x%26y"},
		{object + ", explode: false", `{"a":1,"b":"c"}`, "?p=a,1,b,c"},
		{
			object + ", style: deepObject", `{"a":{"b":[1,2]},"]":"["}`,
			"?p%5Ba%5D%5Bb%5D%5B0%5D=1&p%5Ba%5D%5Bb%5D%5B1%5D=2&p%5B%5D%5D=%5B",
		},
		{"content: { application/json: {} }", ` {"a":[1]} `, "?p=%7B%22a%22%3A%5B1%5D%7D"},
	} {
		req, err := spec(test.param).Request(crm, rest.Args{Params: [][]byte{[]byte(test.value)}})
		if says, bad := strings.CutPrefix(test.want, "!"); bad {
			if err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%s with %s: %v, want an error about %s", test.param, test.value, err, says)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s with %s: %v", test.param, test.value, err)
		} else if got := strings.TrimPrefix(req.URL(), "https://crm.example.com/x"); got != test.want {
			t.Errorf("%s with %s is %s, want %s", test.param, test.value, got, test.want)
		}
	}
}

func TestRefusedArguments(t *testing.T) {
	crm := target(t, "https://crm.example.com")
	for name, test := range map[string]struct {
		operation string
		args      rest.Args
		says      string
	}{
		"header with a line break": {
			"GET /x", rest.Args{Header: http.Header{"X-A": {"a\r\nX-B: c"}}}, "header X-A: it holds a control character",
		},
		"body of a read":     {"GET /x", rest.Args{Body: []byte("{}")}, "body: the operation takes none"},
		"too many arguments": {"GET /x", rest.Args{Params: [][]byte{nil}}, "1 arguments for 0 parameters"},
	} {
		_, err := inline(t, test.operation).Request(crm, test.args)
		e, ok := errors.AsType[*clients.Error](err)
		if !ok || e.Kind != clients.Request || e.Upstream != "crm" || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTargetSettings(t *testing.T) {
	for name, test := range map[string]struct {
		settings rest.TargetSettings
		says     string // "" when it is fine
	}{
		"https":        {rest.TargetSettings{BaseURL: "https://crm.example.com/v1"}, ""},
		"port, IPv6":   {rest.TargetSettings{BaseURL: "http://[::1]:8080"}, ""},
		"another case": {rest.TargetSettings{BaseURL: "HTTPS://CRM.example.com"}, ""},
		"empty":        {rest.TargetSettings{}, "want http:// or https://"},
		"file":         {rest.TargetSettings{BaseURL: "file:///etc/passwd"}, "want http:// or https://"},
		"no host":      {rest.TargetSettings{BaseURL: "http:///x"}, "names no host"},
		"only a port":  {rest.TargetSettings{BaseURL: "http://:80"}, "names no host"},
		"opaque":       {rest.TargetSettings{BaseURL: "http:crm.example.com"}, "names no host"},
		"password":     {rest.TargetSettings{BaseURL: "https://u:SECRET@crm.example.com"}, "holds a password"},
		"query":        {rest.TargetSettings{BaseURL: "https://crm.example.com?SECRET"}, "query or fragment"},
		"fragment":     {rest.TargetSettings{BaseURL: "https://crm.example.com/#"}, "query or fragment"},
		"dots":         {rest.TargetSettings{BaseURL: "https://crm.example.com/a/%2e%2e/b"}, "dot segment"},
		"no URL":       {rest.TargetSettings{BaseURL: "https://SECRET host/"}, "it is no URL"},
		"line break":   {rest.TargetSettings{BaseURL: "https://a/", Header: http.Header{"X": {"SECRET\nY: z"}}}, "control character"},
		"no header":    {rest.TargetSettings{BaseURL: "https://a/", Header: http.Header{"X y": {"z"}}}, "holds no"},
		"host header":  {rest.TargetSettings{BaseURL: "https://a/", Header: http.Header{"host": {"evil"}}}, "set by the connection"},
		"length header": {
			rest.TargetSettings{BaseURL: "https://a/", Header: http.Header{"Content-Length": {"1"}}}, "set by the connection",
		},
	} {
		_, err := rest.NewUpstream(rest.Settings{Name: "crm"}).Target("acme", test.settings)
		if (err != nil) != (test.says != "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", name, err, test.says)
		}
		if err != nil && strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: the error shows a value: %v", name, err)
		}
	}
}

func TestInline(t *testing.T) {
	for text, want := range map[string]string{
		"GET /customers/{id}": "",
		"post /x":             "",
		"PROPFIND /x": "t.yaml:2:3: want a method and a path such as GET /customers/{id}; " +
			"there is DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, TRACE",
		"GTE /x":           `t.yaml:2:3: want a method and a path such as GET /customers/{id}; did you mean "GET"?`,
		"GET customers":    "t.yaml:2:7: a path starts with /",
		"GET /a/{id":       "t.yaml:2:7: the path /a/{id: want {name}",
		"GET /a/{id}/{id}": "t.yaml:2:7: the path /a/{id}/{id}: {id} is there twice",
	} {
		o, issues := rest.Inline("x", &document.Node{File: "t.yaml", Line: 2, Column: 3, Kind: document.String, Text: text})
		got := ""
		if len(issues) > 0 {
			got = issues[0].String()
		}
		if got != want || (o == nil) != (want != "") {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	o := inline(t, "GET /customers/{id}").WithQuery("page", "id")
	if len(o.Params) != 2 || o.Params[1].Name != "page" || o.Params[1].Required || o.Response.Kind != schema.Any {
		t.Errorf("got %+v", o.Params)
	}
}

func TestAccepts(t *testing.T) {
	text := &rest.Param{Required: true, Type: schema.Of(schema.String)}
	for name, test := range map[string]struct {
		param *rest.Param
		typ   *schema.Type
		want  int
	}{
		"a number as text":            {text, schema.Of(schema.Integer), 0},
		"text or number":              {text, schema.UnionOf(schema.Of(schema.String), schema.Of(schema.Number)), 0},
		"null for what is required":   {text, schema.Of(schema.String).OrNull(), 1},
		"null for what may be absent": {&rest.Param{Type: schema.Of(schema.Integer)}, schema.Of(schema.Integer).OrNull(), 0},
		"an object":                   {text, schema.ObjectOf(), 1},
		"text as a number":            {&rest.Param{Type: schema.Of(schema.Integer)}, schema.Of(schema.String), 1},
		"number for an enum": {
			&rest.Param{Type: &schema.Type{Kind: schema.String, Enum: []string{`"a"`}}}, schema.Of(schema.Integer), 1,
		},
	} {
		if got := test.param.Accepts(test.typ); len(got) != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
