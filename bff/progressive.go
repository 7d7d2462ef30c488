package bff

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"

	"atrium/bff/chat"
	"atrium/bff/problem"
	"atrium/bff/sse"
	"atrium/bff/view"
	"atrium/cache"
	"atrium/clients/rawjson"
	"atrium/tenants/document"
)

// eventStream is the media type of a view that is sent piece by piece.
const eventStream = "text/event-stream"

// wantsEvents reports whether the client would rather have events than JSON.
func wantsEvents(r *http.Request) bool {
	if r.Method != http.MethodGet || !strings.Contains(r.Header.Get("Accept"), eventStream) {
		return false // the common path
	}
	events, plain := 0.0, 0.0
	for one := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		switch mediaType, q := acceptable(one); mediaType {
		case eventStream:
			events = q
		case "application/json":
			plain = q
		}
	}
	return events > 0 && events >= plain
}

// acceptable reads one media range and its weight (RFC 9110, section 12.5.1).
func acceptable(one string) (mediaType string, q float64) {
	mediaType, params, err := mime.ParseMediaType(one)
	if err != nil {
		return "", 0
	}
	weight, given := params["q"]
	if !given {
		return mediaType, 1
	}
	if q, err = strconv.ParseFloat(weight, 64); err != nil {
		return "", 0
	}
	return mediaType, q
}

// A progress is what a running view has brought so far. It is written by the view and read by the handler.
type progress struct {
	wake chan struct{} // signalled when there is something new

	mu     sync.Mutex
	pieces []view.Piece // not read yet; no more than the response has members
	whole  *whole       // nil until the view has ended
}

// A whole is how a view has ended.
type whole struct {
	entry  *cache.Entry
	header http.Header // about the cache
	own    bool        // the pieces are of this very answer
	err    error
}

func (p *progress) tell(change func()) {
	p.mu.Lock()
	change()
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// piece is the send of view.Program.Stream. A fill of the cache may outlive the request; then nobody reads what it sends.
func (p *progress) piece(piece view.Piece) {
	p.tell(func() { p.pieces = append(p.pieces, piece) })
}

func (p *progress) take() ([]view.Piece, *whole) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pieces := p.pieces
	p.pieces = nil
	return pieces, p.whole
}

// stream answers with events: each member of the response as soon as it can be made, then the whole. Nothing is written
// before the first member, so that until then a failure has its status.
func (v *viewRoute) stream(c *call, in *view.Input) error {
	ctx, cancel := context.WithCancel(c.r.Context())
	p := &progress{wake: make(chan struct{}, 1)}
	var running sync.WaitGroup
	running.Go(func() {
		end := v.produce(ctx, c, in, p.piece)
		p.tell(func() { p.whole = &end })
	})
	defer running.Wait()
	defer cancel()
	s := &eventWriter{call: c, out: sse.NewWriter(c.w, sse.Options{})}
	for {
		pieces, end := p.take()
		if end != nil {
			return s.end(pieces, end)
		}
		if err := s.send(pieces); err != nil {
			return s.gone(err)
		}
		if err := s.wait(ctx, p.wake); err != nil {
			return s.gone(err)
		}
	}
}

// produce runs the view as a plain request would. A panic is an error: this is not the request's own goroutine.
func (v *viewRoute) produce(ctx context.Context, c *call, in *view.Input, send func(view.Piece)) (end whole) {
	defer func() {
		if cause := recover(); cause != nil {
			end = whole{err: fmt.Errorf("panic: %v\n%s", cause, debug.Stack())}
		}
	}()
	if v.doc.Cache == nil {
		result, err := v.execute(ctx, c, in, send)
		if err != nil {
			return whole{err: err}
		}
		entry := entryOf(result)
		return whole{entry: &entry, header: http.Header{"Cache-Status": {bypassed}}, own: true}
	}
	result, err := v.fetch(ctx, c, in, send)
	if err != nil {
		return whole{err: err}
	}
	end = whole{entry: result.Entry, header: http.Header{}, own: result.State == cache.Miss || result.State == cache.Bypass}
	describe(end.header, result)
	return end
}

// An eventWriter writes the events of a view. It belongs to the handler's goroutine.
type eventWriter struct {
	call *call
	out  *sse.Writer
	open bool
}

// wait waits for more; heartbeats are sent once the stream is open.
func (s *eventWriter) wait(ctx context.Context, wake <-chan struct{}) error {
	if s.open {
		return s.out.Wait(ctx, wake)
	}
	select {
	case <-wake:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// send writes pieces, and opens the stream with the first.
func (s *eventWriter) send(pieces []view.Piece) error {
	if len(pieces) == 0 {
		return nil
	}
	var events []byte
	for _, piece := range pieces {
		data := rawjson.AppendQuoted([]byte(`{"path":`), document.PointerTo("", piece.Member))
		data = append(append(append(data, `,"value":`...), piece.Value...), '}')
		events = appendJSONEvent(events, "part", data)
	}
	if err := s.begin(pieces[0].Header, http.Header{"Cache-Status": {forwarded}}); err != nil {
		return err
	}
	_, err := s.out.Write(events)
	return err
}

// begin opens the stream with headers of the answer, unless it is open.
func (s *eventWriter) begin(headers ...http.Header) error {
	if s.open {
		return nil
	}
	s.open = true
	for _, h := range headers {
		maps.Copy(s.call.w.Header(), h)
	}
	return s.out.Open()
}

// end writes what comes last: the whole answer, or what went wrong.
func (s *eventWriter) end(pieces []view.Piece, end *whole) error {
	if end.err != nil {
		return s.fail(end.err)
	}
	if !s.open && end.entry.Status != http.StatusOK {
		maps.Copy(s.call.w.Header(), end.header)
		return answer(s.call, end.entry)
	}
	if err := s.begin(end.entry.Header, end.header); err != nil {
		return s.gone(err)
	}
	if end.own {
		if err := s.send(pieces); err != nil {
			return s.gone(err)
		}
	}
	if _, err := s.out.Write(appendJSONEvent(nil, "done", end.entry.Body)); err != nil {
		return s.gone(err)
	}
	return nil
}

// fail reports an error: with its status while nothing was written, as an event afterwards.
func (s *eventWriter) fail(err error) error {
	if !s.open {
		return err
	}
	if s.call.r.Context().Err() != nil {
		return s.gone(err)
	}
	text, broken := json.Marshal(problem.From(err).Document(s.call.r.URL.EscapedPath(), s.call.rec.trace))
	if broken == nil {
		_, broken = s.out.Write(appendJSONEvent(nil, "error", text))
	}
	return &chat.Told{Err: errors.Join(err, broken)}
}

// gone ends a stream whose client does not read on.
func (s *eventWriter) gone(err error) error {
	if !s.open {
		return err
	}
	s.out.Abort()
	return &chat.Told{Err: err}
}

// appendJSONEvent appends an event whose data is JSON. Carriage returns, which are nothing but space in JSON, would end
// a line of the stream.
func appendJSONEvent(dst []byte, name string, data []byte) []byte {
	if bytes.IndexByte(data, '\r') >= 0 {
		data = bytes.ReplaceAll(data, []byte{'\r'}, []byte{' '})
	}
	return sse.AppendEvent(dst, "", name, data)
}
