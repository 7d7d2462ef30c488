package chat_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"atrium/bff/chat"
	"atrium/clients/llm"
)

// catalog offers one chain as "assistant".
func catalog(upstreams ...http.RoundTripper) chat.Catalog {
	var models []*chat.Model
	for _, u := range upstreams {
		models = append(models, model(u))
	}
	return chat.Catalog{
		Tenant: "acme", Names: []string{"assistant", "backup"},
		Models: func(name string) ([]*chat.Model, bool) { return models, name == "assistant" },
	}
}

func complete(ctx context.Context, g *chat.Generations, c chat.Catalog, body string) *screen {
	return open(ctx, http.MethodPost, "/v1/chat/completions", body, nil, func(w http.ResponseWriter, r *http.Request) error {
		return g.ServeCompletions(w, r, c)
	})
}

// The body passes as it was sent, in bytes, with the model's own name and what makes it stream and tell usage.
func TestBodyPasses(t *testing.T) {
	const sent = `{"model":"assistant", "messages":[ {"role":"system","content":"x"},{"role":"user","content":[{"type":"input_audio"}]}],` +
		`"seed":9007199254740993,"tools":[{"odd":1.50}],"model":"assistant","stream":true,` +
		`"stream_options":{"include_obfuscation":false,"include_usage":false}}`
	const want = `{"model":"m-1","messages":[ {"role":"system","content":"x"},{"role":"user","content":[{"type":"input_audio"}]}],` +
		`"seed":9007199254740993,"tools":[{"odd":1.50}],"stream":true,"stream_options":{"include_obfuscation":false,"include_usage":true}}`
	u := says(hello)
	g := newGenerations(t, chat.Options{})
	s := complete(t.Context(), g, catalog(u), sent).wait()
	if diff := cmp.Diff(want, u.body(0)); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff("200 text/event-stream\n"+chunk("Hel")+chunk("lo")+finish("stop")+done, s.String()); diff != "" {
		t.Errorf("shown (-want +got):\n%s", diff)
	}
}

func TestUsageWhenAskedFor(t *testing.T) {
	g := newGenerations(t, chat.Options{})
	const body = `{"model":"assistant","messages":[{}],"stream":true,"stream_options":{"include_usage":true}}`
	if got := complete(t.Context(), g, catalog(says(hello)), body).wait().text(); got != hello {
		t.Errorf("%s", got)
	}
}

// The caller's own tools are the caller's to run: calls pass as the model made them.
func TestCallsPass(t *testing.T) {
	g := newGenerations(t, chat.Options{})
	text := calls("f", `{"x":1}`)
	s := complete(t.Context(), g, catalog(says(text)), `{"model":"assistant","messages":[{}],"stream":true,"tools":[{}]}`).wait()
	if want := strings.Replace(text, usage, "", 1); s.text() != want {
		t.Errorf("%s", s)
	}
	got := look(t.Context(), g, s.header.Get(chat.Header), "", map[string]string{"Accept": "application/json"}).wait().text()
	if !strings.Contains(got, `"toolCalls":[{"id":"call_0","name":"f","arguments":"{\"x\":1}"}]`) {
		t.Errorf("as JSON: %s", got)
	}
}

func TestNotStreamed(t *testing.T) {
	const answer = `{"id":"c1","odd":1.50,"choices":[{"message":{"content":"Hello"},"finish_reason":"stop"}],` +
		`"usage":{"prompt_tokens":7,"completion_tokens":2}}`
	var settled []llm.Usage
	c := catalog(refuses(500, "", "{}"), refuses(200, "", answer))
	c.Admit = func(context.Context, chat.Ask) (chat.Settle, error) {
		return func(_ context.Context, u llm.Usage) { settled = append(settled, u) }, nil
	}
	g := newGenerations(t, chat.Options{})
	s := complete(t.Context(), g, c, `{"model":"assistant","messages":[{}],"n":1}`).wait()
	if s.String() != "200 application/json\n"+answer {
		t.Errorf("%s", s)
	}
	if diff := cmp.Diff([]llm.Usage{{Input: 7, Output: 2}}, settled); diff != "" {
		t.Errorf("settled (-want +got):\n%s", diff)
	}
}

