package llm

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"atrium/clients"
	"atrium/clients/sse"
)

// ErrTruncated is the cause of a stream that ended, or broke, before its finish reason.
var ErrTruncated = errors.New("the stream ended without a finish reason")

// A TimeoutError is the cause of a call that waited too long.
type TimeoutError struct {
	Waited string // for what: "the first token", "the next token", "the whole answer"
	Limit  time.Duration
}

const (
	waitedFirst = "the first token"
	waitedNext  = "the next token"
)

// Error implements error.
func (e *TimeoutError) Error() string { return "waited " + e.Limit.String() + " for " + e.Waited }

// A ModelError is what the server itself said went wrong, as the status or in band.
type ModelError struct {
	Message string
	Type    string
	Code    string
	Param   string
}

// Error implements error.
func (e *ModelError) Error() string {
	if e.Code == "" {
		return e.Message
	}
	return e.Code + ": " + e.Message
}

// maxProblem bounds what is kept of an error's body.
const maxProblem = 64 << 10

// parseModelError reads the error forms in use: {"error": {...}}, {"error": "text"}, a list of one such, a bare object
// with a message, {"detail": ...}, and text.
func parseModelError(body []byte) *ModelError {
	var list []json.RawMessage
	if json.Unmarshal(body, &list) == nil && len(list) > 0 {
		body = list[0]
	}
	var outer struct {
		Error  json.RawMessage `json:"error"`
		Detail json.RawMessage `json:"detail"`
	}
	if json.Unmarshal(body, &outer) != nil {
		return &ModelError{Message: clip(strings.TrimSpace(string(body)))}
	}
	inner := body
	if len(outer.Error) > 0 {
		inner = outer.Error
	} else if len(outer.Detail) > 0 {
		inner = outer.Detail
	}
	var fields struct{ Message, Type, Code, Param json.RawMessage }
	if json.Unmarshal(inner, &fields) != nil || len(fields.Message) == 0 {
		return &ModelError{Message: clip(plain(inner))}
	}
	return &ModelError{
		Message: clip(plain(fields.Message)), Type: plain(fields.Type), Code: plain(fields.Code), Param: plain(fields.Param),
	}
}

// plain is a JSON value as text: strings without quotes, null as nothing.
func plain(raw json.RawMessage) string {
	var s *string
	if len(raw) == 0 || json.Unmarshal(raw, &s) == nil {
		if s == nil {
			return ""
		}
		return *s
	}
	return string(raw)
}

func clip(s string) string {
	const limit = 4 << 10
	if len(s) > limit {
		return strings.ToValidUTF8(s[:limit], "") + "..."
	}
	return s
}

// inBandStatus is the HTTP status that an error inside an answer stands for.
func inBandStatus(e *ModelError) int {
	if n, err := strconv.Atoi(e.Code); err == nil && n >= 400 && n <= 599 {
		return n
	}
	said := e.Code + " " + e.Type
	switch {
	case strings.Contains(said, "rate_limit"), strings.Contains(said, "insufficient_quota"):
		return http.StatusTooManyRequests
	case strings.Contains(said, "overloaded"):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// inBand makes the error of an error frame, or of an error body under a good status.
func inBand(body []byte) *clients.Error {
	e := parseModelError(body)
	return &clients.Error{Kind: clients.Status, Status: inBandStatus(e), Problem: problemOf(body), Err: e}
}

func problemOf(body []byte) []byte {
	return append([]byte(nil), body[:min(len(body), maxProblem)]...)
}

// contract makes the error of an answer that is not what was promised.
func contract(err error) *clients.Error { return &clients.Error{Kind: clients.Contract, Err: err} }

// failure turns whatever ended a call into its *clients.Error.
func (c *call) failure(err error) *clients.Error {
	e, ok := errors.AsType[*clients.Error](err)
	if ok && (e.Kind == clients.Status || e.Kind == clients.Contract || e.Kind == clients.TooLarge) {
		return c.named(e)
	}
	if c.ctx.Err() != nil {
		return c.named(interrupted(context.Cause(c.ctx)))
	}
	if ok {
		return c.named(e)
	}
	if !c.sent {
		return c.named(&clients.Error{Kind: clients.Request, Err: err})
	}
	if _, long := errors.AsType[*sse.TooLongError](err); long {
		return c.named(&clients.Error{Kind: clients.TooLarge, Err: err})
	}
	if errors.Is(err, io.EOF) || errors.Is(err, ErrTruncated) {
		return c.named(contract(ErrTruncated))
	}
	return c.named(&clients.Error{Kind: clients.Unreachable, Err: err})
}

// interrupted makes the error of a call whose context ended.
func interrupted(cause error) *clients.Error {
	_, waited := errors.AsType[*TimeoutError](cause)
	if waited || errors.Is(cause, context.DeadlineExceeded) {
		return &clients.Error{Kind: clients.Timeout, Err: cause}
	}
	return &clients.Error{Kind: clients.Canceled, Err: cause}
}

func (c *call) named(e *clients.Error) *clients.Error {
	named := *e
	named.Upstream, named.Operation = c.model.Name, c.operation
	return &named
}
