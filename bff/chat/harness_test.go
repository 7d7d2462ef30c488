package chat_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"atrium/bff/chat"
	"atrium/bff/problem"
	"atrium/clients/llm"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// upstream is a model server in memory: play writes the body of the n-th answer, counted from 0.
type upstream struct {
	play  func(ctx context.Context, n int, w io.Writer)
	ended chan cause // receives the cause of each request's end

	mu     sync.Mutex
	bodies []string
}

// cause is why a request ended; nil when it did by itself.
type cause struct{ err error }

// RoundTrip implements http.RoundTripper.
func (u *upstream) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	u.mu.Lock()
	n := len(u.bodies)
	u.bodies = append(u.bodies, string(body))
	u.mu.Unlock()

	r, w := io.Pipe()
	stop := context.AfterFunc(req.Context(), func() { _ = w.CloseWithError(context.Cause(req.Context())) })
	head := &response{
		PipeWriter: w, header: http.Header{"Content-Type": {"text/event-stream"}}, status: http.StatusOK,
		sent: make(chan struct{}),
	}
	go func() {
		u.play(req.Context(), n, head)
		head.send()
		_ = w.Close()
		stop()
		if u.ended != nil {
			u.ended <- cause{context.Cause(req.Context())}
		}
	}()
	select {
	case <-head.sent:
	case <-req.Context().Done():
		return nil, context.Cause(req.Context())
	}
	return &http.Response{StatusCode: head.status, Header: head.header, Body: r, Request: req}, nil
}

func (u *upstream) body(n int) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	if n >= len(u.bodies) {
		return ""
	}
	return u.bodies[n]
}

// response is what play writes to; its first byte sends the headers.
type response struct {
	*io.PipeWriter
	header http.Header
	status int
	once   sync.Once
	sent   chan struct{}
}

func (r *response) send() { r.once.Do(func() { close(r.sent) }) }

// Write implements io.Writer.
func (r *response) Write(p []byte) (int, error) {
	r.send()
	return r.PipeWriter.Write(p)
}

// says is an upstream that answers with texts in turn, the last again and again.
func says(texts ...string) *upstream {
	return &upstream{play: func(_ context.Context, n int, w io.Writer) {
		_, _ = io.WriteString(w, texts[min(n, len(texts)-1)])
	}}
}

// holds is an upstream that writes a text and then waits until it is let go.
func holds(text string) *upstream {
	return &upstream{ended: make(chan cause, 100), play: func(ctx context.Context, _ int, w io.Writer) {
		_, _ = io.WriteString(w, text)
		<-ctx.Done()
	}}
}

// refuses is an upstream that answers with a status.
func refuses(status int, header, body string) *upstream {
	return &upstream{play: func(_ context.Context, _ int, w io.Writer) {
		r, _ := w.(*response)
		r.status = status
		r.header = http.Header{"Content-Type": {"application/json"}, "Retry-After": {header}}
		_, _ = io.WriteString(w, body)
	}}
}

func chunk(content string) string {
	return `data: {"id":"c1","object":"chat.completion.chunk","model":"m-1","choices":[{"index":0,"delta":{"content":"` + content +
		`"},"finish_reason":null}]}` + "\n\n"
}

func finish(reason string) string {
	return `data: {"id":"c1","object":"chat.completion.chunk","model":"m-1","choices":[{"index":0,"delta":{},"finish_reason":"` +
		reason + `"}]}` + "\n\n"
}

const (
	usage = `data: {"id":"c1","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}}` + "\n\n"
	done  = "data: [DONE]\n\n"
	role  = `data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}` + "\n\n"
)

// hello is a whole answer of two words.
var hello = chunk("Hel") + chunk("lo") + finish("stop") + usage + done

func model(u http.RoundTripper) *chat.Model {
	return &chat.Model{Model: llm.Model{Name: "assistant", BaseURL: "http://model.test/v1", Model: "m-1", Transport: u}}
}

