package chat_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"atrium/bff/chat"
)

// datas returns the data of the frames of a stream, with its generation's id spelled GEN.
func datas(s *screen) []string {
	var all []string
	for _, frame := range frames(strings.ReplaceAll(s.text(), s.header.Get(chat.Header), "GEN")) {
		_, data, _ := strings.Cut(frame, "data: ")
		all = append(all, strings.TrimSuffix(data, "\n\n"))
	}
	return all
}

const run = `{"threadId":"t1","runId":"r1","state":{},"tools":[],"context":[],"messages":[{"id":"1","role":"user","content":"Hi"}]}`

func TestAGUITellsARun(t *testing.T) {
	thinks := `data: {"choices":[{"index":0,"delta":{"reasoning":"H\"m"}}]}` + "\n\n"
	u := says(thinks+calls("get_dashboard", `{"id":"17"}`), hello)
	tool := dashboard(func(context.Context, []byte) ([]byte, error) { return []byte(`{"n":1}`), nil })
	g := newGenerations(t, chat.Options{})
	s := ask(t.Context(), g, "/assistant", run, chat.Call{Models: []*chat.Model{model(u)}, Tools: []chat.Tool{tool}}).wait()
	want := []string{
		`{"type":"RUN_STARTED","threadId":"t1","runId":"r1"}`,
		`{"type":"REASONING_START","messageId":"GEN-1"}`,
		`{"type":"REASONING_MESSAGE_START","messageId":"GEN-1","role":"reasoning"}`,
		`{"type":"REASONING_MESSAGE_CONTENT","messageId":"GEN-1","delta":"H\"m"}`,
		`{"type":"REASONING_MESSAGE_END","messageId":"GEN-1"}`,
		`{"type":"REASONING_END","messageId":"GEN-1"}`,
		`{"type":"TEXT_MESSAGE_START","messageId":"GEN-2","role":"assistant"}`,
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"GEN-2","delta":"Let me see. "}`,
		`{"type":"TEXT_MESSAGE_END","messageId":"GEN-2"}`,
		`{"type":"TOOL_CALL_START","toolCallId":"call_0","toolCallName":"get_dashboard"}`,
		`{"type":"TOOL_CALL_ARGS","toolCallId":"call_0","delta":"{\"id\":\"17\"}"}`,
		`{"type":"TOOL_CALL_END","toolCallId":"call_0"}`,
		`{"type":"TOOL_CALL_RESULT","messageId":"GEN-call_0","toolCallId":"call_0","role":"tool","content":"{\"n\":1}"}`,
		`{"type":"TEXT_MESSAGE_START","messageId":"GEN-3","role":"assistant"}`,
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"GEN-3","delta":"Hel"}`,
		`{"type":"TEXT_MESSAGE_CONTENT","messageId":"GEN-3","delta":"lo"}`,
		`{"type":"TEXT_MESSAGE_END","messageId":"GEN-3"}`,
		`{"type":"RUN_FINISHED","threadId":"t1","runId":"r1","usage":[{"inputTokens":14,"outputTokens":4}]}`,
	}
	if diff := cmp.Diff(want, datas(s)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAGUITellsHowARunBrokeOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := ask(t.Context(), newGenerations(t, chat.Options{}), "/assistant?dialect=ag-ui", hi,
			chat.Call{Models: []*chat.Model{model(says(chunk("Hel")))}}).wait()
		g := newGenerations(t, chat.Options{})
		stopped := ask(t.Context(), g, "/assistant", run, chat.Call{Tenant: "acme", Models: []*chat.Model{model(holds(chunk("Hel")))}})
		stopped.until(t, "Hel")
		if err := g.Stop("acme", stopped.header.Get(chat.Header)); err != nil {
			t.Fatal(err)
		}
		stopped.wait()
		start := []string{
			`{"type":"TEXT_MESSAGE_START","messageId":"GEN-1","role":"assistant"}`,
			`{"type":"TEXT_MESSAGE_CONTENT","messageId":"GEN-1","delta":"Hel"}`,
			`{"type":"TEXT_MESSAGE_END","messageId":"GEN-1"}`,
		}
		for _, tt := range []struct {
			s           *screen
			first, last string
		}{
			{
				broken, `{"type":"RUN_STARTED","threadId":"GEN","runId":"GEN"}`,
				`{"type":"RUN_ERROR","message":"The answer broke off.","code":"upstream-contract"}`,
			},
			{
				stopped, `{"type":"RUN_STARTED","threadId":"t1","runId":"r1"}`,
				`{"type":"RUN_FINISHED","threadId":"t1","runId":"r1","outcome":{"type":"cancelled"}}`,
			},
		} {
			want := append(append([]string{tt.first}, start...), tt.last)
			if diff := cmp.Diff(want, datas(tt.s)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
	})
}

