package chat

import (
	"atrium/clients/llm"
)

// openaiEncoder speaks the dialect openai: the model's chunks as they came. Of the rounds in which we ran tools the
// client is shown the text, not the calls: it would take them for its own to run, and their end for the end.
type openaiEncoder struct {
	frames
	usage bool // the client asked for it
	tools bool // the calls are ours
	begun bool // the first chunk, which names the role, was told
}

func (o *openaiEncoder) encode(dst []byte, e event) []byte {
	switch e.kind {
	case textEvent:
		o.begun = true
		dst = o.add(dst, "", e.data)
	case chunkEvent:
		if o.shows(e.data) {
			dst = o.add(dst, "", e.data)
		}
	case endEvent:
		dst = o.add(dst, "", []byte("[DONE]"))
	case failEvent:
		o.scratch = failureOf(e).appendOpenAI(o.scratch[:0])
		dst = o.add(dst, "", o.scratch)
		dst = o.add(dst, "", []byte("[DONE]"))
	case callEvent, resultEvent, roundEvent:
	}
	return dst
}

func (o *openaiEncoder) shows(data []byte) bool {
	c, err := llm.ParseChunk(data)
	switch {
	case err != nil: // it was parsed before it was logged
		return false
	case c.Choices == 0 && c.Usage != nil:
		return o.usage
	case !o.tools:
		return true
	}
	first := !o.begun
	o.begun = true
	says := c.Text != nil || c.Reasoning != nil || c.Refusal != nil || c.Finish != ""
	return len(c.Calls) == 0 && c.Finish != finishToolCalls && (first || says)
}

const finishToolCalls = "tool_calls"
