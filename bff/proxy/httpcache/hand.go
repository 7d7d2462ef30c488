package httpcache

import (
	"context"
	"net/http"
	"sync"
	"time"

	"atrium/cache"
)

// hand holds what the fills of a request got for this very request: an answer that is not kept and still streams, or one
// that is kept under another key. A fill may outlive its request; then nobody takes what it offers.
type hand struct {
	mu     sync.Mutex
	closed bool
	stream *upstreamAnswer
	held   *held

	status int  // of the upstream's last answer; 0: it was not asked
	stale  bool // and it was asked about something known
}

// held is a whole answer.
type held struct {
	entry cache.Entry
	age   time.Duration
}

func (h *hand) note(status int, stale bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.status, h.stale = status, stale || h.stale
}

func (h *hand) noted() (status int, stale bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.status, h.stale
}

// offer gives a stream to the request, or closes it when there is none any more.
func (h *hand) offer(a *upstreamAnswer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || !a.release() {
		a.close()
		return
	}
	if h.stream != nil {
		h.stream.close()
	}
	h.stream = a
}

func (h *hand) keep(whole *held) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.held = whole
}

func (h *hand) full() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.held != nil || h.stream != nil
}

// take gives what is there, for the request to use and to close.
func (h *hand) take() (*upstreamAnswer, *held) {
	h.mu.Lock()
	defer h.mu.Unlock()
	stream := h.stream
	h.stream = nil
	return stream, h.held
}

func (h *hand) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	if h.stream != nil {
		h.stream.close()
		h.stream = nil
	}
}

// replay is a round tripper that has the answer already.
type replay struct {
	answer *upstreamAnswer
	client *http.Request
}

// RoundTrip implements http.RoundTripper, once.
func (p *replay) RoundTrip(r *http.Request) (*http.Response, error) {
	resp := p.answer.Response
	context.AfterFunc(r.Context(), p.answer.cancel)
	resp.Request = r
	if resp.StatusCode == http.StatusOK && unchanged(p.client, resp.Header) {
		resp.StatusCode, resp.Status = http.StatusNotModified, ""
		stripContent(resp.Header)
	}
	if resp.StatusCode == http.StatusNotModified || p.client.Method == http.MethodHead {
		_ = resp.Body.Close() // it is not asked for
		resp.Body = http.NoBody
	}
	return resp, nil
}
