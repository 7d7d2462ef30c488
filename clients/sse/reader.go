package sse

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// DefaultMax bounds the data of one event, and one line, when NewReader is given no bound.
const DefaultMax = 4 << 20

const (
	startSize = 4 << 10  // of the line buffer
	keepSize  = 64 << 10 // a buffer that one long line made larger than this is given back
	fieldRoom = 64       // for the field name and line ends around data that has just the bound's length
	maxEmpty  = 100      // reads in a row that may give nothing
)

// An Event is one event of a stream.
type Event struct {
	Type string // the last event: line; "" stands for "message"
	ID   string // the last id: line of the stream so far
	Data []byte // the data: lines joined with \n; valid until the next call of Next

	// Unterminated says that the stream ended before the blank line that ends an event. Browsers drop such an event;
	// servers are known to forget the line after their last one, so the caller decides.
	Unterminated bool
}

// A TooLongError says that an event or a line exceeds the reader's bound. The rest of the stream cannot be read.
type TooLongError struct {
	Max int // the bound, in bytes
}

// Error implements error.
func (e *TooLongError) Error() string {
	return fmt.Sprintf("an event of the stream is longer than %d bytes", e.Max)
}

// A Reader splits a stream into events. It is not safe for concurrent use.
type Reader struct {
	src io.Reader
	max int

	buf            []byte // buf[pos:end] is unread, buf[pos:scan] holds no line end
	pos, scan, end int
	skipLF         bool // the last line ended in CR: a LF that follows belongs to it
	begun          bool // the byte order mark was looked for
	err            error

	data    []byte
	hasData bool
	typ, id string
}

// NewReader returns a reader of events of at most limit bytes of data; zero or less means DefaultMax.
func NewReader(src io.Reader, limit int) *Reader {
	if limit <= 0 {
		limit = DefaultMax
	}
	return &Reader{src: src, max: limit}
}

// Next returns the next event that has data. At the end of the stream it returns io.EOF, after an event that its blank
// line did not end has been given as Unterminated. A *TooLongError and errors of the source are final; what the stream
// had begun of an event is dropped then.
func (r *Reader) Next() (Event, error) {
	r.reset()
	for {
		line, err := r.line()
		switch {
		case errors.Is(err, io.EOF) && r.hasData:
			return r.event(true), nil
		case err != nil:
			return Event{}, err
		case len(line) > 0:
			if err := r.field(line); err != nil {
				r.err, r.pos, r.scan, r.end = err, 0, 0, 0
				return Event{}, err
			}
		case r.hasData:
			return r.event(false), nil
		default:
			r.typ = ""
		}
	}
}

func (r *Reader) reset() {
	if cap(r.data) > keepSize {
		r.data = nil
	}
	r.data, r.hasData, r.typ = r.data[:0], false, ""
}

func (r *Reader) event(unterminated bool) Event {
	return Event{Type: r.typ, ID: r.id, Data: r.data, Unterminated: unterminated}
}

// field takes one line that is not empty.
func (r *Reader) field(line []byte) error {
	name, value, _ := bytes.Cut(line, []byte{':'})
	value = bytes.TrimPrefix(value, []byte{' '})
	switch string(name) {
	case "data":
		if r.hasData {
			r.data = append(r.data, '\n')
		}
		if len(r.data)+len(value) > r.max {
			return &TooLongError{Max: r.max}
		}
		r.data, r.hasData = append(r.data, value...), true
	case "event":
		r.typ = string(value)
	case "id":
		if bytes.IndexByte(value, 0) < 0 {
			r.id = string(value)
		}
	}
	return nil
}

// line returns the next line without its end. The bytes are valid until the next call.
func (r *Reader) line() ([]byte, error) {
	for {
		if r.skipLF && r.pos < r.end {
			r.skipLF = false
			if r.buf[r.pos] == '\n' {
				r.pos++
				r.scan = max(r.scan, r.pos)
			}
		}
		if i := indexLineEnd(r.buf[r.scan:r.end]); i >= 0 {
			line := r.buf[r.pos : r.scan+i]
			r.skipLF = r.buf[r.scan+i] == '\r'
			r.pos = r.scan + i + 1
			r.scan = r.pos
			return r.first(line), nil
		}
		r.scan = r.end
		if r.err != nil {
			return r.last()
		}
		r.fill()
	}
}

// last returns what is left when the source has ended: a line without an end, then the error.
func (r *Reader) last() ([]byte, error) {
	line := r.buf[r.pos:r.end]
	r.pos = r.end
	if len(line) == 0 || !errors.Is(r.err, io.EOF) {
		return nil, r.err
	}
	return r.first(line), nil
}

// first takes the byte order mark off the first line.
func (r *Reader) first(line []byte) []byte {
	if r.begun {
		return line
	}
	r.begun = true
	return bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
}

// fill reads more, making room first. It sets r.err when there is no more.
func (r *Reader) fill() {
	r.makeRoom()
	if r.end == len(r.buf) {
		r.err = &TooLongError{Max: r.max}
		r.pos, r.scan, r.end = 0, 0, 0
		return
	}
	for range maxEmpty {
		n, err := r.src.Read(r.buf[r.end:])
		r.end += n
		if err != nil {
			r.err = err
		}
		if n > 0 || err != nil {
			return
		}
	}
	r.err = io.ErrNoProgress
}

// makeRoom moves the unread bytes to the front, and grows or shrinks the buffer within its bound.
func (r *Reader) makeRoom() {
	unread := r.end - r.pos
	size := len(r.buf)
	switch {
	case size == 0:
		size = min(startSize, r.max+fieldRoom)
	case unread == size:
		size = min(2*size, r.max+fieldRoom)
	case unread == 0 && size > keepSize:
		size = startSize
	}
	to := r.buf
	if size != len(r.buf) {
		to = make([]byte, size)
	}
	if size != len(r.buf) || r.pos > 0 {
		copy(to, r.buf[r.pos:r.end])
		r.buf, r.scan, r.pos, r.end = to, r.scan-r.pos, 0, unread
	}
}

func indexLineEnd(b []byte) int {
	lf := bytes.IndexByte(b, '\n')
	if lf >= 0 {
		b = b[:lf]
	}
	if cr := bytes.IndexByte(b, '\r'); cr >= 0 {
		return cr
	}
	return lf
}
