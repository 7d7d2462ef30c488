package bff_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// chatAPI is apiDoc with two models and a chat.
var chatAPI = strings.Replace(apiDoc, "routes:\n", `models:
  first: { baseUrl: "${vars.url}/llm/v1", apiKey: "${secrets.token}", model: m-1, fallbacks: [second] }
  second: { baseUrl: "${vars.url}/backup/v1", apiKey: "${secrets.token}", model: m-2 }
openai: true
routes:
  POST /chat: { chat: { model: first, system: "You work for ${tenant.vars.brand}." } }
`, 1)

// modelPath is where the upstream of these tests is asked as a model, and backupPath where the model after it is.
const (
	modelPath  = "/llm/v1/chat/completions"
	backupPath = "/backup/v1/chat/completions"
)

// chatDocuments are documents with a chat; plan is added to the tenants' plan.
func chatDocuments(plan string) map[string]string {
	docs := documents()
	docs["apis/shop.yaml"] = chatAPI
	docs["plans/small.yaml"] += plan
	return docs
}

// chunk is one event of a model's stream.
func chunk(text string) string {
	return fmt.Sprintf(`data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":%q}}]}`+
		"\n\n", text)
}

const finish = `data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` +
	"\n\ndata: [DONE]\n\n"

// speaks answers as a model does, event by event, and ends as it is told.
func speaks(end string, words ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, word := range words {
			_, _ = io.WriteString(w, chunk(word))
			_ = http.NewResponseController(w).Flush()
		}
		_, _ = io.WriteString(w, end)
	}
}

// talks speaks until its client leaves, which it reports on gone.
func talks(gone chan<- struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		defer close(gone)
		w.Header().Set("Content-Type", "text/event-stream")
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, chunk("on ")); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
			select {
			case <-time.After(10 * time.Millisecond):
			case <-r.Context().Done():
			}
		}
	}
}

const question = `{"messages":[{"role":"user","content":"hi"}]}`

func (h *harness) ask(path, body string, headers ...string) answer {
	h.t.Helper()
	return h.do(http.MethodPost, path, body, append([]string{"X-Tenant", "acme", "Content-Type", "application/json"}, headers...)...)
}

func sortedList(header string) string {
	names := strings.Split(header, ", ")
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func TestChatInItsDialects(t *testing.T) {
	up := new(crm)
	sent := make(chan []byte, 8)
	up.instead(modelPath, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sent <- body
		speaks(finish, "Hello ", "there")(w, r)
	})
	h := start(t, up, chatDocuments(""))

	a := h.ask("/chat", question)
	want := "id: 1\ndata: {\"content\":\"Hello \"}\n\nid: 2\ndata: {\"content\":\"there\"}\n\n"
	if a.status != 200 || !strings.HasPrefix(a.body, want) || !strings.HasSuffix(a.body, "data: [DONE]\n\n") {
		t.Errorf("text: %d\n%s", a.status, a.body)
	}
	for name, value := range map[string]string{"Content-Type": "text/event-stream", "Connection": "", "Content-Encoding": ""} {
		if got := a.header.Get(name); got != value {
			t.Errorf("text: %s is %q, want %q", name, got, value)
		}
	}
	var told struct {
		Model    string
		Tools    []any
		Messages []struct{ Role, Content string }
	}
	must(t, json.Unmarshal(<-sent, &told))
	if told.Model != "m-1" || told.Tools != nil || len(told.Messages) != 2 || told.Messages[0].Content != "You work for ACME." {
		t.Errorf("the model was sent %+v", told)
	}

	id := a.header.Get("Atrium-Generation")
	if again := h.get("/-/generations/"+id, "Last-Event-ID", "1"); again.status != 200 || strings.Contains(again.body, "Hello") ||
		!strings.Contains(again.body, `{"content":"there"}`) {
		t.Errorf("resumed: %d %s", again.status, again.body)
	}
	if other := h.do(http.MethodGet, "/-/generations/"+id, "", "X-Tenant", "globex"); other.problem(t).Status != 404 {
		t.Errorf("another tenant sees the generation: %s", other.body)
	}

	a = h.ask("/v1/chat/completions", `{"model":"first","stream":true,"messages":[{"role":"system","content":"mine"},{"role":"user","content":"hi"}]}`)
	if a.status != 200 || !strings.Contains(a.body, `"delta":{"content":"there"}`) || !strings.HasSuffix(a.body, "data: [DONE]\n\n") ||
		strings.Contains(a.body, "id: ") {
		t.Errorf("openai: %d\n%s", a.status, a.body)
	}
	must(t, json.Unmarshal(<-sent, &told))
	if told.Messages[0].Content != "mine" {
		t.Errorf("at /v1 messages must pass as sent; the model got %+v", told)
	}
}

