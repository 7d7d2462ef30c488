package rest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"atrium/clients"
	"atrium/clients/rest"
	"atrium/tenants/document"

	"github.com/google/go-cmp/cmp"
)

// inline declares an operation as a document would.
func inline(t testing.TB, text string) *rest.Operation {
	t.Helper()
	o, issues := rest.Inline("op", &document.Node{Kind: document.String, Text: text})
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	return o
}

// an upstream is a server and what calls it.
type upstream struct {
	client *rest.Client
	target *rest.Target
}

func serve(t testing.TB, s rest.Settings, h http.HandlerFunc) upstream {
	t.Helper()
	server := httptest.NewServer(h)
	transport := clients.NewTransport(clients.Options{})
	t.Cleanup(func() {
		transport.Close()
		server.Close()
	})
	if s.Name == "" {
		s.Name = "crm"
	}
	target, err := rest.NewUpstream(s).Target("acme", rest.TargetSettings{BaseURL: server.URL, Literal: true})
	if err != nil {
		t.Fatal(err)
	}
	return upstream{client: rest.NewClient(transport), target: target}
}

func (u upstream) call(ctx context.Context, o *rest.Operation, a rest.Args) (*rest.Response, error) {
	req, err := o.Request(u.target, a)
	if err != nil {
		return nil, err
	}
	return u.client.Do(ctx, req)
}

func sends(media, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{media}
		_, _ = io.WriteString(w, text)
	}
}

func answers(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

// breaksOff promises more than it sends and cuts the connection.
func breaksOff(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"items": [`)
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// drips sends a byte now and then, for as long as it is let.
func drips(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	for {
		if _, err := io.WriteString(w, " "); err != nil {
			return
		}
		if http.NewResponseController(w).Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func zipped(media string, text []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", media)
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(text)
	}
}

func zip(text []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(text)
	_ = w.Close()
	return b.Bytes()
}

func TestAnswers(t *testing.T) {
	const mebi = 1 << 20
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		body    string       // of a good answer
		kind    clients.Kind // of an error
		status  int
		says    string // part of the error
	}{
		"JSON":              {handler: sends("application/json", `{"a": 1.10}`), body: `{"a": 1.10}`},
		"JSON with charset": {handler: sends("application/json; charset=utf-8", ` [9007199254740993] `), body: `[9007199254740993]`},
		"JSON of a vendor":  {handler: sends("application/vnd.github+json", `"x"`), body: `"x"`},
		"JSON without type": {handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = nil
			_, _ = io.WriteString(w, "{}")
		}, body: "{}"},
		"JSON behind a byte order mark": {handler: sends("application/json", "\ufeff{}"), body: "{}"},
		"compressed":                    {handler: zipped("application/json", zip([]byte(`{"z": true}`))), body: `{"z": true}`},
		"no content":                    {handler: answers(http.StatusNoContent), body: "null"},
		"nothing":                       {handler: func(http.ResponseWriter, *http.Request) {}, body: "null"},
		"HTML": {
			handler: sends("text/html; charset=utf-8", "<html>SECRET</html>"),
			kind:    clients.Contract, says: `want JSON, found "text/html; charset=utf-8"`,
		},
		"text":            {handler: sends("text/plain", "ok"), kind: clients.Contract, says: "text/plain"},
		"truncated":       {handler: sends("application/json", `{"items": ["SECRET`), kind: clients.Contract, says: "JSON at byte"},
		"two values":      {handler: sends("application/json", `{} {}`), kind: clients.Contract, says: "JSON at byte 3"},
		"not UTF-8":       {handler: sends("application/json", "\"\xff\""), kind: clients.Contract, says: "UTF-8"},
		"too deep":        {handler: sends("application/json", strings.Repeat("[", 100_000)), kind: clients.Contract, says: "deep"},
		"bad compression": {handler: zipped("application/json", []byte("not gzip at all")), kind: clients.Contract, says: "decompress"},
		"too large": {
			handler: sends("application/json", `"`+strings.Repeat("x", 10*mebi)+`"`),
			kind:    clients.TooLarge, says: "more than 8388608 bytes",
		},
		"too large when decompressed": {
			handler: zipped("application/json", zip([]byte(`"`+strings.Repeat("x", 10*mebi)+`"`))),
			kind:    clients.TooLarge, says: "more than 8388608 bytes",
		},
		"breaks off": {handler: breaksOff, kind: clients.Unreachable, says: "unexpected EOF"},
		"drips":      {handler: drips, kind: clients.Timeout, says: "timeout"},
		"redirects": {
			handler: func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "http://169.254.169.254/", http.StatusFound)
			},
			kind: clients.Status, status: 302,
		},
		"404": {
			handler: func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) },
			kind:    clients.Status, status: 404,
		},
		"500": {handler: answers(http.StatusInternalServerError), kind: clients.Status, status: 500},
	} {
		t.Run(name, func(t *testing.T) {
			u := serve(t, rest.Settings{Timeout: 250 * time.Millisecond, Attempts: 1, BreakerFailures: -1}, test.handler)
			if strings.HasPrefix(name, "too large") {
				u = serve(t, rest.Settings{Attempts: 1}, test.handler)
			}
			got, err := u.call(t.Context(), inline(t, "GET /x"), rest.Args{})
			if test.body != "" {
				if err != nil || string(got.Body) != test.body {
					t.Fatalf("got %v, %v; want %s", got, err, test.body)
				}
				return
			}
			e, ok := errors.AsType[*clients.Error](err)
			if !ok || e.Kind != test.kind || e.Status != test.status || !strings.Contains(err.Error(), test.says) {
				t.Fatalf("got %v; want %v %d saying %q", err, test.kind, test.status, test.says)
			}
			if !strings.HasPrefix(err.Error(), "crm.op: ") || strings.Contains(err.Error(), "SECRET") {
				t.Errorf("the error reads %q", err)
			}
		})
	}
}

