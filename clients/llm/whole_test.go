package llm_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"atrium/clients"
	"atrium/clients/llm"
)

func object(status int, body string) *upstream {
	u := says(body)
	u.status, u.header = status, http.Header{"Content-Type": {"application/json"}}
	return u
}

func TestComplete(t *testing.T) {
	const whole = `{"id":"c1","choices":[{"index":0,"message":{"content":[{"odd":1}],"reasoning":"x"},"finish_reason":"stop"}],` +
		`"usage":{"prompt_tokens":7,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":5}},"n":9007199254740993}`
	tests := []struct {
		name string
		u    *upstream
		want string // kind of the error
	}{
		{"whole", object(200, whole), ""},
		{"no JSON", object(200, whole[:40]), "contract"},
		{"no choices", object(200, `{"choices":[]}`), "contract"},
		{"a list", object(200, `[]`), "contract"},
		{"error with status 200", object(200, `{"error":{"message":"no","code":429}}`), "status 429"},
		{"error", object(503, `{"error":"no"}`), "status 503"},
		{"too large", object(200, `"`+strings.Repeat("x", 9<<20)+`"`), "too_large"},
		{"a page", says("<p>"), "contract"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := &llm.Model{Name: "assistant", BaseURL: "http://model.test/v1", Transport: tt.u}
			got, used, err := llm.New(llm.Options{}).Complete(t.Context(), m, []byte(`{"a": 1}`))
			if tt.want != "" {
				if got != nil || kind(err) != tt.want {
					t.Errorf("got %s, error %v", got, err)
				}
				return
			}
			if err != nil || string(got) != whole || *used != (llm.Usage{Input: 7, Output: 2, CachedInput: 5}) {
				t.Errorf("got %s, usage %+v, error %v", got, used, err)
			}
			if tt.u.bodies[0] != `{"a": 1}` {
				t.Errorf("sent %s", tt.u.bodies[0])
			}
		})
	}
}

func TestEmbed(t *testing.T) {
	const vectors = `{"object":"list","data":[{"embedding":"AAAA","index":0}],"usage":{"prompt_tokens":3,"total_tokens":3}}`
	u := object(200, vectors)
	m := &llm.Model{Name: "vectors", BaseURL: "http://model.test/v1", Transport: u}
	got, used, err := llm.New(llm.Options{}).Embed(t.Context(), m, []byte(`{"input":"x"}`))
	if err != nil || string(got) != vectors || used.Input != 3 || u.seen[0].URL.Path != "/v1/embeddings" {
		t.Errorf("got %s, usage %+v, error %v", got, used, err)
	}
	m.Transport = object(400, `{"error":{"message":"no"}}`)
	_, _, err = llm.New(llm.Options{}).Embed(t.Context(), m, []byte(`{}`))
	if e, ok := errors.AsType[*clients.Error](err); !ok || e.Operation != "embeddings" || e.Status != 400 {
		t.Errorf("error %v", err)
	}
}
