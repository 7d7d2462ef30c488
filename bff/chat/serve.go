package chat

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"atrium/bff/problem"
	"atrium/bff/sse"
	"atrium/clients"
	"atrium/clients/llm"
	"atrium/clients/rawjson"
	"atrium/tenants"
)

// Header names a generation in the answer that streams it.
const Header = "Atrium-Generation"

// An Ask is what a generation may cost: for admission before it starts.
type Ask struct {
	Model  string // its name in the API document
	Input  int64  // estimated tokens of the prompt
	Output int64  // the most tokens that an answer may have; zero when nothing says
}

// Settle takes what a generation used, and gives back what it held. It is called exactly once for each admission, also
// when the generation failed, with a context that does not end with the client.
type Settle func(ctx context.Context, used llm.Usage)

// Admit lets a generation start, or returns the error that the caller is to see.
type Admit func(ctx context.Context, a Ask) (Settle, error)

// A Call is a request of a chat route. It is also what resumes a chat.
type Call struct {
	Tenant tenants.ID
	Route  string // the route's key; with Owner and the caller's chat id it names a conversation
	Owner  string // who the caller is; "" for anybody

	Models []*Model // tried in turn until one begins to answer; at least one
	Tools  []Tool

	// System makes the system prompt from the caller's body, as the text of a JSON string; nil means none.
	System func(ctx context.Context, body []byte) ([]byte, error)

	Admit   Admit // nil admits everything
	MaxBody int64 // bytes; zero means 1 MiB
}

// Told is the error of an answer that was written: the client was told what went wrong, or its connection was broken where
// that had to do. There is nothing left but to log it.
type Told struct{ Err error }

// Error implements error.
func (t *Told) Error() string { return t.Err.Error() }

// Unwrap returns what went wrong.
func (t *Told) Unwrap() error { return t.Err }

func told(err error) error {
	if err == nil {
		return nil
	}
	return &Told{Err: err}
}

// ServeChat answers a POST to a chat route. Its error is for the client, of which nothing was written then: a
// *clients.Error of the model, a problem, or what Admit or System returned. A *Told is for the log: the answer had
// begun, with the status 200 and the header Atrium-Generation, and the client was told in its dialect.
func (g *Generations) ServeChat(w http.ResponseWriter, r *http.Request, c Call) error {
	raw, err := readBody(w, r, c.MaxBody)
	if err != nil {
		return err
	}
	b, err := parseBody(raw)
	if err != nil {
		return err
	}
	dialect, err := dialectOf(r, b.dialect)
	if err != nil {
		return err
	}
	o := order{tenant: c.Tenant, runID: b.run, dialect: dialect, models: c.Models, tools: c.Tools, settle: noSettle}
	o.prompt.messages = b.messages
	if b.id != "" {
		o.chat = chatKey{route: c.Route, owner: c.Owner, chat: b.id}
	}
	if c.System != nil {
		text, err := c.System(r.Context(), raw)
		if err != nil {
			return err
		}
		system := append(append([]byte(`{"role":"system","content":`), text...), '}')
		o.prompt.messages = slices.Insert(o.prompt.messages, 0, system)
	}
	if err := o.admit(r.Context(), c.Admit, int64(c.Models[0].MaxTokens)); err != nil {
		return err
	}
	return g.serve(w, r, o, dialect == OpenAI && b.whole)
}

func noSettle(context.Context, llm.Usage) {}

// admit asks for admission. An error leaves nothing to settle.
func (o *order) admit(ctx context.Context, admit Admit, output int64) error {
	size := len(o.prompt.members)
	for _, m := range o.prompt.messages {
		size += len(m)
	}
	o.input = int64(size / bytesPerToken)
	if admit == nil {
		return nil
	}
	settle, err := admit(ctx, Ask{Model: o.models[0].Name, Input: o.input, Output: output})
	if err == nil {
		o.settle = settle
	}
	return err
}

// serve starts a generation and shows it to the client that asked for it.
func (g *Generations) serve(w http.ResponseWriter, r *http.Request, o order, whole bool) error {
	gen, v, err := g.start(r.Context(), o)
	if err != nil {
		o.settle(r.Context(), llm.Usage{})
		return err
	}
	defer gen.leave(v)
	select {
	case <-gen.begun:
	case <-r.Context().Done():
		return clientGone(r)
	}
	switch {
	case errors.Is(gen.early, errShutdown):
		return shuttingDown()
	case gen.early != nil:
		return gen.early
	}
	w.Header().Set(Header, gen.id)
	if whole {
		return g.showWhole(w, r, gen, v)
	}
	return g.show(w, r, gen, v, o.dialect, 0)
}

// clientGone is the error of a client that left before anything was written.
func clientGone(r *http.Request) error {
	return &clients.Error{Kind: clients.Canceled, Upstream: "client", Operation: "wait", Err: context.Cause(r.Context())}
}

