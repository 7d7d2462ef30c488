package http1

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strconv"
	"strings"
)

// longestBody is what a connection takes without waiting for its reader, so that an early answer cannot lock the two
// against each other.
const longestBody = 16 << 10

// fits tells whether a request is for this client: plain HTTP, a body that is short and in memory, nothing that changes
// what the connection is.
func fits(req *http.Request) bool {
	u := req.URL
	if u == nil || u.Scheme != "http" || u.Opaque != "" || !plainHost(u.Host) || req.Host != "" && !plainHost(req.Host) {
		return false
	}
	hasBody := req.Body != nil && req.Body != http.NoBody
	switch {
	case req.Method == http.MethodConnect, !isToken(req.Method), req.Close, len(req.Trailer) > 0, len(req.TransferEncoding) > 0:
		return false
	case hasBody && (req.GetBody == nil || req.ContentLength <= 0 || req.ContentLength > longestBody):
		return false
	case !hasBody && req.ContentLength != 0:
		return false
	}
	for name := range req.Header {
		switch name {
		case "Connection", "Expect", "Te", "Transfer-Encoding", "Upgrade":
			return false
		}
		if textproto.CanonicalMIMEHeaderKey(name) != name {
			return false
		}
	}
	return httptrace.ContextClientTrace(req.Context()) == nil
}

// plainHost tells whether a host can be sent and dialled as it is.
func plainHost(host string) bool {
	for i := range len(host) {
		if c := host[i]; !isAlphanumeric(c) && strings.IndexByte(".-_:[]", c) < 0 {
			return false
		}
	}
	return host != "" && host[0] != ':'
}

// address is where to dial.
func address(req *http.Request) string {
	host := req.URL.Host
	switch port := req.URL.Port(); {
	case port != "":
		return host
	case strings.HasSuffix(host, ":"):
		return host + "80"
	}
	return host + ":80"
}

// encode writes the request into the exchange's buffer, in one piece.
func (x *exchange) encode() ([]byte, error) {
	wire, err := x.appendRequest((*x.box)[:0])
	if body := x.req.Body; body != nil {
		if err == nil && body != http.NoBody {
			wire, err = appendBody(wire, body, int(x.req.ContentLength))
		}
		_ = body.Close() // it was read to its end, or is not sent
	}
	*x.box = wire[:cap(wire)]
	return wire, err
}

func (x *exchange) appendRequest(dst []byte) ([]byte, error) {
	req := x.req
	target, host := req.URL.RequestURI(), req.Host
	if host == "" {
		host = req.URL.Host
	}
	if strings.ContainsFunc(target, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return dst, fmt.Errorf("the request's target %.100q holds a character that none may hold", target)
	}
	dst = append(append(append(dst, req.Method...), ' '), target...)
	dst = append(append(append(dst, " HTTP/1.1\r\nHost: "...), host...), "\r\n"...)
	var err error
	for name, values := range req.Header {
		if name == "Host" || name == "Content-Length" || name == "Trailer" || name == "User-Agent" && req.UserAgent() == "" {
			continue
		}
		if dst, err = appendField(dst, name, values); err != nil {
			return dst, err
		}
	}
	if _, ok := req.Header["User-Agent"]; !ok {
		dst = append(dst, "User-Agent: Go-http-client/1.1\r\n"...)
	}
	if req.ContentLength > 0 || req.Method == http.MethodPost || req.Method == http.MethodPut || req.Method == http.MethodPatch {
		dst = append(strconv.AppendInt(append(dst, "Content-Length: "...), req.ContentLength, 10), "\r\n"...)
	}
	if x.zip = asksForGzip(req); x.zip {
		dst = append(dst, "Accept-Encoding: gzip\r\n"...)
	}
	return append(dst, "\r\n"...), nil
}

func asksForGzip(req *http.Request) bool {
	return req.Method != http.MethodHead && req.Header.Get("Accept-Encoding") == "" && req.Header.Get("Range") == ""
}

func appendField(dst []byte, name string, values []string) ([]byte, error) {
	if !isToken(name) {
		return dst, fmt.Errorf("%.100q cannot be the name of a header", name)
	}
	for _, value := range values {
		if !isText(value) {
			return dst, fmt.Errorf("the value of header %s holds a control character", name)
		}
		dst = append(append(append(append(dst, name...), ": "...), value...), "\r\n"...)
	}
	return dst, nil
}

func appendBody(dst []byte, body io.Reader, length int) ([]byte, error) {
	head := len(dst)
	dst = append(dst, make([]byte, length+1)...)
	n, err := io.ReadFull(body, dst[head:])
	if n != length || err != io.ErrUnexpectedEOF {
		return dst, fmt.Errorf("the request's body is not of %d bytes", length)
	}
	return dst[:head+length], nil
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// isToken tells what names of methods and headers are made of (RFC 9110, section 5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isAlphanumeric(c) && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

// isText tells what the value of a header may be: anything but control characters.
func isText(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
