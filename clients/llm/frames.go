package llm

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"

	"atrium/clients"
	"atrium/clients/rawjson"
	"atrium/clients/sse"
)

// frames is the body go-openai reads: one clean "data: JSON" line for each event of the answer, with the side view
// of the last one in chunk. Read never gives parts of two events.
type frames struct {
	call   *call
	body   io.ReadCloser
	events *sse.Reader
	frame  []byte // the event as go-openai reads it
	unread []byte // of frame
	chunk  Chunk  // of frame; the zero Chunk for [DONE]
	err    error
}

func newFrames(c *call, body io.ReadCloser) *frames {
	f := &frames{call: c, body: body}
	f.events = sse.NewReader(f.alive(), c.client.opts.MaxEvent)
	return f
}

// alive makes every byte that arrives count as progress once the answer has begun.
func (f *frames) alive() io.Reader {
	return readerFunc(func(p []byte) (int, error) {
		n, err := f.body.Read(p)
		if n > 0 && f.call.span.begun() {
			f.call.watch.progress()
		}
		return n, err
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// Read implements io.Reader for go-openai.
func (f *frames) Read(p []byte) (int, error) {
	for len(f.unread) == 0 {
		if f.err == nil {
			f.err = f.next()
		}
		if f.err != nil {
			return 0, f.err
		}
	}
	n := copy(p, f.unread)
	f.unread = f.unread[n:]
	return n, nil
}

// Close implements io.Closer.
func (f *frames) Close() error { return f.body.Close() }

// keepFrame is the size up to which the buffer of a frame is used again.
const keepFrame = 64 << 10

var done = []byte("[DONE]")

// next reads the next event into frame; it leaves unread empty for an event that is none of Chat Completions.
func (f *frames) next() error {
	event, err := f.events.Next()
	if err != nil {
		return err
	}
	data := bytes.TrimSpace(event.Data)
	if len(data) == 0 {
		return nil
	}
	if cap(f.frame) > keepFrame {
		f.frame = nil
	}
	f.frame = append(append(append(f.frame[:0], "data: "...), data...), "\n\n"...)
	line := f.frame[len("data: ") : len(f.frame)-2]
	for i, b := range line {
		if b == '\n' || b == '\r' {
			line[i] = ' ' // data of several lines: in JSON a line end is white space
		}
	}
	if bytes.Equal(line, done) {
		f.chunk, f.unread = Chunk{}, f.frame
		return nil
	}
	return f.accept(line, event)
}

func (f *frames) accept(line []byte, event sse.Event) error {
	chunk, failed, err := parse(line)
	switch {
	case err != nil && event.Unterminated:
		return ErrTruncated
	case errors.Is(err, rawjson.ErrTooMany), err != nil:
		return contract(fmt.Errorf("a chunk is no JSON: %w", err))
	case failed != nil, event.Type == "error":
		return inBand(line)
	case chunk.Finish == "error":
		return &clients.Error{Kind: clients.Status, Status: http.StatusInternalServerError, Err: &ModelError{
			Message: "The model ended its answer with an error.", Type: "server_error",
		}}
	case chunk.Choices < 0 && chunk.Usage == nil:
		return nil // a ping or the like: the side protocols of servers are not the caller's
	case chunk.Choices < 0:
		f.frame = append(append([]byte(`data: {"choices":[],`), bytes.TrimLeft(line, "{ ")...), "\n\n"...)
		chunk.Raw, chunk.Choices = f.frame[len("data: "):len(f.frame)-2], 0
	}
	f.chunk, f.unread = chunk, f.frame
	return nil
}
