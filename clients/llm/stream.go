package llm

import (
	"bytes"
	"context"
	"errors"
	"io"

	openai "github.com/sashabaranov/go-openai"

	"atrium/clients"
)

// A Stream is an answer that is being given. Close it when done with it, whatever happened; closing is what ends the
// upstream's work when the answer is not whole. It serves one goroutine.
type Stream struct {
	call   *call
	source *openai.ChatCompletionStream
	held   [][]byte // chunks that were read and not yet given, the last of them the first to say anything
	ended  uint64
	open   uint64 // choices that were begun and have not ended
	err    error
	closed bool
}

// maxHeld bounds how many chunks Stream waits for one that says something.
const maxHeld = 4

// Stream asks a model for an answer and waits for its first token: servers are known to send a first chunk, with nothing
// but a role, before they have begun to think. body is the exact JSON to send, with its model and "stream": true. Until
// Stream has returned nothing of an answer was seen, so that another model can be asked after any error.
// Errors are *clients.Error: Status with the server's status, RetryAfter and a *ModelError; Timeout with a *TimeoutError;
// Contract; Unreachable and the like.
func (c *Client) Stream(ctx context.Context, m *Model, body []byte) (*Stream, error) {
	ctx, k := c.newCall(ctx, m, operationChat, body, true)
	s := &Stream{call: k}
	source, err := openai.NewClientWithConfig(m.config(k)).
		CreateChatCompletionStream(ctx, openai.ChatCompletionRequest{Model: m.deployment()})
	if err != nil {
		failed := k.failure(err)
		k.end(failed)
		return nil, failed
	}
	s.source = source
	for said := false; !said; {
		if err := s.read(); err != nil {
			failed := k.failure(err)
			s.finish(failed)
			return nil, failed
		}
		s.held = append(s.held, bytes.Clone(k.frames.chunk.Raw))
		said = k.frames.chunk.says() || len(s.held) == maxHeld
	}
	k.span.first()
	k.watch.next(&TimeoutError{Waited: waitedNext, Limit: k.limits.Idle})
	return s, nil
}

// Recv returns the next chunk, which is valid until the next call. It returns io.EOF when the answer is whole, which is
// when the model told its finish reason and not when the stream ended. Other errors are *clients.Error.
func (s *Stream) Recv() (Chunk, error) {
	if s.err != nil {
		return Chunk{}, s.err
	}
	chunk, err := s.next()
	if err != nil {
		s.err = s.verdict(err)
		s.finish(s.err)
		return Chunk{}, s.err
	}
	s.ended |= chunk.ended
	s.open = (s.open | chunk.open | chunk.ended) &^ s.ended
	if chunk.ended != 0 && s.whole() {
		s.call.watch.next(&TimeoutError{Waited: "the end of the stream", Limit: afterFinish})
	}
	s.call.span.chunk(&chunk)
	return chunk, nil
}

// next returns the next chunk: one that was held, else one that is read.
func (s *Stream) next() (Chunk, error) {
	if len(s.held) > 0 {
		raw := s.held[0]
		s.held = s.held[1:]
		return ParseChunk(raw)
	}
	if err := s.read(); err != nil {
		return Chunk{}, err
	}
	return s.call.frames.chunk, nil
}

// read has go-openai read the next frame. Its side view is in frames then.
func (s *Stream) read() error {
	_, err := s.source.RecvRaw()
	return err
}

// whole reports whether every choice that was begun has ended.
func (s *Stream) whole() bool { return s.ended != 0 && s.open == 0 }

// verdict decides how the stream ended. What breaks after the finish reason breaks nothing of the answer.
func (s *Stream) verdict(err error) error {
	if s.whole() {
		return io.EOF
	}
	return s.call.failure(err)
}

// Close ends the stream. It may be called again.
func (s *Stream) Close() {
	if s.whole() {
		s.finish(io.EOF)
		return
	}
	s.finish(s.call.named(&clients.Error{Kind: clients.Canceled, Err: context.Canceled}))
}

func (s *Stream) finish(outcome error) {
	if s.closed {
		return
	}
	s.closed = true
	if errors.Is(outcome, io.EOF) {
		outcome = nil
	}
	s.call.end(outcome)
	_ = s.source.Close() // the answer is over; how its connection ends does not matter
}

// deployment is the model's name where go-openai needs it: in the path of an Azure deployment. Elsewhere it only makes
// go-openai refuse names it does not know.
func (m *Model) deployment() string {
	if m.config(nil).APIType == openai.APITypeAzure {
		return m.Model
	}
	return ""
}
