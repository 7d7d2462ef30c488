package http1

import (
	"bytes"
	"io"
	"strings"
)

const (
	maxChunkLine = 4 << 10  // of a chunk's size with its extensions, or of a field of the trailer
	maxTrailer   = 16 << 10 // in all
	maxOverhead  = 16 << 10 // of chunks beyond what their content excuses
)

// chunks decodes the chunked transfer coding (RFC 9112, section 7.1), strictly.
type chunks struct {
	left     int64 // of the chunk
	open     bool  // a chunk is under way: its end is still to come
	overhead int64
}

func (c *chunks) read(x *exchange, p []byte) (int, error) {
	if c.left == 0 {
		if err := c.next(x); err != nil {
			return 0, err
		}
	}
	n, err := x.read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	if n > 0 {
		return n, nil
	}
	return n, whole(err)
}

// next goes to the next chunk, or to the end of all: io.EOF.
func (c *chunks) next(x *exchange) error {
	if c.open {
		if line, err := x.line(); err != nil {
			return err
		} else if line != "" {
			return malformed("a chunk goes on after its end")
		}
	}
	line, err := x.line()
	if err != nil {
		return err
	}
	if c.left, err = chunkSize(line); err != nil {
		return err
	}
	c.open = true
	if c.left == 0 {
		return x.trailer()
	}
	if c.overhead = max(0, c.overhead+int64(len(line))+4-16-2*c.left); c.overhead > maxOverhead {
		return malformed("chunks with more wrapping than content")
	}
	return nil
}

func chunkSize(line string) (int64, error) {
	digits, extension, _ := strings.Cut(line, ";")
	if digits == "" || len(digits) > 15 || !isText(extension) {
		return 0, malformed("a chunk's size is %.20q", line)
	}
	var size int64
	for _, c := range []byte(digits) {
		switch {
		case '0' <= c && c <= '9':
			size = size<<4 | int64(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			size = size<<4 | int64(c|0x20-'a'+10)
		default:
			return 0, malformed("a chunk's size is %.20q", line)
		}
	}
	return size, nil
}

// trailer checks the fields after the last chunk; nobody asked for them.
func (x *exchange) trailer() error {
	for left := maxTrailer; left > 0; {
		line, err := x.line()
		if err != nil {
			return err
		}
		if line == "" {
			return io.EOF
		}
		if _, _, err := field(line); err != nil {
			return err
		}
		left -= len(line) + 2
	}
	return malformed("its trailer has more than %d bytes", maxTrailer)
}

// line reads a line without its CR LF.
func (x *exchange) line() (string, error) {
	for {
		have := x.buf[x.r:x.w]
		if end := bytes.IndexByte(have, '\n'); end >= 0 {
			x.r += end + 1
			if end == 0 || have[end-1] != '\r' {
				return "", malformed("a line ends without a carriage return")
			}
			return string(have[:end-1]), nil
		}
		if len(have) > maxChunkLine {
			return "", malformed("a line has more than %d bytes", maxChunkLine)
		}
		x.room()
		if err := x.fill(); err != nil {
			return "", err
		}
	}
}
