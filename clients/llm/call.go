package llm

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"atrium/clients"
)

// A call is one request to a model. It stands between go-openai and the network.
type call struct {
	client    *Client
	model     *Model
	operation string // chat or embeddings: gen_ai.operation.name
	body      []byte
	streams   bool

	ctx    context.Context //nolint:containedctx // a call lives as long as its context, and its timers cancel it
	cancel context.CancelCauseFunc
	stop   context.CancelFunc // of the total timeout
	limits Timeouts
	watch  *watchdog // nil when the answer does not stream
	frames *frames   // of the answer, when it streams
	whole  []byte    // the answer, when it does not
	span   *span
	sent   bool // the request was built
}

func (c *Client) newCall(
	ctx context.Context, m *Model, operation string, body []byte, streams bool,
) (context.Context, *call) {
	k := &call{client: c, model: m, operation: operation, body: body, streams: streams, limits: m.Timeouts.withDefaults()}
	ctx, k.span = c.start(ctx, m, operation, streams)
	total := &TimeoutError{Waited: "the whole answer", Limit: k.limits.Total}
	ctx, k.stop = context.WithTimeoutCause(ctx, k.limits.Total, total)
	k.ctx, k.cancel = context.WithCancelCause(ctx)
	if streams {
		k.watch = watch(k.cancel, &TimeoutError{Waited: waitedFirst, Limit: k.limits.FirstToken})
	}
	return k.ctx, k
}

// end lets go of everything the call holds. outcome is nil for a whole answer.
func (c *call) end(outcome error) {
	if c.watch != nil {
		c.watch.stop()
	}
	c.cancel(context.Canceled)
	c.stop()
	c.span.end(outcome)
}

// Do implements go-openai's HTTPDoer: it sends the exact body, and lets through only an answer that go-openai reads
// well. Every other answer is an error here, with all that the server said.
func (c *call) Do(req *http.Request) (*http.Response, error) {
	c.sent = true
	req.Header.Del("Connection")
	req.Body = io.NopCloser(bytes.NewReader(c.body))
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(c.body)), nil }
	req.ContentLength = int64(len(c.body))
	c.span.request(req)

	transport := c.model.Transport
	if transport == nil {
		transport = c.client.opts.Transport
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if err := c.accept(res); err != nil {
		_ = res.Body.Close() // the answer is refused: how its connection ends does not matter
		return nil, err
	}
	return res, nil
}

// accept checks an answer and puts its own reader before the body.
func (c *call) accept(res *http.Response) error {
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return statusError(res)
	}
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if c.streams && kind == "text/event-stream" {
		c.frames = newFrames(c, res.Body)
		res.Body = c.frames
		return nil
	}
	isJSON := kind == "application/json" || strings.HasSuffix(kind, "+json")
	switch {
	case c.streams && isJSON: // an error under a good status, or a server that cannot stream
		body, err := io.ReadAll(io.LimitReader(res.Body, maxProblem))
		if err != nil {
			return fmt.Errorf("read the answer: %w", err)
		}
		if found := errorMember(body); found != nil {
			return inBand(body)
		}
		return contract(fmt.Errorf("want text/event-stream, found %s", kind))
	case !isJSON:
		return contract(fmt.Errorf("want a JSON answer or events, found %q", kind))
	}
	return c.readWhole(res)
}

// statusError is the error of an answer whose status says that it failed.
func statusError(res *http.Response) *clients.Error {
	body, _ := io.ReadAll(io.LimitReader(res.Body, maxProblem)) // what can be read of it is better than nothing
	e := &clients.Error{Kind: clients.Status, Status: res.StatusCode, Problem: body, Err: parseModelError(body)}
	e.RetryAfter = retryAfter(res.Header, time.Now())
	return e
}

// retryAfter reads when the server wants to be asked again: seconds, a date, or OpenAI's milliseconds.
func retryAfter(h http.Header, now time.Time) time.Duration {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && ms > 0 {
		return time.Duration(min(ms, 86_400_000) * float64(time.Millisecond))
	}
	text := h.Get("Retry-After")
	if s, err := strconv.ParseFloat(text, 64); err == nil && s > 0 {
		return time.Duration(min(s, 86_400) * float64(time.Second))
	}
	if at, err := http.ParseTime(text); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}
