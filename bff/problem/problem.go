package problem

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"strconv"
	"time"
)

// A Problem is an error as its client may see it, with the cause that only the operator sees.
type Problem struct {
	Status     int
	Code       string   // stable, kebab-case: what programs switch on
	Detail     string   // for a person; never contains a cause
	Errors     []Detail // one per mistake of the request
	RetryAfter time.Duration
	Header     http.Header // further headers of the answer, such as WWW-Authenticate; nil for none
	Cause      error       // for the log; nil when Detail says it all
}

// A Detail is one mistake in a request or a document.
type Detail struct {
	Pointer string `json:"pointer"` // RFC 6901 into what was sent: /query/limit, /body/items/0
	Message string `json:"message"`
	File    string `json:"file,omitempty"` // where there is a text, its place
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
}

// New returns a problem without a cause.
func New(status int, code, format string, args ...any) *Problem {
	return &Problem{Status: status, Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Because sets the operator's cause and returns the problem.
func (p *Problem) Because(err error) *Problem {
	p.Cause = err
	return p
}

// Error is the operator's text.
func (p *Problem) Error() string {
	if p.Cause != nil {
		return p.Code + ": " + p.Cause.Error()
	}
	return p.Code + ": " + p.Detail
}

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Cause }

// RetryAfterSeconds is RetryAfter as the header has it: whole seconds, rounded up.
func (p *Problem) RetryAfterSeconds() int {
	return int(math.Ceil(p.RetryAfter.Seconds()))
}

// ContentType is the media type of a problem.
const ContentType = "application/problem+json"

// Document is the RFC 9457 form of a problem.
type Document struct {
	Type     string   `json:"type"`
	Title    string   `json:"title"`
	Status   int      `json:"status"`
	Detail   string   `json:"detail,omitempty"`
	Instance string   `json:"instance,omitempty"`
	Code     string   `json:"code"`
	TraceID  string   `json:"traceId,omitempty"`
	Errors   []Detail `json:"errors,omitempty"`
}

// Document renders the problem for one request.
func (p *Problem) Document(instance, traceID string) Document {
	title := http.StatusText(p.Status)
	if title == "" {
		title = "Error"
	}
	return Document{
		Type: "urn:atrium:problem:" + p.Code, Title: title, Status: p.Status, Detail: p.Detail,
		Instance: instance, Code: p.Code, TraceID: traceID, Errors: p.Errors,
	}
}

// Write answers with the problem. Headers that described another body are taken off; the caller has written nothing yet.
func Write(w http.ResponseWriter, r *http.Request, p *Problem, traceID string) {
	body, err := json.Marshal(p.Document(r.URL.EscapedPath(), traceID))
	if err != nil { // cannot happen: plain strings and numbers
		body = []byte(`{"status":500,"code":"internal"}`)
	}
	h := w.Header()
	for name := range h {
		switch name {
		case "Etag", "Cache-Control", "Last-Modified", "Content-Encoding", "Age", "Cache-Status":
			h.Del(name)
		}
	}
	maps.Copy(h, p.Header)
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.RetryAfterSeconds()))
	}
	h.Set("Content-Type", ContentType)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(p.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a client that has gone needs no answer
	}
}
