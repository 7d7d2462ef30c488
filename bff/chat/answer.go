package chat

import (
	"encoding/json"
	"net/http"
	"time"

	"atrium/clients/llm"
	"atrium/clients/rawjson"
)

// An answer is a generation as an object.
type answer struct {
	ID           string         `json:"id"`
	Status       string         `json:"status"` // running, complete, failed or stopped
	Created      time.Time      `json:"created"`
	Model        string         `json:"model,omitempty"` // as the server names it
	Content      string         `json:"content"`
	Reasoning    string         `json:"reasoning,omitempty"`
	Tools        []toolEvent    `json:"tools,omitempty"`     // that were run, with their outcomes
	ToolCalls    []llm.ToolCall `json:"toolCalls,omitempty"` // that the caller is to run
	FinishReason string         `json:"finishReason,omitempty"`
	Usage        *tallied       `json:"usage,omitempty"` // once it is complete
	Error        *answerError   `json:"error,omitempty"`

	message json.RawMessage // the model's id for it
	calls   llm.Calls
}

// An answerError says how an answer broke off.
type answerError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// answer folds the log into an object.
func (gen *generation) answer() *answer {
	a := &answer{ID: gen.id, Status: "running", Created: gen.created.UTC().Truncate(time.Millisecond)}
	var content, reasoning []byte
	r := reader{log: gen.look().log}
	for e, ok := r.read(); ok; e, ok = r.read() {
		content = rawjson.AppendUnquoted(content, e.text)
		switch e.kind {
		case textEvent:
		case chunkEvent:
			reasoning = a.chunk(e, reasoning)
		case callEvent:
		case resultEvent:
			a.Tools = append(a.Tools, toolEventOf(e))
		case roundEvent:
			a.calls = llm.Calls{}
		case endEvent:
			a.end(e)
		case failEvent:
			a.fail(e)
		}
	}
	a.Content, a.Reasoning = string(content), string(reasoning)
	if a.Status == "complete" && len(gen.tools) == 0 {
		a.ToolCalls = a.calls.List()
	}
	return a
}

func (a *answer) chunk(e event, reasoning []byte) []byte {
	c, err := llm.ParseChunk(e.data)
	if err != nil { // it was parsed before it was logged
		return reasoning
	}
	if a.Model == "" && c.Model != nil {
		a.Model = unquoted(c.Model)
		a.message = append(a.message, c.ID...)
	}
	a.calls.Add(c.Calls)
	return rawjson.AppendUnquoted(reasoning, c.Reasoning)
}

func (a *answer) end(e event) {
	var end ending
	_ = json.Unmarshal(e.data, &end) // written by encoded
	a.Status, a.FinishReason, a.Usage = "complete", end.Finish, &end.Usage
}

func (a *answer) fail(e event) {
	f := failureOf(e)
	a.Status = "failed"
	if f.Code == codeStopped {
		a.Status = "stopped"
	}
	a.Error = &answerError{Code: f.Code, Message: f.Message}
}

// document is the answer as JSON.
func (gen *generation) document() []byte { return encoded(gen.answer()) }

// showWhole waits for the end and writes the answer as one chat.completion. A failure is returned: nothing was written.
func (g *Generations) showWhole(w http.ResponseWriter, r *http.Request, gen *generation, v *viewer) error {
	for {
		now := gen.look()
		switch {
		case now.ended && now.outcome != nil:
			return now.outcome
		case now.ended:
			gen.deliver(r.Context())
			writeJSON(w, http.StatusOK, gen.answer().completion())
			return nil
		case now.cutOff:
			return shuttingDown()
		}
		select {
		case <-v.wake:
		case <-r.Context().Done():
			return clientGone(r)
		}
	}
}

// completion is the answer in OpenAI's shape.
func (a *answer) completion() []byte {
	type message struct {
		Role    string  `json:"role"`
		Content string  `json:"content"`
		Refusal *string `json:"refusal"`
	}
	type choice struct {
		Index        int     `json:"index"`
		Message      message `json:"message"`
		FinishReason string  `json:"finish_reason"`
	}
	type usage struct {
		Prompt     int64 `json:"prompt_tokens"`
		Completion int64 `json:"completion_tokens"`
		Total      int64 `json:"total_tokens"`
	}
	if a.message == nil {
		a.message = rawjson.AppendQuoted(nil, a.ID)
	}
	return encoded(struct {
		ID      json.RawMessage `json:"id"`
		Object  string          `json:"object"`
		Created int64           `json:"created"`
		Model   string          `json:"model"`
		Choices []choice        `json:"choices"`
		Usage   usage           `json:"usage"`
	}{
		ID: a.message, Object: "chat.completion", Created: a.Created.Unix(), Model: a.Model,
		Choices: []choice{{Message: message{Role: "assistant", Content: a.Content}, FinishReason: a.FinishReason}},
		Usage:   usage{a.Usage.Input, a.Usage.Output, a.Usage.Input + a.Usage.Output},
	})
}
