package chat

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"atrium/clients/rawjson"
)

// A prompt is what the models of a generation are asked.
type prompt struct {
	messages [][]byte // of a chat route: JSON, the system's first

	// Of /v1: the members of the body that pass as sent, without the braces; and its stream_options.
	members       []byte
	streamOptions []byte
}

// body is the request for a model. extra are the messages of earlier rounds; last forbids further tool calls.
func (p *prompt) body(m *Model, tools []Tool, extra [][]byte, last bool) []byte {
	b := rawjson.AppendQuoted([]byte(`{"model":`), m.Model.Model)
	b = append(b, ',')
	if p.members != nil {
		b = append(append(b, p.members...), `,"stream":true,"stream_options":{`...)
		for name, value := range rawjson.Members(p.streamOptions) {
			if name != "include_usage" {
				b = appendMember(b, name, value)
				b = append(b, ',')
			}
		}
		return append(b, `"include_usage":true}}`...)
	}
	b = append(b, `"messages":[`...)
	b = append(b, bytes.Join(append(slices.Clip(p.messages), extra...), []byte{','})...)
	b = append(b, `],"stream":true,"stream_options":{"include_usage":true}`...)
	b = m.appendSettings(b)
	b = appendTools(b, tools, last)
	return append(b, '}')
}

// whole is the request of /v1 for an answer that does not stream.
func (p *prompt) whole(m *Model) []byte {
	b := rawjson.AppendQuoted([]byte(`{"model":`), m.Model.Model)
	b = append(append(b, ','), p.members...)
	return append(b, '}')
}

// appendSettings adds what the document says about the model's answers.
func (m *Model) appendSettings(b []byte) []byte {
	if m.MaxTokens > 0 {
		name := `,"max_tokens":`
		if reasons(m.Model.Model) {
			name = `,"max_completion_tokens":`
		}
		b = strconv.AppendInt(append(b, name...), int64(m.MaxTokens), 10)
	}
	if m.Temperature != nil {
		b = strconv.AppendFloat(append(b, `,"temperature":`...), *m.Temperature, 'f', -1, 64)
	}
	return b
}

// reasons tells OpenAI's reasoning models, which refuse max_tokens. Other servers know nothing else.
func reasons(model string) bool {
	for _, family := range [...]string{"o1", "o3", "o4", "gpt-5", "gpt-6"} {
		if strings.HasPrefix(model, family) {
			return true
		}
	}
	return false
}

func appendTools(b []byte, tools []Tool, last bool) []byte {
	if len(tools) == 0 {
		return b
	}
	b = append(b, `,"tools":[`...)
	for i, t := range tools {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendObject(append(b, `{"type":"function","function":`...), "{", "name", t.Name, "description", t.Description)
		b = append(append(append(b[:len(b)-1], `,"parameters":`...), t.Schema...), "}}"...)
	}
	b = append(b, ']')
	if last {
		b = append(b, `,"tool_choice":"none"`...)
	}
	return b
}

// appendMember adds a member of an object, without a comma.
func appendMember(b []byte, name string, value []byte) []byte {
	return append(append(rawjson.AppendQuoted(b, name), ':'), value...)
}
