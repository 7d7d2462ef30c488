package chat_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"atrium/bff/chat"
	"atrium/bff/problem"
)

// calls is an answer that calls tools: name, arguments, name, arguments.
func calls(namesAndArguments ...string) string {
	var b strings.Builder
	b.WriteString(chunk("Let me see. "))
	for i := 0; i < len(namesAndArguments); i += 2 {
		fmt.Fprintf(&b, `data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":%d,"id":"call_%d","type":"function",`+
			`"function":{"name":%q,"arguments":""}}]}}]}`+"\n\n",
			i/2, i/2, namesAndArguments[i])
		fmt.Fprintf(&b, `data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":%d,"function":{"arguments":%q}}]}}]}`+"\n\n",
			i/2, namesAndArguments[i+1])
	}
	return b.String() + finish("tool_calls") + usage + done
}

func dashboard(call func(ctx context.Context, arguments []byte) ([]byte, error)) chat.Tool {
	return chat.Tool{
		Name: "get_dashboard", Description: `The "dashboard"`, Schema: []byte(`{"type":"object","properties":{"id":{"type":"st` +
			`ring"}}}`), Call: call,
	}
}

func TestToolsRunWhileStreaming(t *testing.T) {
	u := says(calls("get_dashboard", `{"id":"17"}`), hello)
	tool := dashboard(func(_ context.Context, arguments []byte) ([]byte, error) {
		return []byte(`{"for":` + string(arguments) + `}`), nil
	})
	g := newGenerations(t, chat.Options{})
	s := ask(t.Context(), g, "/assistant?dialect=ui", hi, chat.Call{Models: []*chat.Model{model(u)}, Tools: []chat.Tool{tool}}).wait()
	var types []string
	for _, frame := range frames(s.text()) {
		_, data, _ := strings.Cut(frame, "data: ")
		types = append(types, strings.TrimSuffix(data, "\n\n"))
	}
	want := []string{
		`{"type":"start","messageId":"` + s.header.Get(chat.Header) + `"}`, `{"type":"start-step"}`, `{"type":"text-start","id":"1"}`,
		`{"type":"text-delta","id":"1","delta":"Let me see. "}`, `{"type":"text-end","id":"1"}`,
		`{"type":"tool-input-start","toolCallId":"call_0","toolName":"get_dashboard","dynamic":true,"providerExecuted":true}`,
		`{"type":"tool-input-available","toolCallId":"call_0","toolName":"get_dashboard","input":{"id":"17"},"dynamic":true,` +
			`"providerExecuted":true}`,
		`{"type":"tool-output-available","toolCallId":"call_0","output":{"for":{"id":"17"}},"dynamic":true,"providerExecuted":true}`,
		`{"type":"finish-step"}`, `{"type":"start-step"}`, `{"type":"text-start","id":"2"}`,
		`{"type":"text-delta","id":"2","delta":"Hel"}`, `{"type":"text-delta","id":"2","delta":"lo"}`, `{"type":"text-end","id":"2"}`,
		`{"type":"finish-step"}`, `{"type":"message-metadata","messageMetadata":{"usage":{"inputTokens":14,"outputTokens":4}}}`,
		`{"type":"finish","finishReason":"stop"}`, `[DONE]`,
	}
	if diff := cmp.Diff(want, types); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	const messages = `"messages":[{"role":"user","content":"Hi"}`
	offered := `,"tools":[{"type":"function","function":{"name":"get_dashboard","description":"The \"dashboard\"",` +
		`"parameters":{"type":"object","properties":{"id":{"type":"string"}}}}}]}`
	if first := u.body(0); !strings.Contains(first, messages+"]") || !strings.HasSuffix(first, offered) {
		t.Errorf("asked first %s", first)
	}
	second := messages + `,{"role":"assistant","content":"Let me see. ","tool_calls":[{"id":"call_0","type":"function",` +
		`"function":{"name":"get_dashboard","arguments":"{\"id\":\"17\"}"}}]},` +
		`{"role":"tool","tool_call_id":"call_0","content":"{\"for\":{\"id\":\"17\"}}"}]`
	if got := u.body(1); !strings.Contains(got, second) || !strings.HasSuffix(got, offered) {
		t.Errorf("asked then %s", got)
	}

	id := s.header.Get(chat.Header)
	wantJSON := `"content":"Let me see. Hello","tools":[{"id":"call_0","name":"get_dashboard","input":{"id":"17"},` +
		`"output":{"for":{"id":"17"}}}],"finishReason":"stop","usage":{"inputTokens":14,"outputTokens":4}}`
	if got := look(t.Context(), g, id, "", map[string]string{"Accept": "application/json"}).wait().text(); !strings.HasSuffix(got,
		wantJSON) {
		t.Errorf("as JSON: %s", got)
	}
	// An openai client is shown no calls: it would take them for its own.
	openai := look(t.Context(), g, id, "?dialect=openai", nil).wait().text()
	if want := chunk("Let me see. ") + chunk("Hel") + chunk("lo") + finish("stop") + done; openai != want {
		t.Errorf("openai:\n%s", openai)
	}
	text := look(t.Context(), g, id, "?dialect=text", nil).wait().text()
	if strings.Contains(text, "dashboard") || strings.Count(text, "content") != 3 {
		t.Errorf("text:\n%s", text)
	}
}

