package chat_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"atrium/bff/chat"
	"atrium/clients/llm"
)

func TestDialects(t *testing.T) {
	const raw1 = `{"id":"c1","object":"chat.completion.chunk","model":"m-1","choices":[{"index":0,"delta":{"content":"Hel"},` +
		`"finish_reason":null}]}`
	tests := []struct{ name, target, body, upstream, want string }{
		{"text", "/assistant", hi, hello, "200 text/event-stream\n" +
			"id: 1\ndata: {\"content\":\"Hel\"}\n\nid: 2\ndata: {\"content\":\"lo\"}\n\nid: 3\ndata: [DONE]\n\n"},
		{"text, broken", "/assistant?dialect=text", hi, chunk("Hel"), "200 text/event-stream\n" +
			"id: 1\ndata: {\"content\":\"Hel\"}\n\nevent: error\nid: 2\ndata: {\"error\":{\"code\":\"upstream-contract\"," +
			"\"message\":\"The answer broke off.\"}}\n\n"},
		{
			"openai: without usage, as nobody asked", "/assistant?dialect=openai", hi, hello,
			"200 text/event-stream\n" + chunk("Hel") + chunk("lo") + finish("stop") + done,
		},
		{"openai, broken", "/assistant?dialect=openai", hi, chunk("Hel"), "200 text/event-stream\ndata: " + raw1 + "\n\n" +
			"data: {\"error\":{\"message\":\"The answer broke off.\",\"type\":\"server_error\",\"code\":\"upstream-contract\"," +
			"\"param\":null}}\n\ndata: [DONE]\n\n"},
		{
			"openai, not streamed", "/assistant?dialect=openai", strings.Replace(hi, "{", `{"stream":false,`, 1), hello,
			"200 application/json\n" +
				`{"id":"c1","object":"chat.completion","created":946684800,"model":"m-1","choices":[{"index":0,` +
				`"message":{"role":"assistant","content":"Hello","refusal":null},"finish_reason":"stop"}],` +
				`"usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9}}`,
		},
		{
			"openai, not streamed and broken", "/assistant?dialect=openai", strings.Replace(hi, "{", `{"stream":false,`, 1), chunk("Hel"),
			"502 application/problem+json\n" + `{"type":"urn:atrium:problem:upstream-contract","title":"Bad Gateway",` +
				`"status":502,"detail":"The upstream: the answer was not what was promised.","instance":"/assistant",` +
				`"code":"upstream-contract"}`,
		},
		{
			"ui", "/assistant?dialect=ui", hi,
			`data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"","reasoning":"Hm"}}]}` + "\n\n" +
				hello, "200 text/event-stream\n" +
				"id: 1\ndata: {\"type\":\"start\",\"messageId\":\"GEN\"}\n\nid: 2\ndata: {\"type\":\"start-step\"}\n\n" +
				"id: 3\ndata: {\"type\":\"reasoning-start\",\"id\":\"1\"}\n\nid: 4\ndata: {\"type\":\"reasoning-delta\"," +
				"\"id\":\"1\",\"delta\":\"Hm\"}\n\n" +
				"id: 5\ndata: {\"type\":\"reasoning-end\",\"id\":\"1\"}\n\nid: 6\ndata: {\"type\":\"text-start\",\"id\":\"2\"}\n\n" +
				"id: 7\ndata: {\"type\":\"text-delta\",\"id\":\"2\"," +
				"\"delta\":\"Hel\"}\n\nid: 8\ndata: {\"type\":\"text-delta\",\"id\":\"2\",\"delta\":\"lo\"}\n\n" +
				"id: 9\ndata: {\"type\":\"text-end\",\"id\":\"2\"}\n\nid: 10\ndata: {\"type\":\"finish-step\"}\n\n" +
				"id: 11\ndata: {\"type\":\"message-metadata\",\"messageMetadata\":{\"usage\":{\"inputTokens\":7,\"outputTokens\":2}}}\n\n" +
				"id: 12\ndata: {\"type\":\"finish\",\"finishReason\":\"stop\"}\n\nid: 13\ndata: [DONE]\n\n",
		},
		{"ui, broken", "/assistant?dialect=ui", hi, chunk("Hel"), "200 text/event-stream\n" +
			"id: 1\ndata: {\"type\":\"start\"," +
			"\"messageId\":\"GEN\"}\n\nid: 2\ndata: {\"type\":\"start-step\"}\n\nid: 3\ndata: {\"type\":\"text-start\"," +
			"\"id\":\"1\"}\n\n" +
			"id: 4\ndata: {\"type\":\"text-delta\",\"id\":\"1\",\"delta\":\"Hel\"}\n\nid: 5\ndata: {\"type\":\"text-end\"," +
			"\"id\":\"1\"}\n\n" +
			"id: 6\ndata: {\"type\":\"error\",\"errorText\":\"The answer broke off.\"}\n\nid: 7\ndata: [DONE]\n\n"},
		{
			"a refusal is text", "/assistant", hi, `data: {"choices":[{"index":0,"delta":{"refusal":"No."}}]}` + "\n\n" + finish("stop"),
			"200 text/event-stream\nid: 1\ndata: {\"content\":\"No.\"}\n\nid: 2\ndata: [DONE]\n\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGenerations(t, chat.Options{})
				s := ask(t.Context(), g, tt.target, tt.body, chat.Call{Models: []*chat.Model{model(says(tt.upstream))}}).wait()
				if diff := cmp.Diff(tt.want, s.String()); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestHeadersOfAStream(t *testing.T) {
	g := newGenerations(t, chat.Options{})
	s := ask(t.Context(), g, "/assistant?dialect=ui", hi, chat.Call{Models: []*chat.Model{model(says(hello))}}).wait()
	for name, want := range map[string]string{
		"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no", "X-Vercel-Ai-Ui-Message-Stream": "v1", "Connection": "",
	} {
		if got := s.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if id := s.header.Get(chat.Header); !strings.HasPrefix(id, "gen_") || len(id) < 20 {
		t.Errorf("generation %q", id)
	}
}

// Until a model has begun to answer a failure keeps its status, and the next model is asked.
func TestBeforeTheFirstEvent(t *testing.T) {
	inBand := says(`data: {"error":{"message":"secret of the provider","code":429}}` + "\n\n")
	limited := refuses(429, "7", `{"error":{"message":"secret of the provider"}}`)
	page := says("<html>")
	tests := []struct {
		name   string
		models []*upstream
		want   string // status and code, or text
		retry  string
		asked  []int
	}{
		{"the model's 429 stays", []*upstream{limited}, "429 upstream-limited", "7", []int{1}},
		{"in band too", []*upstream{inBand}, "429 upstream-limited", "", []int{1}},
		{"an error is 502", []*upstream{refuses(500, "", "{}")}, "502 upstream-failed", "", []int{1}},
		{
			"the role alone is no answer",
			[]*upstream{says(role + `data: {"error":{"message":"x"}}` + "\n\n")},
			"502 upstream-failed",
			"",
			[]int{1},
		},
		{"our credential is our fault", []*upstream{refuses(401, "", "{}")}, "502 upstream-failed", "", []int{1}},
		{"no stream", []*upstream{page}, "502 upstream-contract", "", []int{1}},
		{"silence is 504", []*upstream{holds(": hb\n\n")}, "504 upstream-timeout", "", []int{1}},
		{"fallback after a status", []*upstream{limited, says(hello)}, "200", "", []int{1, 1}},
		{"fallback after an error in the first frame", []*upstream{inBand, says(hello)}, "200", "", []int{1, 1}},
		{"fallback after silence", []*upstream{holds(""), says(hello)}, "200", "", []int{1, 1}},
		{"fallback twice", []*upstream{page, page, says(hello)}, "200", "", []int{1, 1, 1}},
		{"no fallback after the first event", []*upstream{says(chunk("Hel")), says(hello)}, "200", "", []int{1, 0}},
		{"a limit is worth knowing", []*upstream{limited, page}, "429 upstream-limited", "7", []int{1, 1}},
		{"else the last counts", []*upstream{refuses(500, "", "{}"), page}, "502 upstream-contract", "", []int{1, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var c chat.Call
				for _, u := range tt.models {
					u := &upstream{play: u.play}
					c.Models = append(c.Models, model(u))
				}
				g := newGenerations(t, chat.Options{})
				s := ask(t.Context(), g, "/assistant", hi, c).wait()
				status, code, _ := strings.Cut(tt.want, " ")
				if got := s.String(); !strings.HasPrefix(got, status) || !strings.Contains(got,
					code) || s.header.Get("Retry-After") != tt.retry {
					t.Errorf("Retry-After %q and\n%s", s.header.Get("Retry-After"), got)
				}
				if strings.Contains(s.String(), "secret") || s.aborted {
					t.Errorf("shown:\n%s", s)
				}
				if gen := s.header.Get(chat.Header); (gen != "") != (status == "200") {
					t.Errorf("generation %q", gen)
				}
				for i, m := range c.Models {
					u, _ := m.Transport.(*upstream)
					if len(u.bodies) != tt.asked[i] {
						t.Errorf("model %d was asked %d times, want %d", i, len(u.bodies), tt.asked[i])
					}
				}
			})
		})
	}
}

func TestNothingIsWrittenBeforeTheFirstEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGenerations(t, chat.Options{})
		u := &upstream{play: func(_ context.Context, _ int, w io.Writer) {
			_, _ = io.WriteString(w, ": thinking\n\n")
			time.Sleep(18 * time.Second)
			_, _ = io.WriteString(w, chunk("Hel"))
			time.Sleep(29 * time.Second)
			_, _ = io.WriteString(w, finish("stop"))
		}}
		s := ask(t.Context(), g, "/assistant", hi, chat.Call{Models: []*chat.Model{model(u)}})
		time.Sleep(17 * time.Second)
		synctest.Wait()
		s.mu.Lock()
		if s.status != 0 || s.body.Len() > 0 {
			t.Errorf("wrote %d %q", s.status, s.body.String())
		}
		s.mu.Unlock()
		want := "id: 1\ndata: {\"content\":\"Hel\"}\n\n: hb\n\nid: 2\ndata: [DONE]\n\n" // and heartbeats after it
		if got := s.wait().text(); got != want {
			t.Errorf("%q", got)
		}
	})
}

