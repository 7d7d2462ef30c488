package model

import (
	"fmt"
	"hash/fnv"
	"net/http"
	"strings"
)

// usage counts tokens: a token is a word here.
type usage struct {
	PromptTokens     int `json:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens"`
	TotalTokens      int `json:"total_tokens"`
}

func (s *server) chat(w http.ResponseWriter, r *http.Request) {
	var req chatRequest
	if !decode(w, r, &req) {
		return
	}
	if len(req.Messages) == 0 {
		badRequest(w, "[] is too short - 'messages'")
		return
	}
	question, _ := req.last("user")
	f, question := faultOf(r, req.Model, question)
	if f.beforeAnswer(w, r) {
		return
	}
	a := answerTo(&req, question, f)
	if f.name == "long-line" {
		a = answer{words: []string{strings.Repeat("x", f.n)}, finish: "stop"}
	}
	if req.Stream {
		newStream(s, w, r, &req, f).play(a)
		return
	}
	if !f.insteadOfWhole(w, r) {
		writeJSON(w, http.StatusOK, s.completion(&req, a))
	}
}

// completion is the whole answer as one object.
func (s *server) completion(req *chatRequest, a answer) any {
	m := map[string]any{"role": "assistant", "content": strings.Join(a.words, ""), "refusal": nil}
	if a.call != nil {
		m["content"] = nil
		m["tool_calls"] = []any{toolCall(a.call)}
	}
	return map[string]any{
		"id": idOf(req), "object": "chat.completion", "created": s.Now().Unix(), "model": req.Model,
		"choices": []any{map[string]any{"index": 0, "message": m, "logprobs": nil, "finish_reason": a.finish}},
		"usage":   usageOf(req, a),
	}
}

// toolCall is a call as it stands in a message.
func toolCall(c *call) map[string]any {
	function := map[string]any{"name": c.Name, "arguments": c.Arguments}
	return map[string]any{"id": c.ID, "type": "function", "function": function}
}

func usageOf(req *chatRequest, a answer) usage {
	var u usage
	for _, m := range req.Messages {
		u.PromptTokens += len(strings.Fields(m.text()))
	}
	u.CompletionTokens = len(a.words)
	if a.call != nil {
		u.CompletionTokens = 1 + len(a.call.Arguments)/4
	}
	u.TotalTokens = u.PromptTokens + u.CompletionTokens
	return u
}

// idOf names an answer by what was asked.
func idOf(req *chatRequest) string {
	h := fnv.New64a()
	for _, m := range req.Messages {
		_, _ = fmt.Fprintf(h, "%s\x00%s\x00", m.Role, m.Content)
	}
	return fmt.Sprintf("chatcmpl-%016x", h.Sum64())
}