func TestRetriedCall(t *testing.T) {
	for name, test := range map[string]struct {
		method string
		first  http.HandlerFunc
		calls  int32
		ok     bool
	}{
		"503, then well":        {"GET", answers(http.StatusServiceUnavailable), 2, true},
		"breaks off, then well": {"GET", breaksOff, 2, true},
		"a delete":              {"DELETE", answers(http.StatusBadGateway), 2, true},
		"a write":               {"POST", answers(http.StatusServiceUnavailable), 1, false},
		"429 for longer than there is time": {"GET", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "60")
			w.WriteHeader(http.StatusTooManyRequests)
		}, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int32
			u := serve(t, rest.Settings{Timeout: 2 * time.Second}, func(w http.ResponseWriter, r *http.Request) {
				if calls.Add(1) == 1 {
					test.first(w, r)
					return
				}
				sends("application/json", `{}`)(w, r)
			})
			_, err := u.call(t.Context(), inline(t, test.method+" /x"), rest.Args{})
			if (err == nil) != test.ok || calls.Load() != test.calls {
				t.Errorf("%d calls, %v; want %d, success %v", calls.Load(), err, test.calls, test.ok)
			}
			if e, ok := errors.AsType[*clients.Error](err); ok && e.Status == 429 && e.RetryAfter != time.Minute {
				t.Errorf("retry after %v, want 1m", e.RetryAfter)
			}
		})
	}
}

