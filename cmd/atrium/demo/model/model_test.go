package model_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"atrium/clients/sse"
	"atrium/cmd/atrium/demo/model"
)

func start(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(model.New(model.Options{Now: func() time.Time { return time.Unix(1, 0) }}))
	t.Cleanup(s.Close)
	return s
}

func post(t *testing.T, s *httptest.Server, path, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	res, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

// chunk is what the tests read of an answer, streamed or whole.
type chunk struct {
	Choices []struct {
		Delta, Message struct {
			Content   string
			ToolCalls []struct {
				ID       string
				Function struct{ Name, Arguments string }
			} `json:"tool_calls"`
		}
		FinishReason string `json:"finish_reason"`
	}
	Usage *struct {
		TotalTokens int `json:"total_tokens"`
	}
	Error *struct{ Message, Code string }
}

// told is a streamed answer as a client that reads all of it understands it.
type told struct {
	Content, Tool, Arguments, Finish string
	Usage, Done                      bool
	Error                            string // of the stream, in band or not
}

func read(t *testing.T, res *http.Response) told {
	t.Helper()
	var all told
	r := sse.NewReader(res.Body, 0)
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			all.Error = "broken"
			return all
		}
		if string(e.Data) == "[DONE]" {
			all.Done = true
			continue
		}
		var c chunk
		if json.Unmarshal(e.Data, &c) != nil {
			all.Error = "malformed"
			continue
		}
		if c.Error != nil {
			all.Error = c.Error.Code
		}
		all.Usage = all.Usage || c.Usage != nil && c.Usage.TotalTokens > 0
		for _, choice := range c.Choices {
			all.Content += choice.Delta.Content
			all.Finish += choice.FinishReason
			for _, call := range choice.Delta.ToolCalls {
				all.Tool += call.Function.Name
				all.Arguments += call.Function.Arguments
			}
		}
	}
}

func request(question, rest string) string {
	return fmt.Sprintf(`{"model":"demo","stream":true,"messages":[{"role":"system","content":
		"You help customers of Acme. Be short."},{"role":"user","content":%q}]%s}`, question, rest)
}

func TestAnswerNamesTheQuestionAndTheBrand(t *testing.T) {
	s := start(t)
	ask := request("What is new?", `,"stream_options":{"include_usage":true}`)
	got := read(t, post(t, s, "/v1/chat/completions", ask))
	for _, want := range []string{"What is new?", "Acme"} {
		if !strings.Contains(got.Content, want) {
			t.Errorf("answer %q does not name %q", got.Content, want)
		}
	}
	if !got.Usage || !got.Done || got.Finish != "stop" || got.Error != "" {
		t.Errorf("ended as %+v", got)
	}
	if again := read(t, post(t, s, "/v1/chat/completions", ask)); !cmp.Equal(got, again) {
		t.Errorf("a second answer differs: %+v", again)
	}

	res := post(t, s, "/v1/chat/completions", strings.Replace(ask, `"stream":true`, `"stream":false`, 1))
	var whole chunk
	if err := json.NewDecoder(res.Body).Decode(&whole); err != nil {
		t.Fatal(err)
	}
	if whole.Choices[0].Message.Content != got.Content || whole.Usage == nil {
		t.Errorf("not streamed: %+v", whole)
	}
}

