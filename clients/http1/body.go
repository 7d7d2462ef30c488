package http1

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
)

// answer makes a response of a head and what follows it.
func (x *exchange) answer(h head) *http.Response {
	resp := &http.Response{
		Status: h.status, StatusCode: h.code, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: h.minor,
		Header: h.header, ContentLength: h.length, Close: h.close, Request: x.req, Body: http.NoBody,
	}
	if h.minor == 0 {
		resp.Proto = "HTTP/1.0"
	}
	if h.chunked {
		resp.TransferEncoding = []string{"chunked"}
	}
	x.keep = !h.close
	if h.code == http.StatusNoContent || h.code == http.StatusNotModified || x.req.Method == http.MethodHead {
		if h.code == http.StatusNoContent && (h.chunked || h.length > 0) {
			x.keep = false // it may send the body that it must not have
		}
		if x.req.Method != http.MethodHead {
			resp.ContentLength = 0
		}
		x.end(true)
		x.giveBack()
		return resp
	}
	if h.length == 0 {
		x.end(true)
		x.giveBack()
		return resp
	}
	b := &body{x: x, left: h.length}
	switch {
	case h.chunked:
		b.chunks = &chunks{}
	case h.length < 0:
		x.keep = false // it ends with the connection
		resp.Close = true
	case int64(x.w-x.r) >= h.length: // all of it is here
		x.keep = x.keep && int64(x.w-x.r) == h.length
		b.freed = true
		x.releaseEarly()
	}
	resp.Body = b
	if x.zip && strings.EqualFold(h.header.Get("Content-Encoding"), "gzip") {
		resp.Body = &unzipped{body: b, t: x.t}
		delete(h.header, "Content-Encoding")
		delete(h.header, "Content-Length")
		resp.ContentLength = -1
		resp.Uncompressed = true
	}
	return resp
}

// releaseEarly ends an exchange whose answer is in the buffer as a whole.
func (x *exchange) releaseEarly() {
	r := x.r
	x.r = x.w
	x.end(true)
	x.r = r
}

// A body reads from an exchange. Close may be called while Read waits, and ends it.
type body struct {
	x      *exchange
	left   int64   // to come; below zero: until the connection's end
	chunks *chunks // nil: none

	mu      sync.Mutex
	reading bool
	closed  bool
	freed   bool  // the connection is somebody else's
	err     error // what every further Read returns
}

var errTwoReaders = errors.New("read an answer from two goroutines at once")

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	switch {
	case b.closed:
		b.mu.Unlock()
		return 0, http.ErrBodyReadAfterClose
	case b.err != nil:
		b.mu.Unlock()
		return 0, b.err
	case b.reading:
		b.mu.Unlock()
		return 0, errTwoReaders
	case len(p) == 0:
		b.mu.Unlock()
		return 0, nil
	}
	b.reading = true
	b.mu.Unlock()

	n, err := b.next(p)

	b.mu.Lock()
	defer b.mu.Unlock()
	b.reading = false
	if err != nil && !errors.Is(err, io.EOF) {
		err = b.x.explain(err)
	}
	b.err = err
	if b.closed {
		b.finish(false) // Close has ended every wait on the connection for good
		return n, http.ErrBodyReadAfterClose
	}
	if err != nil {
		b.finish(errors.Is(err, io.EOF))
	}
	return n, err
}

// next reads a part; io.EOF comes with the last one where the end is known.
func (b *body) next(p []byte) (int, error) {
	switch {
	case b.chunks != nil:
		return b.chunks.read(b.x, p)
	case b.left < 0:
		return b.x.read(p)
	}
	n, err := b.x.read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	switch {
	case b.left == 0:
		return n, io.EOF
	case err != nil:
		return n, whole(err)
	}
	return n, nil
}

// read takes what is buffered, or reads past the buffer.
func (x *exchange) read(p []byte) (int, error) {
	if x.r < x.w {
		n := copy(p, x.buf[x.r:x.w])
		x.r += n
		return n, nil
	}
	return x.conn.Read(p)
}

// finish lets go of all that is shared. The lock is held and nobody reads.
func (b *body) finish(whole bool) {
	if b.x.box == nil {
		return
	}
	if !b.freed {
		b.freed = true
		b.x.end(whole)
	}
	b.x.giveBack()
}

// Close implements io.Closer. A connection whose answer was not read to its end is closed.
func (b *body) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	switch {
	case !b.reading:
		b.finish(false)
	case !b.freed:
		b.x.conn.expire() // the reader finishes
	}
	return nil
}
