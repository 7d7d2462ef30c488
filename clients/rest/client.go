package rest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"

	"atrium/clients"
)

// Client sends requests. Use it from any number of goroutines.
type Client struct {
	guarded, open http.RoundTripper
}

// NewClient returns a client on a transport.
func NewClient(t *clients.Transport) *Client {
	return &Client{guarded: t.CallTripper(true), open: t.CallTripper(false)}
}

// A Response is an answer with a 2xx status.
type Response struct {
	Status int
	Header http.Header
	Body   []byte // valid JSON, "null" when there was none
}

// Do sends a request: with the call's deadline, retries within it, breaker and share. The error is a *clients.Error.
// Redirects are not followed: they are errors of Kind Status.
func (c *Client) Do(ctx context.Context, r *Request) (*Response, error) {
	var answer *Response
	call := clients.Call{
		Operation: r.operation.ID, Template: r.operation.Path,
		Repeat: r.operation.Idempotent(), Timeout: r.timeout,
	}
	err := r.target.gate.Do(ctx, call, func(ctx context.Context) error {
		var err error
		answer, err = c.try(ctx, r)
		return err
	})
	if err != nil {
		if e, ok := errors.AsType[*clients.Error](err); ok {
			e.Forwarded = r.forwarded
		}
		return nil, err
	}
	return answer, nil
}

// try sends once and reads the answer to its end.
func (c *Client) try(ctx context.Context, r *Request) (*Response, error) {
	req := (&http.Request{
		Method: r.operation.Method, URL: r.url, Host: r.url.Host, Header: r.header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	if r.body != nil {
		req.ContentLength = int64(len(r.body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(r.body)), nil }
		req.Body = io.NopCloser(bytes.NewReader(r.body))
	}
	sender := c.open
	if r.target.guarded {
		sender = c.guarded
	}
	resp, err := sender.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // what matters has been read by then
	if resp.StatusCode < http.StatusOK || resp.StatusCode >= http.StatusMultipleChoices {
		return nil, refusal(resp)
	}
	body, err := content(ctx, resp, r.target.upstream.MaxAnswer)
	if err != nil {
		return nil, err
	}
	return &Response{Status: resp.StatusCode, Header: resp.Header, Body: body}, nil
}
