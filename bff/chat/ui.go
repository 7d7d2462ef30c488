package chat

import (
	"encoding/json"
	"strconv"

	"atrium/clients/llm"
	"atrium/clients/rawjson"
)

// uiEncoder speaks the AI SDK UI message stream: parts that open, grow and close. It uses only part types that versions 5,
// 6 and 7 of the SDK know; an unknown type would be fatal to a client.
type uiEncoder struct {
	frames
	id    string // of the message
	begun bool
	step  bool   // a step is open
	part  string // the open part: "text", "reasoning" or ""
	parts int    // opened so far; the open one's id
}

func (u *uiEncoder) encode(dst []byte, e event) []byte {
	if !u.begun {
		u.begun = true
		dst = u.object(dst, "start", "messageId", u.id)
	}
	if !u.step && e.kind != endEvent && e.kind != failEvent {
		u.step = true
		dst = u.object(dst, "start-step")
	}
	switch e.kind {
	case textEvent:
		dst = u.delta(dst, "text", e.text)
	case chunkEvent:
		dst = u.chunk(dst, e)
	case callEvent:
		dst = u.call(u.close(dst), e)
	case resultEvent:
		dst = u.result(dst, e)
	case roundEvent:
		dst = u.endStep(dst)
	case endEvent:
		dst = u.end(u.endStep(dst), e)
	case failEvent:
		dst = u.fail(u.close(dst), e)
	}
	return dst
}

func (u *uiEncoder) chunk(dst []byte, e event) []byte {
	c, err := llm.ParseChunk(e.data)
	if err != nil { // it was parsed before it was logged
		return dst
	}
	if c.Reasoning != nil {
		dst = u.delta(dst, "reasoning", c.Reasoning)
	}
	if c.Text != nil {
		dst = u.delta(dst, "text", c.Text)
	}
	if c.Refusal != nil {
		dst = u.delta(dst, "text", c.Refusal)
	}
	return dst
}

// delta adds a piece, a JSON string, to the open part; it opens one when the kind changes.
func (u *uiEncoder) delta(dst []byte, part string, piece []byte) []byte {
	if u.part != part {
		dst = u.close(dst)
		u.part = part
		u.parts++
		dst = u.object(dst, part+"-start", "id", u.partID())
	}
	u.scratch = appendObject(u.scratch[:0], "{", "type", part+"-delta", "id", u.partID())
	u.scratch = append(u.scratch[:len(u.scratch)-1], `,"delta":`...)
	u.scratch = append(append(u.scratch, piece...), '}')
	return u.add(dst, "", u.scratch)
}

func (u *uiEncoder) close(dst []byte) []byte {
	if u.part == "" {
		return dst
	}
	dst = u.object(dst, u.part+"-end", "id", u.partID())
	u.part = ""
	return dst
}

func (u *uiEncoder) endStep(dst []byte) []byte {
	dst = u.close(dst)
	if !u.step {
		return dst
	}
	u.step = false
	return u.object(dst, "finish-step")
}

// call shows a tool that we run: providerExecuted keeps the client from running it too.
func (u *uiEncoder) call(dst []byte, e event) []byte {
	t := toolEventOf(e)
	const ours = `,"dynamic":true,"providerExecuted":true}`
	u.scratch = appendObject(u.scratch[:0], "{", "type", "tool-input-start", "toolCallId", t.ID, "toolName", t.Name)
	dst = u.add(dst, "", append(u.scratch[:len(u.scratch)-1], ours...))
	u.scratch = appendObject(u.scratch[:0], "{", "type", "tool-input-available", "toolCallId", t.ID, "toolName", t.Name)
	u.scratch = append(append(u.scratch[:len(u.scratch)-1], `,"input":`...), t.Input...)
	return u.add(dst, "", append(u.scratch, ours...))
}

func (u *uiEncoder) result(dst []byte, e event) []byte {
	t := toolEventOf(e)
	const ours = `,"dynamic":true,"providerExecuted":true}`
	if t.Error != "" {
		u.scratch = appendObject(u.scratch[:0], "{", "type", "tool-output-error", "toolCallId", t.ID, "errorText", t.Error)
		return u.add(dst, "", append(u.scratch[:len(u.scratch)-1], ours...))
	}
	u.scratch = appendObject(u.scratch[:0], "{", "type", "tool-output-available", "toolCallId", t.ID)
	u.scratch = append(append(u.scratch[:len(u.scratch)-1], `,"output":`...), t.Output...)
	return u.add(dst, "", append(u.scratch, ours...))
}

func (u *uiEncoder) end(dst []byte, e event) []byte {
	var end ending
	_ = json.Unmarshal(e.data, &end) // written by json
	if usage, err := json.Marshal(end.Usage); err == nil {
		u.scratch = append(u.scratch[:0], `{"type":"message-metadata","messageMetadata":{"usage":`...)
		dst = u.add(dst, "", append(append(u.scratch, usage...), "}}"...))
	}
	dst = u.object(dst, "finish", "finishReason", uiFinish(end.Finish))
	return u.add(dst, "", []byte("[DONE]"))
}

func (u *uiEncoder) fail(dst []byte, e event) []byte {
	f := failureOf(e)
	if f.Code == codeStopped {
		dst = u.object(dst, "abort")
	} else {
		dst = u.object(dst, "error", "errorText", f.Message)
	}
	return u.add(dst, "", []byte("[DONE]"))
}

// uiFinish is a finish reason as the AI SDK spells it.
func uiFinish(reason string) string {
	switch reason {
	case "stop", "length":
		return reason
	case "content_filter":
		return "content-filter"
	case finishToolCalls:
		return "tool-calls"
	}
	return "other"
}

// object adds a frame of a type with text members.
func (u *uiEncoder) object(dst []byte, typ string, members ...string) []byte {
	u.scratch = rawjson.AppendQuoted(append(u.scratch[:0], `{"type":`...), typ)
	for i := 0; i < len(members); i += 2 {
		u.scratch = append(rawjson.AppendQuoted(append(u.scratch, ','), members[i]), ':')
		u.scratch = rawjson.AppendQuoted(u.scratch, members[i+1]) //nolint:gosec // they come in pairs
	}
	return u.add(dst, "", append(u.scratch, '}'))
}

func (u *uiEncoder) partID() string { return strconv.Itoa(u.parts) }