func TestProblemOfAnErrorIsKept(t *testing.T) {
	for name, test := range map[string]struct {
		media, text, want string
	}{
		"a problem":      {"application/problem+json", `{"title": "no"}`, `{"title": "no"}`},
		"any JSON":       {"application/json", ` ["no"] `, `["no"]`},
		"HTML":           {"text/html", "<p>no</p>", ""},
		"broken JSON":    {"application/json", `{"title`, ""},
		"too much of it": {"application/json", `"` + strings.Repeat("x", 64<<10) + `"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			u := serve(t, rest.Settings{}, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", test.media)
				w.WriteHeader(http.StatusUnprocessableEntity)
				_, _ = io.WriteString(w, test.text)
			})
			_, err := u.call(t.Context(), inline(t, "POST /x"), rest.Args{Body: []byte("{}"), Forwarded: true})
			e, ok := errors.AsType[*clients.Error](err)
			if !ok || e.Status != 422 || string(e.Problem) != test.want || !e.Forwarded {
				t.Errorf("got %+v", e)
			}
		})
	}
}

func TestWhatReachesTheUpstream(t *testing.T) {
	type seen struct{ Method, URL, Body, Header string }
	var got seen
	names := []string{
		"Accept", "Authorization", "Content-Type", "Cookie", "X-Extra", "X-Param", "Connection", "Host", "User-Agent",
	}
	u := serve(t, rest.Settings{}, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = seen{Method: r.Method, URL: r.URL.RequestURI(), Body: string(body)}
		for _, name := range names {
			if v := r.Header.Values(name); len(v) > 0 {
				got.Header += name + "=" + strings.Join(v, "|") + ";"
			}
		}
		sends("application/json", "{}")(w, r)
	})
	target, err := u.target.Upstream().Target("acme", rest.TargetSettings{
		BaseURL: u.target.BaseURL() + "/base/", Literal: true, Header: http.Header{"authorization": {"Bearer ours"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	spec, issues := rest.LoadSpec("spec.yaml", []byte(`
openapi: 3.1.0
info: { title: T, version: "1" }
paths:
  /a/{id}:
    post:
      operationId: post
      parameters:
        - { name: id, in: path, required: true, schema: { type: string } }
        - { name: q, in: query, schema: { type: array, items: { type: string } } }
        - { name: d, in: query, style: deepObject, schema: { type: object } }
        - { name: j, in: query, content: { application/json: {} } }
        - { name: X-Param, in: header, schema: { type: integer } }
        - { name: sid, in: cookie, schema: { type: string } }
      requestBody: { content: { application/merge-patch+json: {} } }
      responses: { 200: { description: ok, content: { application/vnd.x+json: {} } } }
  /form:
    post:
      operationId: form
      requestBody: { content: { application/x-www-form-urlencoded: {} } }
      responses: { 200: { description: ok, content: { application/json: {} } } }
`))
	if issues != nil {
		t.Fatal(issues)
	}
	u.target = target
	post, _ := spec.Operation("post")
	params := make([][]byte, len(post.Params))
	for name, value := range map[string]string{
		"id": `"a/b c"`, "q": `["x&y","ü"]`, "d": `{"k":{"n":1,"l":[true]},"z":null}`, "j": `{"a":"b"}`, "X-Param": `7`, "sid": `"x; y"`,
	} {
		params[post.Param(name)] = []byte(value)
	}
	_, err = u.call(t.Context(), post, rest.Args{Params: params, Body: []byte(`{"n": 1.50}`), Header: http.Header{
		"X-Extra": {"1", "2"}, "Authorization": {"Bearer user"}, "Connection": {"close"}, "host": {"evil.example"},
		"Content-Type": {"text/plain"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := seen{
		Method: "POST", Body: `{"n": 1.50}`,
		URL: "/base/a/a%2Fb%20c?q=x%26y&q=%C3%BC&d%5Bk%5D%5Bn%5D=1&d%5Bk%5D%5Bl%5D%5B0%5D=true&j=%7B%22a%22%3A%22b%22%7D",
		Header: "Accept=application/vnd.x+json;Authorization=Bearer ours;Content-Type=application/merge-patch+json;" +
			"Cookie=sid=x%3B%20y;X-Extra=1|2;X-Param=7;User-Agent=atrium;",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	form, _ := spec.Operation("form")
	if _, err = u.call(t.Context(), form, rest.Args{Body: []byte(`{"amount": 100, "card": {"no": "4 2"}, "x": null}`)}); err != nil {
		t.Fatal(err)
	}
	if got.Body != "amount=100&card%5Bno%5D=4%202" {
		t.Errorf("the form reads %q", got.Body)
	}
}

func TestGuardOfATarget(t *testing.T) {
	u := serve(t, rest.Settings{}, sends("application/json", "{}"))
	target, err := u.target.Upstream().Target("acme", rest.TargetSettings{BaseURL: u.target.BaseURL()})
	if err != nil {
		t.Fatal(err)
	}
	u.target = target
	_, err = u.call(t.Context(), inline(t, "GET /x"), rest.Args{})
	if e, ok := errors.AsType[*clients.Error](err); !ok || e.Kind != clients.Address {
		t.Errorf("got %v", err)
	}
}

func TestOwnTimeoutOfACall(t *testing.T) {
	u := serve(t, rest.Settings{Timeout: time.Minute}, drips)
	start := time.Now()
	_, err := u.call(t.Context(), inline(t, "GET /x"), rest.Args{Timeout: 50 * time.Millisecond})
	if e, ok := errors.AsType[*clients.Error](err); !ok || e.Kind != clients.Timeout {
		t.Errorf("got %v", err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestKeyHoldsAllThatIsSent(t *testing.T) {
	u := serve(t, rest.Settings{}, sends("application/json", "{}"))
	key := func(text string, a rest.Args) string {
		req, err := inline(t, text).Request(u.target, a)
		if err != nil {
			t.Fatal(err)
		}
		return string(req.Key())
	}
	seen := map[string]string{}
	for i, k := range []string{
		key("GET /x", rest.Args{}),
		key("DELETE /x", rest.Args{}),
		key("GET /y", rest.Args{}),
		key("GET /{p}", rest.Args{Params: [][]byte{[]byte(`"z"`)}}),
		key("GET /x", rest.Args{Header: http.Header{"A": {"1"}}}),
		key("GET /x", rest.Args{Header: http.Header{"A": {"1", "2"}}}),
		key("GET /x", rest.Args{Header: http.Header{"A": {"1"}, "B": {"1"}}}),
		key("POST /x", rest.Args{Body: []byte("1")}),
		key("POST /x", rest.Args{Body: []byte("2")}),
	} {
		if other, ok := seen[k]; ok {
			t.Errorf("keys %d and %s are equal", i, other)
		}
		seen[k] = strconv.Itoa(i)
	}
	again := http.Header{"B": {"2"}, "A": {"1"}}
	if key("GET /x", rest.Args{Header: again}) != key("GET /x", rest.Args{Header: http.Header{"A": {"1"}, "B": {"2"}}}) {
		t.Error("the order of headers changes the key")
	}
}
