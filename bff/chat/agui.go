package chat

import (
	"encoding/json"
	"strconv"

	"atrium/clients/llm"
	"atrium/clients/rawjson"
)

// aguiEncoder speaks AG-UI: a run of messages that start, grow and end. The stream has no end of its own: a run that
// neither finished nor failed is not over.
type aguiEncoder struct {
	frames
	thread, run string // as the client names them
	id          string // of the generation; its messages' ids begin with it
	begun       bool
	open        string // the open message: aguiText, aguiReasoning or ""
	messages    int    // opened so far
	raw         []byte
}

// The kinds of messages, as the names of their events begin.
const (
	aguiText      = "TEXT_MESSAGE"
	aguiReasoning = "REASONING_MESSAGE"
)

func (a *aguiEncoder) encode(dst []byte, e event) []byte {
	if !a.begun {
		a.begun = true
		dst = a.event(dst, "RUN_STARTED", nil, "threadId", a.thread, "runId", a.run)
	}
	switch e.kind {
	case textEvent:
		dst = a.delta(dst, aguiText, e.text)
	case chunkEvent:
		dst = a.chunk(dst, e)
	case callEvent:
		dst = a.call(dst, toolEventOf(e))
	case resultEvent:
		t := toolEventOf(e)
		dst = a.event(dst, "TOOL_CALL_RESULT", nil, "messageId", a.id+"-"+t.ID, "toolCallId", t.ID, "role", "tool", "content", t.content())
	case roundEvent: // the next message tells
	case endEvent:
		dst = a.end(a.close(dst), e)
	case failEvent:
		dst = a.fail(a.close(dst), failureOf(e))
	}
	return dst
}

func (a *aguiEncoder) chunk(dst []byte, e event) []byte {
	c, err := llm.ParseChunk(e.data)
	if err != nil { // it was parsed before it was logged
		return dst
	}
	if c.Reasoning != nil {
		dst = a.delta(dst, aguiReasoning, c.Reasoning)
	}
	if c.Text != nil {
		dst = a.delta(dst, aguiText, c.Text)
	}
	if c.Refusal != nil {
		dst = a.delta(dst, aguiText, c.Refusal)
	}
	return dst
}

// delta adds a piece, a JSON string, to the open message; it opens one when the kind changes.
func (a *aguiEncoder) delta(dst []byte, kind string, piece []byte) []byte {
	if a.open != kind {
		dst = a.close(dst)
		a.open = kind
		a.messages++
		role := "assistant"
		if kind == aguiReasoning {
			role = "reasoning"
			dst = a.event(dst, "REASONING_START", nil, "messageId", a.message())
		}
		dst = a.event(dst, kind+"_START", nil, "messageId", a.message(), "role", role)
	}
	a.raw = append(append(a.raw[:0], `,"delta":`...), piece...)
	return a.event(dst, kind+"_CONTENT", a.raw, "messageId", a.message())
}

func (a *aguiEncoder) close(dst []byte) []byte {
	if a.open == "" {
		return dst
	}
	dst = a.event(dst, a.open+"_END", nil, "messageId", a.message())
	if a.open == aguiReasoning {
		dst = a.event(dst, "REASONING_END", nil, "messageId", a.message())
	}
	a.open = ""
	return dst
}

// call shows a tool that we run.
func (a *aguiEncoder) call(dst []byte, t toolEvent) []byte {
	dst = a.event(a.close(dst), "TOOL_CALL_START", nil, "toolCallId", t.ID, "toolCallName", t.Name)
	dst = a.event(dst, "TOOL_CALL_ARGS", nil, "toolCallId", t.ID, "delta", string(t.Input))
	return a.event(dst, "TOOL_CALL_END", nil, "toolCallId", t.ID)
}

func (a *aguiEncoder) end(dst []byte, e event) []byte {
	var end ending
	_ = json.Unmarshal(e.data, &end) // written by encoded
	a.raw = strconv.AppendInt(append(a.raw[:0], `,"usage":[{"inputTokens":`...), end.Usage.Input, 10)
	a.raw = strconv.AppendInt(append(a.raw, `,"outputTokens":`...), end.Usage.Output, 10)
	a.raw = append(a.raw, "}]"...)
	return a.event(dst, "RUN_FINISHED", a.raw, "threadId", a.thread, "runId", a.run)
}

func (a *aguiEncoder) fail(dst []byte, f failure) []byte {
	if f.Code == codeStopped {
		return a.event(dst, "RUN_FINISHED", []byte(`,"outcome":{"type":"cancelled"}`), "threadId", a.thread, "runId", a.run)
	}
	return a.event(dst, "RUN_ERROR", nil, "message", f.Message, "code", f.Code)
}

// event adds a frame of a type with text members, and more members as JSON that begins with a comma.
func (a *aguiEncoder) event(dst []byte, typ string, more []byte, members ...string) []byte {
	a.scratch = rawjson.AppendQuoted(append(a.scratch[:0], `{"type":`...), typ)
	for i := 0; i < len(members); i += 2 {
		a.scratch = append(rawjson.AppendQuoted(append(a.scratch, ','), members[i]), ':')
		a.scratch = rawjson.AppendQuoted(a.scratch, members[i+1]) //nolint:gosec // they come in pairs
	}
	return a.add(dst, "", append(append(a.scratch, more...), '}'))
}

// message is the id of the open message.
func (a *aguiEncoder) message() string { return a.id + "-" + strconv.Itoa(a.messages) }