func shuttingDown() error {
	return problem.New(http.StatusServiceUnavailable, codeShutdown, "The server is shutting down.").Because(errShutdown)
}

// batch bounds how much is encoded before it is written.
const batch = 64 << 10

// show writes a generation to a viewer until it has ended or the viewer leaves. after frames are left out. Its error is
// a *Told.
func (g *Generations) show(w http.ResponseWriter, r *http.Request, gen *generation, v *viewer, d Dialect, after int64) error {
	out := sse.NewWriter(w, sse.Options{Heartbeat: g.opts.Heartbeat, Beat: d.beat(), WriteTimeout: g.opts.WriteTimeout})
	s := &show{out: out, gen: gen, encoder: gen.newEncoder(d, after)}
	now := s.look()
	if len(s.buf) == 0 && now.ended && !errors.Is(now.outcome, errShutdown) {
		w.WriteHeader(http.StatusNoContent) // the viewer has it all; an EventSource takes this as the end
		return nil
	}
	if d == UI {
		w.Header().Set("X-Vercel-Ai-Ui-Message-Stream", "v1")
	}
	if err := out.Open(); err != nil {
		return told(err)
	}
	return told(s.run(r, v, d, now))
}

// run writes what there is until there will be no more.
func (s *show) run(r *http.Request, v *viewer, d Dialect, now view) error {
	for {
		if err := s.flush(); err != nil {
			s.out.Abort()
			return err
		}
		switch {
		case s.behind():
		case now.ended && !errors.Is(now.outcome, errShutdown):
			s.gen.deliver(r.Context())
			return now.outcome
		case now.ended, now.cutOff:
			return s.cutOff(d)
		default:
			if err := s.out.Wait(r.Context(), v.wake); err != nil {
				s.out.Abort()
				return err
			}
		}
		now = s.look()
	}
}

// A show is one viewer's way through a log.
type show struct {
	out     *sse.Writer
	gen     *generation
	encoder encoder
	reader  reader
	buf     []byte
}

// look encodes what is new, up to a batch.
func (s *show) look() view {
	now := s.gen.look()
	s.reader.log = now.log
	for len(s.buf) < batch {
		e, ok := s.reader.read()
		if !ok {
			break
		}
		if e.kind == failEvent && errors.Is(now.outcome, errLost) {
			s.encoder.rewind() // the viewer may have seen more than is left; it must know that there is no more
		}
		s.buf = s.encoder.encode(s.buf, e)
	}
	return now
}

// behind reports whether there was more than a batch.
func (s *show) behind() bool { return s.reader.next < len(s.reader.log.records) }

func (s *show) flush() error {
	if len(s.buf) == 0 {
		return nil
	}
	_, err := s.out.Write(s.buf)
	if s.buf = s.buf[:0]; cap(s.buf) > batch {
		s.buf = nil
	}
	return err
}

// cutOff sends the viewer away without an end, so that it resumes elsewhere.
func (s *show) cutOff(d Dialect) error {
	if d == Text {
		_, _ = s.out.Write([]byte("event: shutdown\ndata: {}\n\n")) // the connection ends in any case
	}
	s.out.Abort()
	return errShutdown
}

// dialectOf is the dialect that a request names, else otherwise.
func dialectOf(r *http.Request, otherwise Dialect) (Dialect, error) {
	named := r.URL.Query().Get("dialect")
	if named == "" {
		return otherwise, nil
	}
	if d := Dialect(named); slices.Contains(Dialects(), d) {
		return d, nil
	}
	p := problem.New(http.StatusBadRequest, "invalid-request", "The query is not what is wanted here.")
	p.Errors = []problem.Detail{{Pointer: "/query/dialect", Message: "want text, openai, ui or ag-ui"}}
	return "", p
}

// afterOf is how many frames a client that comes back has: the header Last-Event-ID, or ?after=.
func afterOf(r *http.Request) (int64, error) {
	text := r.URL.Query().Get("after")
	if text == "" {
		text = r.Header.Get("Last-Event-ID")
	}
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		p := problem.New(http.StatusBadRequest, "invalid-request", "The place to resume at is not what is wanted here.")
		p.Errors = []problem.Detail{{Pointer: "/query/after", Message: "want the id of the last event seen"}}
		return 0, p
	}
	return n, nil
}

// wantsJSON reports whether a client asks for the answer as an object and not as a stream.
func wantsJSON(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	return strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/event-stream")
}

// writeJSON answers with an object.
func writeJSON(w http.ResponseWriter, status int, text []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text) //nolint:gosec // JSON, and said to be; a client that has gone needs no answer
}

// isMember reports whether an object has a member that is not null.
func isMember(raw []byte, name string) bool {
	value, ok := rawjson.Get(raw, rawjson.Path{{Name: name}})
	return ok && !rawjson.IsNull(value)
}