// TestChatFailsHonestly holds that what goes wrong before the first event keeps its status, and what goes wrong later is in-band and
// never looks like an end.
func TestChatFailsHonestly(t *testing.T) {
	status := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(code)
			_, _ = io.WriteString(w, body)
		}
	}
	const words = `{"error":{"message":"words-of-the-model","type":"x","code":"y"}}`
	tests := []struct {
		name   string
		model  http.HandlerFunc
		status int
		code   string
	}{
		{"limited", status(429, words), 429, "upstream-limited"},
		{"our credential", status(401, words), 502, "upstream-failed"},
		{"down", status(500, words), 502, "upstream-failed"},
		{"no stream", status(200, "<html>words-of-the-model"), 502, "upstream-contract"},
		{"cut off at once", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 502, "upstream-failed"},
	}
	up := new(crm)
	h := start(t, up, chatDocuments(""))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			up.instead(modelPath, tt.model)
			up.instead(backupPath, tt.model)
			a := h.ask("/chat", question)
			p := a.problem(t)
			if a.status != tt.status || p.Code != tt.code || strings.Contains(a.body, "words-of-the-model") || strings.Contains(a.body, "secret-of") {
				t.Errorf("%d %s, want %d %s", a.status, a.body, tt.status, tt.code)
			}
			if tt.status == 429 && a.header.Get("Retry-After") != "7" {
				t.Errorf("Retry-After is %q", a.header.Get("Retry-After"))
			}
			if !strings.Contains(h.log.String(), `"level":"WARN"`) && !strings.Contains(h.log.String(), `"level":"ERROR"`) {
				t.Error("a failed model is no line of WARN or above")
			}
		})
	}
	t.Run("falls back", func(t *testing.T) {
		up.instead(modelPath, status(500, words))
		up.instead(backupPath, speaks(finish, "from the backup"))
		if a := h.ask("/chat", question); a.status != 200 || !strings.Contains(a.body, "from the backup") {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
	t.Run("breaks off later", func(t *testing.T) {
		up.instead(modelPath, speaks("", "part"))
		a := h.ask("/chat", question)
		if a.status != 200 || !strings.Contains(a.body, "part") || !strings.Contains(a.body, "event: error\n") || strings.Contains(a.body, "[DONE]") {
			t.Errorf("%d %s", a.status, a.body)
		}
		a = h.ask("/v1/chat/completions", `{"model":"first","stream":true,`+question[1:])
		if a.status != 200 || !strings.Contains(a.body, `data: {"error":{`) || strings.Contains(a.body, `"finish_reason":"stop"`) {
			t.Errorf("openai: %d %s", a.status, a.body)
		}
	})
}

// TestErrorsOfOpenAI holds that what goes wrong at /v1 has OpenAI's shape, also where the model was never asked.
func TestErrorsOfOpenAI(t *testing.T) {
	docs := chatDocuments("perClient: [\"3/1m\"]\n")
	h := start(t, new(crm), docs)
	tests := []struct {
		name, body, errorType string
		status                int
	}{
		{"unknown model", `{"model":"none",` + question[1:], "invalid_request_error", 404},
		{"no messages", `{"model":"first"}`, "invalid_request_error", 400},
		{"no JSON", `{`, "invalid_request_error", 400},
		{"limited", `{"model":"first",` + question[1:], "rate_limit_error", 429},
	}
	for _, tt := range tests {
		a := h.ask("/v1/chat/completions", tt.body)
		var said struct {
			Error struct{ Message, Type, Code string }
		}
		if err := json.Unmarshal([]byte(a.body), &said); err != nil || a.status != tt.status || said.Error.Type != tt.errorType ||
			said.Error.Message == "" || said.Error.Code == "" || a.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s, want %d %s", tt.name, a.status, a.body, tt.status, tt.errorType)
		}
		if tt.status == 429 && a.header.Get("Retry-After") == "" {
			t.Error("a 429 without Retry-After")
		}
	}
}

// TestClientLeavesTheChat holds that the model is not asked on when nobody listens, and that its place is given back.
func TestClientLeavesTheChat(t *testing.T) {
	up := new(crm)
	gone := make(chan struct{})
	up.instead(modelPath, talks(gone))
	h := start(t, up, chatDocuments("streams: 1\n"))
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.public+"/chat", strings.NewReader(question))
	must(t, err)
	req.Header.Set("X-Tenant", "acme")
	req.Header.Set("Content-Type", "application/json")
	resp, err := h.client.Do(req)
	must(t, err)
	defer resp.Body.Close()
	_, err = io.ReadFull(resp.Body, make([]byte, 20))
	must(t, err)

	a := h.ask("/chat", question)
	if p := a.problem(t); a.status != 429 || p.Code != "limit-streams" || a.header.Get("Retry-After") == "" {
		t.Errorf("one generation too many: %d %s", a.status, a.body)
	}
	leave()
	select {
	case <-gone:
	case <-time.After(5 * time.Second):
		t.Fatal("the model is asked on after the client has left")
	}
	up.instead(modelPath, speaks(finish, "again"))
	for range 200 { // its place is free soon after
		if a = h.ask("/chat", question); a.status == 200 {
			return
		}
		<-time.After(10 * time.Millisecond)
	}
	t.Errorf("the place of a generation that ended is not given back: %d %s", a.status, a.body)
}