// Whatever a tool does wrong goes back to the model as its message, in words a client may see.
func TestFailingTools(t *testing.T) {
	tests := []struct {
		name, tool, arguments string
		call                  func(ctx context.Context, arguments []byte) ([]byte, error)
		want                  string
	}{
		{"problem", "get_dashboard", `{}`, func(context.Context, []byte) ([]byte, error) {
			return nil, problem.New(404, "not-found", "There is no customer 17.").Because(errors.New("secret"))
		}, `There is no customer 17.`},
		{
			"error", "get_dashboard", `{}`, func(context.Context, []byte) ([]byte, error) { return nil, errors.New("secret") },
			`Something went wrong here.`,
		},
		{"panic", "get_dashboard", `{}`, func(context.Context, []byte) ([]byte, error) { panic("secret") }, `Something went wrong here.`},
		{
			"no JSON", "get_dashboard", `{}`, func(context.Context, []byte) ([]byte, error) { return []byte("secret"), nil },
			`Something went wrong here.`,
		},
		{"huge", "get_dashboard", `{}`, func(context.Context, []byte) ([]byte, error) {
			return []byte(`"` + strings.Repeat("x", 300<<10) + `"`), nil
		}, `The result is larger than 262144 bytes.`},
		{"hangs", "get_dashboard", `{}`, func(ctx context.Context, _ []byte) ([]byte, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}, `The answer took too long.`},
		{"bad arguments", "get_dashboard", `{"id":`, nil, `The arguments are no JSON.`},
		{"unknown", "get_moon", `{}`, nil, `There is no tool \"get_moon\".`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				u := says(calls(tt.tool, tt.arguments), hello)
				g := newGenerations(t, chat.Options{})
				s := ask(t.Context(), g, "/assistant?dialect=ui", hi,
					chat.Call{Models: []*chat.Model{model(u)}, Tools: []chat.Tool{dashboard(tt.call)}}).wait()
				if want := `{"type":"tool-output-error","toolCallId":"call_0","errorText":"` + tt.want +
					`"`; !strings.Contains(s.text(), want) {
					t.Errorf("no %s in\n%s", want, s)
				}
				toModel := `{"role":"tool","tool_call_id":"call_0","content":"{\"error\":\"` + strings.ReplaceAll(tt.want, `\"`,
					`\\\"`) + `\"}"}`
				if got := u.body(1); !strings.Contains(got, toModel) {
					t.Errorf("no %s in %s", toModel, got)
				}
				if strings.Contains(s.text()+u.body(1), "secret") || !strings.HasSuffix(s.text(), "[DONE]\n\n") {
					t.Errorf("%s", s)
				}
			})
		})
	}
}