func TestToolCallThenAnswer(t *testing.T) {
	s := start(t)
	const tools = `,"tools":[{"type":"function","function":{"name":"get_dashboard_id","description":"The dashboard of a customer",
		"parameters":{"type":"object","properties":{"id":{"type":"string"},"limit":{"type":"integer","default":20},
		"kind":{"enum":["full","short"]},"unused":{"type":"string"}},"required":["id","limit","kind"]}}}]`
	got := read(t, post(t, s, "/v1/chat/completions", request("Show the dashboard of customer c-17", tools)))
	want := told{Tool: "get_dashboard_id", Arguments: `{"id":"c-17","kind":"full","limit":17}`, Finish: "tool_calls", Done: true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	if other := read(t, post(t, s, "/v1/chat/completions", request("Tell me a joke", tools))); other.Tool != "" {
		t.Errorf("called %q for a joke", other.Tool)
	}

	second := strings.Replace(request("my orders", tools), `}],"tools"`,
		`},{"role":"assistant","content":null},{"role":"tool","content":"{\"name\":\"Ada\",\"orders\":[1,2],\"x\":{}}"}],"tools"`, 1)
	answer := read(t, post(t, s, "/v1/chat/completions", second))
	if answer.Content != "Here is what I found at Acme: name: Ada, orders: 2 entries." || answer.Tool != "" {
		t.Errorf("from the result: %+v", answer)
	}
}

func TestFaultScripts(t *testing.T) {
	s := start(t)
	whole := read(t, post(t, s, "/v1/chat/completions", request("Hi", ""))).Content
	words := strings.SplitAfter(whole, " ")
	first := func(n int) string { return strings.Join(words[:n], "") }
	tests := map[string]told{
		"truncate":         {Content: first(len(words) / 2)},
		"error@3":          {Content: first(3), Error: "demo_fault"},
		"error":            {Content: first(2), Error: "demo_fault"},
		"error-first":      {Error: "demo_fault"},
		"malformed":        {Content: whole, Error: "malformed", Finish: "stop", Done: true},
		"comment-flood@50": {Content: whole, Finish: "stop", Done: true},
		"long-line@100000": {Content: strings.Repeat("x", 100000), Finish: "stop", Done: true},
		"slow":             {Content: whole, Finish: "stop", Done: true},
		"reset":            {Content: first(2), Error: "broken"},
		"event-lines":      {Content: first(2), Error: "demo_fault"},
		"no-done":          {Content: whole, Finish: "stop"},
		"no-finish":        {Content: whole, Done: true},
	}
	for script, want := range tests {
		t.Run(script, func(t *testing.T) {
			ask := request("Hi [fault "+script+"]", "")
			if diff := cmp.Diff(want, read(t, post(t, s, "/v1/chat/completions", ask))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestFaultStatuses(t *testing.T) {
	s := start(t)
	for script, want := range map[string]int{"error-status": 429, "error-status@500": 500, "error-status@7": 500, "html": 200} {
		res := post(t, s, "/v1/chat/completions", request("Hi [fault "+script+"]", ""))
		if res.StatusCode != want || (res.Header.Get("Retry-After") == "7") != (want == 429) {
			t.Errorf("%s: status %d, Retry-After %q", script, res.StatusCode, res.Header.Get("Retry-After"))
		}
	}
	byModel := strings.Replace(request("Hi", ""), `"demo"`, `"demo:error-status@503"`, 1)
	if res := post(t, s, "/v1/chat/completions", byModel); res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("by model name: status %d", res.StatusCode)
	}
}

// Stalls hold the connection until the client leaves; what was sent before is there at once.
func TestStalls(t *testing.T) {
	s := start(t)
	res := post(t, s, "/v1/chat/completions", request("Hi [fault stall]", ""))
	r := sse.NewReader(res.Body, 0)
	for range 3 {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	}
	_ = res.Body.Close() // Close of the server in Cleanup would hang if the handler did not see this
	_ = post(t, s, "/v1/chat/completions", request("Hi [fault stall-first]", "")).Body.Close()
}

func TestEmbeddingsAndModels(t *testing.T) {
	s := start(t)
	vector := func(input, rest string) []float64 {
		res := post(t, s, "/v1/embeddings", `{"model":"demo","input":`+input+rest+`}`)
		var list struct {
			Data []struct{ Embedding []float64 }
		}
		if err := json.NewDecoder(res.Body).Decode(&list); err != nil {
			t.Fatal(err)
		}
		return list.Data[len(list.Data)-1].Embedding
	}
	dot := func(a, b []float64) (sum float64) {
		for i := range a {
			sum += a[i] * b[i]
		}
		return sum
	}
	cats, more, tax := vector(`"cats are nice"`, ""), vector(`["x","cats are very nice"]`, ""), vector(`"income tax"`, "")
	if len(cats) != 64 || dot(cats, more) < dot(cats, tax)+0.2 {
		t.Errorf("%d dimensions; near %f, far %f", len(cats), dot(cats, more), dot(cats, tax))
	}
	if n := len(vector(`"x"`, `,"dimensions":8`)); n != 8 {
		t.Errorf("%d dimensions, want 8", n)
	}
	for _, bad := range []string{`{"input":7}`, `{`, `{"input":[]}`} {
		if res := post(t, s, "/v1/embeddings", bad); res.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: status %d", bad, res.StatusCode)
		}
	}

	rec := httptest.NewRecorder()
	model.New(model.Options{}).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/v1/models", nil))
	if !bytes.Contains(rec.Body.Bytes(), []byte(`"id":"gpt-4.1-mini"`)) {
		t.Errorf("models: %s", rec.Body)
	}
}
