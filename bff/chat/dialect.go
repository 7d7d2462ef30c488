package chat

import (
	"cmp"
	"strconv"

	"atrium/bff/sse"
)

// A Dialect is how a viewer is told a generation.
type Dialect string

// The dialects.
const (
	Text   Dialect = "text"   // data: {"content": "..."}, for a page with no SDK
	OpenAI Dialect = "openai" // Chat Completions chunks
	UI     Dialect = "ui"     // the AI SDK UI message stream
	AGUI   Dialect = "ag-ui"  // AG-UI events
)

// Dialects lists them.
func Dialects() []Dialect { return []Dialect{Text, OpenAI, UI, AGUI} }

// An encoder tells the events of one generation in one dialect, in order. It is a function of the events alone, so
// every viewer, whenever and wherever it comes, is told the same bytes.
type encoder interface {
	encode(dst []byte, e event) []byte
	rewind() // what follows is new to the viewer, whatever its number
}

// newEncoder returns an encoder that leaves out the first after frames: a viewer has them already.
func (gen *generation) newEncoder(d Dialect, after int64) encoder {
	f := frames{after: after}
	switch d {
	case OpenAI:
		return &openaiEncoder{frames: f, usage: gen.usage, tools: len(gen.tools) > 0}
	case UI:
		f.ids = true
		return &uiEncoder{frames: f, id: gen.id}
	case AGUI:
		f.ids = true
		return &aguiEncoder{frames: f, thread: cmp.Or(gen.chat.chat, gen.id), run: cmp.Or(gen.runID, gen.id), id: gen.id}
	default:
		f.ids = true
		return &textEncoder{frames: f}
	}
}

// beat is the heartbeat of a dialect. An openai client takes an event without data for a broken one, and the blank line
// that would end a comment for the end of an event, so there it has none.
func (d Dialect) beat() string {
	if d == OpenAI {
		return ": hb\n"
	}
	return ": hb\n\n"
}

// frames numbers the frames of a stream from 1. The number is the event id, where the dialect has one, and what ?after=
// counts.
type frames struct {
	ids     bool
	n       int64
	after   int64
	scratch []byte
}

func (f *frames) rewind() { f.after = 0 }

// add appends one frame, unless the viewer has it.
func (f *frames) add(dst []byte, name string, data []byte) []byte {
	f.n++
	if f.n <= f.after {
		return dst
	}
	id := ""
	if f.ids {
		var digits [20]byte
		id = string(strconv.AppendInt(digits[:0], f.n, 10))
	}
	return sse.AppendEvent(dst, id, name, data)
}

// textEncoder speaks the dialect text: what is said and how it ended, nothing else.
type textEncoder struct{ frames }

func (t *textEncoder) encode(dst []byte, e event) []byte {
	switch e.kind {
	case chunkEvent, textEvent:
		if e.text != nil {
			t.scratch = append(append(append(t.scratch[:0], `{"content":`...), e.text...), '}')
			dst = t.add(dst, "", t.scratch)
		}
	case endEvent:
		dst = t.add(dst, "", []byte("[DONE]"))
	case failEvent:
		f := failureOf(e)
		t.scratch = append(appendObject(t.scratch[:0], `{"error":{`, "code", f.Code, "message", f.Message), '}')
		dst = t.add(dst, "error", t.scratch)
	case callEvent, resultEvent, roundEvent: // a plain page shows no tools
	}
	return dst
}
