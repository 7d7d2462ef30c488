package http1

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"strings"
)

const (
	maxFields  = 1024 // of a head
	maxInterim = 5    // answers before the answer
	maxDigits  = 18   // of a length
)

// ErrMalformed is the cause of every error about an answer that is not HTTP/1.1 as this client understands it.
var ErrMalformed = errors.New("malformed HTTP answer")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// A head is all of an answer before its body.
type head struct {
	status  string // "200 OK"
	code    int
	minor   int // of the version
	header  http.Header
	length  int64 // of the body; -1 when it was not said
	chunked bool
	close   bool // the server will not serve on this connection again
}

// head reads up to where the body begins; interim answers are skipped.
func (x *exchange) head() (head, error) {
	for range maxInterim + 1 {
		text, err := x.headText()
		if err != nil {
			return head{}, err
		}
		h, err := parseHead(text)
		if err != nil {
			return head{}, err
		}
		switch {
		case h.code >= http.StatusOK:
			return h, nil
		case h.code == http.StatusSwitchingProtocols:
			return head{}, malformed("it switches protocols unasked")
		case h.chunked || h.length >= 0:
			return head{}, malformed("an interim answer promises a body")
		}
	}
	return head{}, malformed("more than %d interim answers", maxInterim)
}

// headText reads a head: lines up to an empty one, each ended by CR LF.
func (x *exchange) headText() (string, error) {
	line, seen := 0, 0 // from x.r on: where the line begins, and what has been looked at
	for {
		for {
			text := x.buf[x.r:x.w]
			end := bytes.IndexByte(text[seen:], '\n')
			if end < 0 {
				seen = len(text)
				break
			}
			end += seen
			if end == line || text[end-1] != '\r' {
				return "", malformed("a line ends without a carriage return")
			}
			if end == line+1 {
				x.r += end + 1
				x.headed += end + 1
				return string(text[:line]), x.boundHead(0)
			}
			line, seen = end+1, end+1
		}
		if err := x.moreHead(); err != nil {
			return "", err
		}
	}
}

// moreHead reads on within the bound of a head.
func (x *exchange) moreHead() error {
	const start = "HTTP/1."
	if have := x.buf[x.r:x.w]; len(have) >= len(start) && string(have[:len(start)]) != start {
		return malformed("it begins with %.20q", have)
	}
	if err := x.boundHead(x.w - x.r); err != nil {
		return err
	}
	x.room()
	return x.fill()
}

func (x *exchange) boundHead(more int) error {
	if x.headed+more > x.t.headerBytes {
		return malformed("its head has more than %d bytes", x.t.headerBytes)
	}
	return nil
}

// room makes space for more in the buffer.
func (x *exchange) room() {
	if x.w < len(x.buf) {
		return
	}
	if x.r > 0 {
		x.w = copy(x.buf, x.buf[x.r:x.w])
		x.r = 0
		return
	}
	larger := make([]byte, 2*len(x.buf))
	copy(larger, x.buf)
	x.buf, x.box = larger, &larger
}

// parseHead reads a status line and fields, each with its CR LF.
func parseHead(text string) (head, error) {
	h := head{length: -1}
	line, rest, _ := strings.Cut(text, "\r\n")
	if err := h.setStatus(line); err != nil {
		return h, err
	}
	n := strings.Count(rest, "\n")
	if n > maxFields {
		return h, malformed("more than %d fields", maxFields)
	}
	h.header = make(http.Header, n)
	values := make([]string, n) // one piece for the first value of each
	for i := range n {
		line, rest, _ = strings.Cut(rest, "\r\n")
		name, value, err := field(line)
		if err != nil {
			return h, err
		}
		if had, ok := h.header[name]; ok {
			h.header[name] = append(had, value)
		} else {
			values[i] = value
			h.header[name] = values[i : i+1 : i+1]
		}
	}
	return h, h.frame()
}

func (h *head) setStatus(line string) error {
	const shape = "HTTP/1.1 200"
	if len(line) < len(shape) || line[:7] != shape[:7] || line[7] != '0' && line[7] != '1' || line[8] != ' ' {
		return malformed("its status line is %.40q", line)
	}
	for _, c := range []byte(line[9:12]) {
		if c < '0' || c > '9' {
			return malformed("its status is %.3q", line[9:12])
		}
		h.code = 10*h.code + int(c-'0')
	}
	if h.code < 100 || len(line) > len(shape) && line[12] != ' ' || !isText(line) {
		return malformed("its status line is %.40q", line)
	}
	h.minor = int(line[7] - '0')
	h.status = line[9:]
	return nil
}

// field reads one line of a head.
func field(line string) (name, value string, err error) {
	name, value, ok := strings.Cut(line, ":")
	if !ok || !isToken(name) { // also a folded line, which begins with a space
		return "", "", malformed("a field is named %.40q", name)
	}
	if !isText(value) {
		return "", "", malformed("field %.40s holds a control character", name)
	}
	return textproto.CanonicalMIMEHeaderKey(name), strings.Trim(value, " \t"), nil
}

// frame finds out how the body ends. One way only: what says it twice is refused.
func (h *head) frame() error {
	lengths, codings := h.header["Content-Length"], h.header["Transfer-Encoding"]
	switch {
	case len(lengths)+len(codings) > 1:
		return malformed("%d lengths, %d transfer codings", len(lengths), len(codings))
	case len(lengths) == 1:
		length, err := parseLength(lengths[0])
		if err != nil {
			return err
		}
		h.length = length
	case len(codings) == 1:
		if !strings.EqualFold(codings[0], "chunked") || h.minor == 0 {
			return malformed("transfer coding %.40q in HTTP/1.%d", codings[0], h.minor)
		}
		h.chunked = true
		delete(h.header, "Transfer-Encoding")
		delete(h.header, "Trailer")
	}
	h.close = h.says("close") || h.minor == 0 && !h.says("keep-alive")
	if h.close && h.minor > 0 {
		delete(h.header, "Connection") // as net/http has it
	}
	if pragma := h.header["Pragma"]; len(pragma) > 0 && pragma[0] == "no-cache" && h.header["Cache-Control"] == nil {
		h.header["Cache-Control"] = []string{"no-cache"} // as net/http has it
	}
	return nil
}

func parseLength(text string) (int64, error) {
	if text == "" || len(text) > maxDigits {
		return 0, malformed("length %.40q", text)
	}
	var length int64
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return 0, malformed("length %.40q", text)
		}
		length = 10*length + int64(c-'0')
	}
	return length, nil
}

// says tells whether a field Connection has an option.
func (h *head) says(option string) bool {
	for _, value := range h.header["Connection"] {
		for one := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.Trim(one, " \t"), option) {
				return true
			}
		}
	}
	return false
}
