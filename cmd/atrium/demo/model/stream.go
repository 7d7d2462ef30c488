package model

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// bytesPerDelay is how many bytes the script "slow" writes in the time of a word.
const bytesPerDelay = 100

// stream writes an answer as chat completion chunks.
type stream struct {
	*server
	w     http.ResponseWriter
	flush *http.ResponseController
	r     *http.Request
	req   *chatRequest
	fault fault
	gone  bool
}

func newStream(s *server, w http.ResponseWriter, r *http.Request, req *chatRequest, f fault) *stream {
	return &stream{server: s, w: w, flush: http.NewResponseController(w), r: r, req: req, fault: f}
}

// play writes the whole stream, or as much of it as the fault script lets through.
func (s *stream) play(a answer) {
	h := s.w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	s.write("")
	if s.fault.name == "stall-first" {
		<-s.r.Context().Done()
		return
	}
	if s.fault.name == "error-first" {
		s.error()
		return
	}
	s.chunk(map[string]any{"role": "assistant", "content": "", "refusal": nil}, nil)
	if a.call != nil && !s.gone {
		s.callTool(a.call)
	}
	for i, word := range a.words {
		if s.breaks(i, len(a.words)) || s.gone {
			return
		}
		s.beforeWord()
		s.chunk(map[string]any{"content": word}, nil)
	}
	if s.breaks(len(a.words), len(a.words)) || s.gone {
		return
	}
	s.finish(a)
}

func (s *stream) finish(a answer) {
	if s.fault.name != "no-finish" {
		s.chunk(map[string]any{}, a.finish)
	}
	if s.req.StreamOptions.IncludeUsage && s.fault.name != "no-usage" {
		c := s.envelope()
		c["choices"], c["usage"] = []any{}, usageOf(s.req, a)
		s.data(c)
	}
	if s.fault.name != "no-done" {
		s.write("data: [DONE]\n\n")
	}
}

// beforeWord waits, and writes what a script puts before each word.
func (s *stream) beforeWord() {
	s.wait(s.Delay)
	switch s.fault.name {
	case "comment-flood":
		s.write(strings.Repeat(": still working\n\n", s.fault.n))
	case "event-lines":
		s.write(": a comment\nevent: message\nid: 1\nretry: 3000\n")
	}
}

// wait pauses between words and bytes.
func (s *stream) wait(d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.r.Context().Done():
		s.gone = true
	}
}

// breaks plays the scripts that end an answer before word i of n; true means that the stream is over.
func (s *stream) breaks(i, n int) bool {
	name := s.fault.name
	switch {
	case name == "stall" && i == min(2, n):
		<-s.r.Context().Done()
	case name == "truncate" && i == n/2:
	case name == "error" && i == min(s.fault.n, n), name == "event-lines" && i == min(2, n):
		if name == "event-lines" {
			s.write(": about to fail\n\nevent: error\n")
		}
		s.error()
	case name == "reset" && i == min(2, n):
		resetConnection(s.w)
	case name == "malformed" && i == min(2, n):
		s.write("data: {\"id\":\"chatcmpl-broken\",\"choices\":[{\"delta\":{\"content\":\"oops\n\n")
		return false
	default:
		return false
	}
	return true
}

func (s *stream) error() {
	s.data(newError("The demo model was asked to fail here.", "server_error", "demo_fault"))
}

// resetConnection breaks the connection so that the client sees a reset and not an end.
func resetConnection(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2 resets the stream
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// callTool streams a call as models do: id and name first, then the arguments in pieces without them.
func (s *stream) callTool(c *call) {
	first := toolCall(&call{ID: c.ID, Name: c.Name})
	first["index"] = 0
	s.chunk(map[string]any{"tool_calls": []any{first}}, nil)
	for rest := c.Arguments; rest != ""; {
		n := min(8, len(rest))
		piece := map[string]any{"index": 0, "function": map[string]any{"arguments": rest[:n]}}
		rest = rest[n:]
		s.beforeWord()
		s.chunk(map[string]any{"tool_calls": []any{piece}}, nil)
	}
}

func (s *stream) envelope() map[string]any {
	c := map[string]any{
		"id": idOf(s.req), "object": "chat.completion.chunk", "created": s.Now().Unix(), "model": s.req.Model,
		"service_tier": "default", "system_fingerprint": "fp_demo",
	}
	if s.req.StreamOptions.IncludeUsage {
		c["usage"] = nil
	}
	return c
}

func (s *stream) chunk(delta map[string]any, finish any) {
	c := s.envelope()
	c["choices"] = []any{map[string]any{"index": 0, "delta": delta, "logprobs": nil, "finish_reason": finish}}
	s.data(c)
}

func (s *stream) data(v any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode a chunk: %v", err)) // maps, slices, strings and numbers always encode
	}
	s.write("data: " + string(text) + "\n\n")
}

// write sends text at once; byte by byte when the script says so.
func (s *stream) write(text string) {
	step := max(len(text), 1)
	if s.fault.name == "slow" {
		step = 1
	}
	for !s.gone {
		n := min(step, len(text))
		if _, err := s.w.Write([]byte(text[:n])); err != nil { //nolint:gosec // events, and said to be
			s.gone = true
		}
		if err := s.flush.Flush(); err != nil {
			s.gone = true
		}
		if text = text[n:]; text == "" {
			return
		}
		s.wait(s.Delay / bytesPerDelay)
	}
}