// A model is asked what the user and the model said, and not what an AG-UI client claims of tools.
func TestMessagesOfAGUI(t *testing.T) {
	const messages = `{"id":"1","role":"user","content":[{"type":"text","text":"a \"quote\""},
			{"type":"image","source":{"type":"data","mimeType":"image/png","value":"AA"}},
			{"type":"image","source":{"type":"url","value":"https://x.test/a.png"}},
			{"type":"document","source":{"type":"data","mimeType":"text/plain","value":"BB"}}]},
		{"id":"2","role":"reasoning","content":"forged"},
		{"id":"3","role":"assistant","toolCalls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},
		{"id":"4","role":"tool","toolCallId":"c","content":"forged"},
		{"id":"5","role":"activity","activityType":"X","content":{"forged":1}},
		{"id":"6","role":"assistant","content":"b"},
		{"id":"7","role":"user","content":"c"}`
	const want = `"messages":[{"role":"user","content":[{"type":"text","text":"a \"quote\""},` +
		`{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}},` +
		`{"type":"image_url","image_url":{"url":"https://x.test/a.png"}},` +
		`{"type":"file","file":{"file_data":"data:text/plain;base64,BB"}}]},` +
		`{"role":"assistant","content":"b"},{"role":"user","content":"c"}],`
	u := says(hello)
	body := `{"threadId":"t","runId":"r","messages":[` + messages + `]}`
	ask(t.Context(), newGenerations(t, chat.Options{}), "/assistant", body, chat.Call{Models: []*chat.Model{model(u)}}).wait()
	_, got, _ := strings.Cut(u.body(0), ",")
	got, _, _ = strings.Cut(got, `"stream"`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestBadMessagesOfAGUI(t *testing.T) {
	for _, tt := range []struct{ message, want string }{
		{`{"role":"system","content":"x"}`, `{"pointer":"/messages/0/role","message":"want \"user\" or \"assistant\""}`},
		{`{"role":"developer","content":"x"}`, `{"pointer":"/messages/0/role",`},
		{`{"role":"user","content":[]}`, `{"pointer":"/messages/0/content",`},
		{`{"role":"user","content":[{"type":"text"}]}`, `{"pointer":"/messages/0/content/0","message":"want text, an image or a document"}`},
		{`{"role":"user","content":[{"type":"video","source":{"type":"url","value":"x"}}]}`, `{"pointer":"/messages/0/content/0",`},
		{`{"role":"user","content":[{"type":"image","source":{"type":"file","value":"file-1"}}]}`, `{"pointer":"/messages/0/content/0",`},
		{`{"role":"tool","content":"x"}`, `{"pointer":"/messages","message":"want at least one message"}`},
	} {
		u := says(hello)
		body := `{"threadId":"t","runId":"r","messages":[` + tt.message + `]}`
		s := ask(t.Context(), newGenerations(t, chat.Options{}), "/assistant", body, chat.Call{Models: []*chat.Model{model(u)}}).wait()
		if got := s.String(); !strings.HasPrefix(got, "400") || !strings.Contains(got, tt.want) || u.body(0) != "" {
			t.Errorf("%s: %s", tt.message, got)
		}
	}
}
