package view

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
)

const bindView = `routes:
  POST /bind/{n}/{rest...?}:
    input:
      path: { n: { type: integer } }
      query:
        i: { type: integer }
        f: { type: number }
        b: { type: boolean }
        s: { type: string }
        l: { type: array, items: { type: integer } }
        o: { type: object, properties: { a: { type: integer, default: 1 } } }
        u: { oneOf: [{ type: integer }, { type: boolean }] }
      body: { type: object, properties: { a: { type: array, items: { type: object, properties: { d: { type: string, default: x } } } } } }
    response: { p: "${path}", q: "${query}", b: "${body}", h: '${header["x-a"]}', n: "${now}", any: "${query.any}" }
`

// Whatever is sent, Bind finds mistakes or makes JSON, and the view answers JSON.
func FuzzBind(f *testing.F) {
	f.Add("1", "a/b", "i=1&f=1.5&b=true&s=x&l=1&l=2&o={}&u=3", `{"a":[{}]}`, "x")
	f.Add("", "", "i=01&f=.5&b=True&l=&o=[&u=", `{"a":[{"d":null}],"a":1}`, "\x00\r\n")
	f.Add("-0", "..", "i=1e400&f=-&b=null&s=%00%ff&l=1&l=x&any=%22", "null", "\xff")
	p := mustCompile(f, bindView)
	f.Fuzz(func(t *testing.T, n, rest, query, body, header string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		in, mistakes := p.Bind(&Request{
			Path: []string{n, rest}, Query: values, Body: []byte(body), Header: http.Header{"X-A": {header}},
		})
		if len(mistakes) > 0 {
			for _, m := range mistakes {
				if m.Pointer == "" || m.Message == "" {
					t.Errorf("a mistake without a place or a message: %+v", m)
				}
			}
			return
		}
		for slot, raw := range in.env {
			if raw != nil && !json.Valid(raw) {
				t.Errorf("%s is %s", inputNames[slot], raw)
			}
		}
		result, err := p.Run(t.Context(), in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(result.Body) {
			t.Errorf("answered %s", result.Body)
		}
	})
}

func TestUndeclaredQueryDoesNotExist(t *testing.T) {
	p := mustCompile(t, "routes:\n  GET /x:\n    response: { q: \"${query}\", a: \"${query.a}\" }\n")
	in, mistakes := p.Bind(&Request{Query: url.Values{"a": {"1"}, "secret": {"2"}}})
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	result, err := p.Run(t.Context(), in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"q":{"a":"1"},"a":"1"}`; string(result.Body) != want {
		t.Errorf("got %s, want %s", result.Body, want)
	}
}
