package http1

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"
)

// Options configure a Transport. All are required.
type Options struct {
	Dial        func(ctx context.Context, network, address string) (net.Conn, error)
	Otherwise   http.RoundTripper // sends the requests that are not for this client
	HeaderBytes int               // of an answer, interim answers included
	IdleTimeout time.Duration     // of a connection that nobody uses
	IdlePerHost int               // connections kept for one host
	IdleInAll   int               // connections kept
	OpenPerHost int               // connections of one host at once; further calls wait for one
}

// A Transport is an http.RoundTripper. Use it from any number of goroutines.
//
// A call ends when its context does, at once. The answer's body must be closed; what was read stays valid. Bodies are
// decompressed as net/http does it: where this client, not the caller, had asked for gzip. Trailers are checked and
// left out.
//
// A request is sent a second time only when it went out on a kept connection which turned out to be closed before the
// first byte of an answer, and when its method promises that twice is as good as once.
type Transport struct {
	pool        *pool
	otherwise   http.RoundTripper
	headerBytes int
	buffers     sync.Pool // of *[]byte
	unzippers   sync.Pool // of *gzip.Reader
}

// New returns a transport.
func New(o Options) *Transport {
	t := &Transport{pool: newPool(o), otherwise: o.Otherwise, headerBytes: o.HeaderBytes}
	t.buffers.New = func() any {
		buffer := make([]byte, firstBuffer)
		return &buffer
	}
	return t
}

const (
	firstBuffer = 8 << 10  // holds a request, and then the answer as it comes
	keptBuffer  = 64 << 10 // larger ones are left to the collector
)

// CloseIdleConnections closes the connections that serve no call. Calls may follow.
func (t *Transport) CloseIdleConnections() { t.pool.closeIdle() }

// RoundTrip implements http.RoundTripper.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if !fits(req) {
		return t.otherwise.RoundTrip(req)
	}
	x := &exchange{t: t, req: req, box: t.buffers.Get().(*[]byte)}
	wire, err := x.encode()
	if err != nil {
		x.giveBack()
		return nil, err
	}
	resp, err := x.send(wire, false)
	if err != nil && x.again(err) {
		resp, err = x.send(wire, true)
	}
	if err != nil {
		x.giveBack()
		return nil, err
	}
	return resp, nil
}

// An exchange is one request and its answer. It has a connection from when it is sent until its last byte was read.
type exchange struct {
	t      *Transport
	req    *http.Request
	zip    bool // this client asks for gzip
	conn   *conn
	stop   func() bool // ends the watch over the context
	box    *[]byte     // what buf is part of, for the next exchange
	buf    []byte
	r, w   int  // what of buf was read but not used
	begun  bool // the answer has
	keep   bool // the connection, when all has been read
	headed int  // bytes of heads so far
}

// send makes one attempt.
func (x *exchange) send(wire []byte, fresh bool) (*http.Response, error) {
	ctx := x.req.Context()
	c, err := x.t.pool.take(ctx, address(x.req), fresh)
	if err != nil {
		return nil, err
	}
	x.conn = c
	x.stop = context.AfterFunc(ctx, c.expire)
	resp, err := x.attempt(wire)
	if err != nil {
		x.end(false)
		return nil, x.explain(err)
	}
	return resp, nil
}

func (x *exchange) attempt(wire []byte) (*http.Response, error) {
	if _, err := x.conn.Write(wire); err != nil {
		return nil, fmt.Errorf("write the request: %w", err)
	}
	x.buf = (*x.box)[:cap(*x.box)]
	x.r, x.w = 0, 0
	h, err := x.head()
	if err != nil {
		return nil, fmt.Errorf("read the answer's head: %w", err)
	}
	return x.answer(h), nil
}

// again tells whether a failed attempt may be made once more: the server closed the connection between two calls.
func (x *exchange) again(err error) bool {
	if x.conn == nil || !x.conn.reused || x.begun || x.req.Context().Err() != nil || !repeatable(x.req) {
		return false
	}
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func repeatable(req *http.Request) bool {
	switch req.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	}
	return req.Header.Get("Idempotency-Key") != ""
}

// explain puts the context's end in the place of what it did to the connection.
func (x *exchange) explain(err error) error {
	if ctx := x.req.Context(); ctx.Err() != nil {
		return fmt.Errorf("%w (%w)", context.Cause(ctx), err)
	}
	return err
}

// end lets go of the connection: to the pool when it may serve again.
func (x *exchange) end(whole bool) {
	watching := x.stop() // false: the context has ended, and its deadline may come any moment
	if whole && watching && x.keep && x.r == x.w {
		x.t.pool.put(x.conn)
		return
	}
	x.t.pool.drop(x.conn)
}

// giveBack lets go of the buffer.
func (x *exchange) giveBack() {
	if cap(*x.box) <= keptBuffer {
		x.t.buffers.Put(x.box)
	}
	x.box, x.buf = nil, nil
}

// fill reads what came, at least a byte.
func (x *exchange) fill() error {
	if x.r == x.w {
		x.r, x.w = 0, 0
	}
	n, err := x.conn.Read(x.buf[x.w:])
	x.w += n
	if n > 0 {
		x.begun = true
		return nil
	}
	if err == nil {
		return io.ErrNoProgress
	}
	return whole(err)
}

// whole says that an end came too early.
func whole(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