func TestErrorsInOpenAIsShape(t *testing.T) {
	const body = `{"model":"assistant","messages":[{}],"stream":true}`
	failed := func(message, typ, code, param string) string {
		return `{"error":{"message":"` + message + `","type":"` + typ + `","code":"` + code + `","param":` + param + `}}`
	}
	said := `{"error":{"message":"Your prompt is too long.","type":"invalid_request_error","code":"context_length_exceeded",` +
		`"param":"messages"}}`
	tests := []struct {
		name, body string
		upstream   *upstream
		want       string
		header     map[string]string
	}{
		{
			"unknown model", strings.Replace(body, "assistant", "gpt-9", 1), says(hello),
			"404 application/json\n" + failed(`The model \"gpt-9\" does not exist. There is: assistant, backup.`,
				"invalid_request_error", "model_not_found", "null"), nil,
		},
		{
			"no messages", `{"model":"assistant"}`, says(hello),
			"400 application/json\n" + failed("The body is not what is wanted here. /messages: want a list of at least one message",
				"invalid_request_error", "invalid-request", `"messages"`), nil,
		},
		{"no JSON", `{`, says(hello), "400 application/json\n" + failed("The body must be JSON.", "invalid_request_error",
			"bad-json", "null"), nil},
		{"the model's words pass", body, refuses(400, "", said), "502 application/json\n" +
			said[:len(said)-len(`,"type":"invalid_request_error","code":"context_length_exceeded","param":"messages"}}`)] +
			`,"type":"invalid_request_error","code":"context_length_exceeded","param":"messages"}}`, map[string]string{"X-Shou" +
			"ld-Retry": "false"}},
		{
			"but not about our credential", body, refuses(401, "", `{"error":{"message":"bad key sk-123"}}`),
			"502 application/json\n" + failed("The upstream: it answered with an error.", "server_error", "upstream-failed", "null"),
			map[string]string{"X-Should-Retry": "false"},
		},
		{
			"its 429 stays", body, refuses(429, "7", `{"error":{"message":"Slow down.","type":"requests","code":"rate_limit_exceeded"}}`),
			"429 application/json\n" + failed("Slow down.", "requests", "rate_limit_exceeded", "null"),
			map[string]string{"Retry-After": "7", "X-Should-Retry": ""},
		},
		{
			"in band", body, says(chunk("Hel") + `data: {"error":{"message":"Overloaded.","type":"overloaded_error"}}` + "\n\n"),
			"200 text/event-stream\n" + chunk("Hel") + "data: " + failed("Overloaded.", "overloaded_error", "upstream-failed",
				"null") + "\n\n" + done, nil,
		},
		{
			"in band about our credential", body, says(chunk("Hel") + `data: {"error":{"message":"bad key sk-123","code":401}}` + "\n\n"),
			"200 text/event-stream\n" + chunk("Hel") + "data: " + failed("The model reported an error.", "server_error",
				"upstream-failed", "null") + "\n\n" + done, nil,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := newGenerations(t, chat.Options{})
			s := complete(t.Context(), g, catalog(tt.upstream), tt.body).wait()
			if diff := cmp.Diff(tt.want, s.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for name, want := range tt.header {
				if got := s.header.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
}

// A comment that ends in a blank line breaks openai clients, and so does an id: line.
func TestHeartbeatsForOpenAIClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGenerations(t, chat.Options{})
		u := holds(chunk("Hel"))
		s := complete(t.Context(), g, catalog(u), `{"model":"assistant","messages":[{}],"stream":true}`)
		s.until(t, ": hb")
		time.Sleep(time.Second)
		if got := s.text(); got != chunk("Hel")+": hb\n" {
			t.Errorf("%q", got)
		}
		s.leave(errLeft)
		<-u.ended
	})
}

func TestEmbeddings(t *testing.T) {
	const vectors = `{"object":"list","data":[{"embedding":[0.10]}],"usage":{"prompt_tokens":3}}`
	u := refuses(200, "", vectors)
	g := newGenerations(t, chat.Options{})
	embed := func(body string) *screen {
		return open(t.Context(), http.MethodPost, "/v1/embeddings", body, nil, func(w http.ResponseWriter, r *http.Request) error {
			return g.ServeEmbeddings(w, r, catalog(u))
		}).wait()
	}
	if s := embed(`{"input":["a"],"model":"assistant","dimensions":8}`); s.String() != "200 application/json\n"+vectors ||
		u.body(0) != `{"model":"m-1","input":["a"],"dimensions":8}` {
		t.Errorf("sent %s\n%s", u.body(0), s)
	}
	for body, want := range map[string]string{`{"model":"assistant"}`: "400 ", `{"model":"x","input":"a"}`: "404 "} {
		if s := embed(body); !strings.HasPrefix(s.String(), want) || !strings.Contains(s.text(), `{"error":{"message":`) {
			t.Errorf("%s: %s", body, s)
		}
	}
}

func TestModels(t *testing.T) {
	rec := httptest.NewRecorder()
	chat.ServeModels(rec, []string{"b", "a"})
	want := `{"object":"list","data":[{"id":"a","object":"model","created":0,"owned_by":"atrium"},{"id":"b","object":"model",` +
		`"created":0,"owned_by":"atrium"}]}`
	if rec.Body.String() != want {
		t.Errorf("%s", rec.Body)
	}
}