func TestToolsOfOneRoundRunAtOnceAndInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var named []string
		for i := range 10 {
			named = append(named, "get_dashboard", fmt.Sprintf(`{"id":"%d"}`, i))
		}
		u := says(calls(named...), hello)
		tool := dashboard(func(_ context.Context, arguments []byte) ([]byte, error) {
			time.Sleep(time.Duration('9'-arguments[7]) * time.Second)
			return arguments, nil
		})
		g, start := newGenerations(t, chat.Options{}), time.Now()
		s := ask(t.Context(), g, "/assistant?dialect=ui", hi, chat.Call{Models: []*chat.Model{model(u)}, Tools: []chat.Tool{tool}}).wait()
		if took := time.Since(start); took != 9*time.Second {
			t.Errorf("took %s", took)
		}
		for i := range 8 {
			want := fmt.Sprintf(`{"role":"tool","tool_call_id":"call_%d","content":"{\"id\":\"%d\"}"}`, i, i)
			if !strings.Contains(u.body(1), want) {
				t.Errorf("no %s", want)
			}
		}
		if strings.Count(s.text(), "Too many calls at once") != 2 || strings.Index(s.text(),
			`output":{"id":"0"}`) > strings.Index(s.text(), `output":{"id":"7"}`) {
			t.Errorf("%s", s)
		}
	})
}

func TestRoundsAreBounded(t *testing.T) {
	tool := dashboard(func(context.Context, []byte) ([]byte, error) { return []byte("{}"), nil })
	again := calls("get_dashboard", "{}")
	t.Run("a model that never stops", func(t *testing.T) {
		u := says(again)
		g := newGenerations(t, chat.Options{})
		s := ask(t.Context(), g, "/assistant", hi, chat.Call{Models: []*chat.Model{model(u)}, Tools: []chat.Tool{tool}}).wait()
		const end = `{"error":{"code":"tool-rounds","message":"The model did not come to an answer."}}` + "\n\n"
		if !strings.HasSuffix(s.text(), end) || len(u.bodies) != 6 {
			t.Errorf("asked %d times\n%s", len(u.bodies), s)
		}
	})
	t.Run("the last round forbids calls", func(t *testing.T) {
		u := says(again, again, again, again, again, hello)
		g := newGenerations(t, chat.Options{})
		s := ask(t.Context(), g, "/assistant", hi, chat.Call{Models: []*chat.Model{model(u)}, Tools: []chat.Tool{tool}}).wait()
		if !strings.HasSuffix(s.text(), "data: [DONE]\n\n") {
			t.Errorf("%s", s)
		}
		for n := range 6 {
			if strings.Contains(u.body(n), `"tool_choice":"none"`) != (n == 5) {
				t.Errorf("round %d: %s", n, u.body(n))
			}
		}
	})
}

// A tool's context has the request's values, and ends with the generation.
func TestContextOfATool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type key struct{}
		saw := make(chan any, 1)
		tool := dashboard(func(ctx context.Context, _ []byte) ([]byte, error) {
			saw <- ctx.Value(key{})
			<-ctx.Done()
			return nil, context.Cause(ctx)
		})
		g := newGenerations(t, chat.Options{})
		s := ask(context.WithValue(t.Context(), key{}, "acme"), g, "/assistant", hi,
			chat.Call{Models: []*chat.Model{model(says(calls("get_dashboard", "{}"), hello))}, Tools: []chat.Tool{tool}})
		if got := <-saw; got != "acme" {
			t.Errorf("value %v", got)
		}
		s.until(t, "Let me see")
		stop(t, g, "acme", s.header.Get(chat.Header))
		if !strings.Contains(s.wait().text(), `"code":"stopped"`) {
			t.Errorf("%s", s)
		}
	})
}

func TestFallbackInALaterRound(t *testing.T) {
	first := &upstream{play: func(_ context.Context, n int, w io.Writer) {
		if n == 0 {
			_, _ = io.WriteString(w, calls("get_dashboard", "{}"))
		}
	}}
	tool := dashboard(func(context.Context, []byte) ([]byte, error) { return []byte("{}"), nil })
	g := newGenerations(t, chat.Options{})
	s := ask(t.Context(), g, "/assistant", hi, chat.Call{
		Models: []*chat.Model{model(first), model(says(hello))},
		Tools:  []chat.Tool{tool},
	}).wait()
	if !strings.HasSuffix(s.text(), "data: [DONE]\n\n") || !strings.Contains(s.text(), "Hel") {
		t.Errorf("%s", s)
	}
}

func TestToolName(t *testing.T) {
	for route, want := range map[string]string{
		"GET /dashboard/{id}": "get_dashboard_id", "GET /a-b/{path...?}": "get_a-b_path",
		"GET /" + strings.Repeat("x", 100): "get_" + strings.Repeat("x", 60),
	} {
		if got := chat.ToolName(route); got != want {
			t.Errorf("%s: %s, want %s", route, got, want)
		}
	}
}