func newGenerations(t *testing.T, opts chat.Options) *chat.Generations {
	t.Helper()
	opts.Client = llm.New(llm.Options{})
	g := chat.New(opts)
	t.Cleanup(g.Close)
	return g
}

// screen is a client's end of a connection: it keeps what was written, and knows whether the end was an abort.
type screen struct {
	mu       sync.Mutex
	header   http.Header
	status   int
	body     strings.Builder
	aborted  bool
	deadline time.Time
	stuck    bool          // it does not read: writes wait for their deadline
	wrote    chan struct{} // has a signal after each write
	done     chan struct{} // closed when the handler has returned
	err      error         // the handler's
	leave    context.CancelCauseFunc
}

var errLeft = errors.New("the client left")

func newScreen() *screen {
	return &screen{header: http.Header{}, wrote: make(chan struct{}, 1), done: make(chan struct{})}
}

func (s *screen) Header() http.Header { return s.header }

func (s *screen) WriteHeader(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = status
}

func (s *screen) Write(p []byte) (int, error) {
	if s.stuck {
		time.Sleep(time.Until(s.deadline)) // fake time
		return 0, os.ErrDeadlineExceeded
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status == 0 {
		s.status = http.StatusOK
	}
	s.body.Write(p)
	select {
	case s.wrote <- struct{}{}:
	default:
	}
	return len(p), nil
}

func (s *screen) FlushError() error { return nil }

func (s *screen) SetWriteDeadline(at time.Time) error {
	s.deadline = at
	s.aborted = s.aborted || at.Before(time.Now())
	return nil
}

func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.body.String()
}

// until waits for a text to be shown.
func (s *screen) until(t *testing.T, text string) {
	t.Helper()
	for !strings.Contains(s.text(), text) {
		select {
		case <-s.wrote:
		case <-s.done:
			if !strings.Contains(s.text(), text) {
				t.Fatalf("ended as\n%s\nerror %v", s, s.err)
			}
			return
		}
	}
}

// String is all that a client sees, its generation's id made plain.
func (s *screen) String() string {
	id := s.header.Get(chat.Header)
	text := fmt.Sprintf("%d %s\n%s", s.status, s.header.Get("Content-Type"), s.text())
	if id != "" {
		text = strings.ReplaceAll(text, id, "GEN")
	}
	if s.aborted {
		text += "<abort>\n"
	}
	return text
}

// open calls a handler as bff does, with its error as a problem when nothing was written, and does not wait for its end.
func open(ctx context.Context, method, target, body string, header map[string]string, h func(http.ResponseWriter,
	*http.Request) error,
) *screen {
	s := newScreen()
	ctx, s.leave = context.WithCancelCause(ctx)
	r := httptest.NewRequestWithContext(ctx, method, target, strings.NewReader(body))
	for name, value := range header {
		r.Header.Set(name, value)
	}
	go func() {
		defer close(s.done)
		defer s.leave(nil)
		s.err = h(s, r)
		if s.err != nil && s.status == 0 {
			problem.Write(s, r, problem.From(s.err), "")
		}
	}()
	return s
}

func (s *screen) wait() *screen {
	<-s.done
	return s
}

// ask posts to a chat route.
func ask(ctx context.Context, g *chat.Generations, target, body string, c chat.Call) *screen {
	if c.Tenant == "" {
		c.Tenant = "acme"
	}
	return open(ctx, http.MethodPost, target, body, nil, func(w http.ResponseWriter, r *http.Request) error {
		return g.ServeChat(w, r, c)
	})
}

// look gets a generation.
func look(ctx context.Context, g *chat.Generations, id, query string, header map[string]string) *screen {
	return open(ctx, http.MethodGet, "/-/generations/"+id+query, "", header, func(w http.ResponseWriter, r *http.Request) error {
		return g.ServeGeneration(w, r, "acme", id)
	})
}

const hi = `{"messages":[{"role":"user","content":"Hi"}]}`
