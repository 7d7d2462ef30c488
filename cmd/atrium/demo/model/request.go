package model

import (
	"encoding/json"
	"slices"
	"strings"
)

// chatRequest is what the model reads of a chat completion request.
type chatRequest struct {
	Model         string    `json:"model"`
	Messages      []message `json:"messages"`
	Stream        bool      `json:"stream"`
	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	MaxTokens           int             `json:"max_tokens"`
	MaxCompletionTokens int             `json:"max_completion_tokens"`
	Tools               []tool          `json:"tools"`
	ToolChoice          json.RawMessage `json:"tool_choice"`
}

type message struct {
	Role    string          `json:"role"`
	Content json.RawMessage `json:"content"`
}

type tool struct {
	Function struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Parameters  json.RawMessage `json:"parameters"`
	} `json:"function"`
}

// text returns the text of a message whose content is a string or a list of parts.
func (m message) text() string {
	var s string
	if json.Unmarshal(m.Content, &s) == nil {
		return s
	}
	var parts []struct {
		Text string `json:"text"`
	}
	if json.Unmarshal(m.Content, &parts) != nil {
		return ""
	}
	texts := make([]string, 0, len(parts))
	for _, p := range parts {
		texts = append(texts, p.Text)
	}
	return strings.TrimSpace(strings.Join(texts, " "))
}

// last returns the text of the last message of a role, and its place; -1 when there is none.
func (r *chatRequest) last(role string) (string, int) {
	for i, m := range slices.Backward(r.Messages) {
		if m.Role == role {
			return m.text(), i
		}
	}
	return "", -1
}

// system returns the text of all system and developer messages.
func (r *chatRequest) system() string {
	var texts []string
	for _, m := range r.Messages {
		if m.Role == "system" || m.Role == "developer" {
			texts = append(texts, m.text())
		}
	}
	return strings.Join(texts, "\n")
}

// limit returns how many words the answer may have; 0 means any number.
func (r *chatRequest) limit() int {
	if r.MaxCompletionTokens > 0 {
		return r.MaxCompletionTokens
	}
	return r.MaxTokens
}

// noTools says that the request forbids tool calls or offers none.
func (r *chatRequest) noTools() bool {
	return len(r.Tools) == 0 || string(r.ToolChoice) == `"none"`
}
