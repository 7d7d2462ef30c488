package proxy

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"atrium/bff/problem"
)

// small is the size up to which a body is read before it is sent: an upstream that answers early can then cut no stream.
const small = 64 << 10

// body bounds the request's body and holds it to the content types of the route.
func (p *Proxy) body(w http.ResponseWriter, r *http.Request, t *Target) (io.ReadCloser, error) {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return http.NoBody, nil
	}
	most := p.maxBody
	if most == 0 {
		most = t.MaxBody
	}
	if most > 0 && r.ContentLength > most {
		return nil, problem.New(http.StatusRequestEntityTooLarge, "payload-too-large",
			"The body is larger than the %d bytes allowed here.", most)
	}
	body := r.Body
	if most > 0 {
		body = http.MaxBytesReader(w, body, most)
	}
	body = &steady{ReadCloser: body, control: http.NewResponseController(w)}
	body, err := p.sniff(body, r.Header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	if r.ContentLength < 0 || r.ContentLength > small {
		return body, nil
	}
	whole, err := io.ReadAll(body)
	if err != nil {
		return nil, problem.New(http.StatusBadRequest, "invalid-request", "The body could not be read.").Because(err)
	}
	return io.NopCloser(bytes.NewReader(whole)), nil
}

// steady moves the read deadline on as a body makes progress.
type steady struct {
	io.ReadCloser

	control *http.ResponseController
}

func (s *steady) Read(b []byte) (int, error) {
	_ = s.control.SetReadDeadline(time.Now().Add(stuckAfter)) // not every writer has deadlines
	return s.ReadCloser.Read(b)
}

// sniff compares what the body says it is, and what it looks like, with what the route takes.
func (p *Proxy) sniff(body io.ReadCloser, declared string) (io.ReadCloser, error) {
	if len(p.contentTypes) == 0 {
		return body, nil
	}
	if !matches(p.contentTypes, declared) {
		return nil, unsupported(p.contentTypes)
	}
	head := make([]byte, sniffLength)
	n, err := io.ReadFull(body, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, problem.New(http.StatusBadRequest, "invalid-request", "The body could not be read.").Because(err)
	}
	if !looksLike(p.contentTypes, head[:n]) {
		return nil, unsupported(p.contentTypes)
	}
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head[:n]), body), body}, nil
}

func unsupported(types []string) error {
	return problem.New(http.StatusUnsupportedMediaType, "unsupported-media-type",
		"This route takes bodies of type %s.", strings.Join(types, ", "))
}
