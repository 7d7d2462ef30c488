package llm_test

import (
	"encoding/json"
	"strings"
	"testing"

	"atrium/clients/llm"
	"atrium/clients/rawjson"
)

// A chunk's side view must agree with a plain decoding, and a stream of anything must end in a typed error or whole.
func FuzzStream(f *testing.F) {
	f.Add(chunk("a") + finished + usage + done)
	f.Add(`data: {"choices":[{"delta":{"content":"\u00e9","tool_calls":[{"index":1,"id":"x","function":{"name":"f"}}]}}]}` + "\n\n")
	f.Add("data: {\"usage\":{\"prompt_tokens\":3}}\n\ndata: {\"error\":{}}\n\n")
	f.Add(`data: {"choices":[{"index":1,"delta":{}},{"index":0,"delta":{"content":"x"}}],"error":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := listen(t.Context(), says(text), llm.Timeouts{})
		if err != nil && strings.HasPrefix(got.Kind, "not typed") {
			t.Fatalf("error %v", err)
		}
		raw := []byte(text)
		c, err := llm.ParseChunk(raw)
		if (err == nil) != (rawjson.Valid(raw) == nil) {
			t.Fatalf("parse error %v", err)
		}
		var plain struct {
			Choices []struct {
				Index int
				Delta struct{ Content string }
			}
		}
		if err != nil || json.Unmarshal(raw, &plain) != nil || len(plain.Choices) != 1 || plain.Choices[0].Index != 0 {
			return
		}
		lower := strings.ToLower(text) // encoding/json takes any case of a name
		if lower != text || strings.Count(text, "content") != 1 || strings.Count(text, "choices") != 1 {
			return
		}
		if got := string(rawjson.AppendUnquoted(nil, c.Text)); got != plain.Choices[0].Delta.Content {
			t.Fatalf("text %q, want %q", got, plain.Choices[0].Delta.Content)
		}
	})
}

func BenchmarkRecv(b *testing.B) {
	const envelope = `data: {"id":"chatcmpl-0123456789abcdef","object":"chat.completion.chunk","created":1700000000,` +
		`"model":"gpt-4.1-mini-2025-04-14",` +
		`"service_tier":"default","system_fingerprint":"fp_0123456789","choices":[{"index":0,"delta":{"content":" word"},` +
		`"logprobs":null,"finish_reason":null}],"usage":null}` + "\n\n"
	text := strings.Repeat(envelope, 1000)
	b.ReportAllocs()
	for b.Loop() {
		h, _ := listen(b.Context(), says(text), llm.Timeouts{})
		if h.Chunks != 1000 {
			b.Fatal(h.Chunks)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/chunk")
}