// The caller's messages and the system prompt reach the model, in the document's words, and nothing else does.
func TestPrompt(t *testing.T) {
	u := says(hello)
	m := model(u)
	warm := 0.5
	m.MaxTokens, m.Temperature = 100, &warm
	g := newGenerations(t, chat.Options{})
	const body = `{"model":"evil","tools":[{"x":1}],"temperature":2,"max_tokens":1e9,"vars":{"a":"b"},"user":"x",
		"messages":[{"role":"user","content":"a","name":"evil","tool_calls":[1]},{"role":"assistant","content":null},
		{"role":"assistant","content":"b","tool_calls":[]},
		{"role":"user","content":[{"type":"text","text":"c"}]}]}`
	ask(t.Context(), g, "/assistant", body, chat.Call{
		Models: []*chat.Model{m},
		System: func(_ context.Context, body []byte) ([]byte, error) {
			if !strings.Contains(string(body), `"vars":{"a":"b"}`) {
				t.Errorf("body %s", body)
			}
			return []byte(`"You are \"Acme\"."`), nil
		},
	}).wait()
	want := `{"model":"m-1","messages":[{"role":"system","content":"You are \"Acme\"."},{"role":"user","content":"a"},` +
		`{"role":"assistant","content":"b"},` +
		`{"role":"user","content":[{"type":"text","text":"c"}]}],"stream":true,"stream_options":{"include_usage":true},` +
		`"max_tokens":100,"temperature":0.5}`
	if diff := cmp.Diff(want, u.body(0)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReasoningModelsTakeAnotherLimit(t *testing.T) {
	u := says(hello)
	m := model(u)
	m.Model.Model, m.MaxTokens = "o3-mini", 7
	g := newGenerations(t, chat.Options{})
	ask(t.Context(), g, "/assistant", hi, chat.Call{Models: []*chat.Model{m}}).wait()
	if !strings.Contains(u.body(0), `"max_completion_tokens":7`) || strings.Contains(u.body(0), `"max_tokens"`) {
		t.Errorf("sent %s", u.body(0))
	}
}

func TestAdmission(t *testing.T) {
	full := errors.New("the streams are full")
	tests := []struct {
		name     string
		upstream *upstream
		refuse   error
		want     llm.Usage
	}{
		{"refused", says(hello), full, llm.Usage{}},
		{"reported", says(hello), nil, llm.Usage{Input: 7, Output: 2}},
		{"estimated", says(chunk(strings.Repeat("x", 398)) + finish("stop")), nil, llm.Usage{Input: 7, Output: 100, Estimated: true}},
		{"broken off", says(chunk(strings.Repeat("x", 398))), nil, llm.Usage{Input: 7, Output: 100, Estimated: true}},
		{"never begun", refuses(500, "", "{}"), nil, llm.Usage{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var asked []chat.Ask
			var settled []llm.Usage
			m := model(tt.upstream)
			m.MaxTokens = 50
			g := newGenerations(t, chat.Options{Log: slog.New(slog.DiscardHandler)})
			s := ask(t.Context(), g, "/assistant", hi, chat.Call{Models: []*chat.Model{m}, Admit: func(_ context.Context,
				a chat.Ask,
			) (chat.Settle, error) {
				asked = append(asked, a)
				return func(_ context.Context, u llm.Usage) { settled = append(settled, u) }, tt.refuse
			}}).wait()
			if diff := cmp.Diff([]chat.Ask{{Model: "assistant", Input: 7, Output: 50}}, asked); diff != "" {
				t.Errorf("asked (-want +got):\n%s", diff)
			}
			if tt.refuse != nil {
				if !errors.Is(s.err, full) || len(settled) != 0 || tt.upstream.body(0) != "" {
					t.Errorf("error %v, settled %v", s.err, settled)
				}
				return
			}
			if diff := cmp.Diff([]llm.Usage{tt.want}, settled); diff != "" {
				t.Errorf("settled (-want +got):\n%s", diff)
			}
		})
	}
}

func TestClosedRegistry(t *testing.T) {
	g := newGenerations(t, chat.Options{})
	g.Close()
	s := ask(t.Context(), g, "/assistant", hi, chat.Call{Models: []*chat.Model{model(says(hello))}}).wait()
	if s.status != http.StatusServiceUnavailable {
		t.Errorf("%s", s)
	}
}
