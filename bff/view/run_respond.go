package view

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/http"
	"strconv"

	"atrium/bff/expr"
	"atrium/clients/rawjson"
)

// respond makes the response of a run whose steps have ended.
func (r *run) respond(ctx context.Context) (*Result, error) {
	if r.p.usesParts {
		if err := r.p.set(r.frame, r.p.parts, r.parts.AppendJSON(nil)); err != nil {
			return nil, fmt.Errorf("parts: %w", err)
		}
	}
	e := eval{frame: r.frame, env: r.env}
	result := &Result{Parts: r.parts, Degraded: r.parts.Degraded()}
	var err error
	if result.Status, err = e.status(ctx, r.p); err != nil {
		return nil, err
	}
	if result.Header, err = e.header(ctx, r.p.headers); err != nil {
		return nil, err
	}
	if result.Tags, err = e.texts(ctx, r.p.tags); err != nil {
		return nil, fmt.Errorf("tags: %w", err)
	}
	if result.Purges, err = e.texts(ctx, r.p.purges); err != nil {
		return nil, fmt.Errorf("purges: %w", err)
	}
	if err := r.rest(ctx); err != nil {
		return nil, err
	}
	if result.Status == http.StatusNoContent || result.Status == http.StatusNotModified {
		return result, nil
	}
	size := r.p.size.Load()
	body, err := e.run(ctx, r.p.response.ops, make([]byte, 0, size))
	if err != nil {
		return nil, err
	}
	r.p.expect(size, int64(len(body)))
	result.Body = body
	return result, nil
}

// leastBody is what a response's buffer has at least.
const leastBody = 512

// expect remembers how large bodies are: it follows them up at once, with a little room, and down slowly.
func (p *Program) expect(expected, was int64) {
	switch {
	case was > expected:
		p.size.Store(was + was/8)
	case was < expected/2:
		p.size.Store(max(expected-expected/8, leastBody))
	}
}

// status returns the status to answer with.
func (e *eval) status(ctx context.Context, p *Program) (int, error) {
	if p.Status != 0 {
		return p.Status, nil
	}
	raw, err := e.raw(ctx, p.status)
	if err != nil {
		return 0, fmt.Errorf("$status: %w", err)
	}
	status, err := strconv.Atoi(string(raw))
	if err != nil || status < leastStatus || status > greatestStatus {
		return 0, fmt.Errorf("$status wants %d to %d: %w", leastStatus, greatestStatus, errShape)
	}
	return status, nil
}

// What $status may say.
const (
	leastStatus    = 200
	greatestStatus = 599
)

// header evaluates headers; one whose value is null is left out. It returns nil when there are none.
func (e *eval) header(ctx context.Context, hs []header) (http.Header, error) {
	if len(hs) == 0 {
		return nil, nil
	}
	out := make(http.Header, len(hs))
	for i := range hs {
		raw, err := e.raw(ctx, &hs[i].value)
		if err != nil {
			return nil, fmt.Errorf("header %s: %w", hs[i].name, err)
		}
		switch {
		case rawjson.IsNull(raw):
			continue
		case rawjson.Kind(raw) == rawjson.String:
			raw = rawjson.AppendUnquoted(nil, raw)
		}
		out[hs[i].name] = []string{headerText(raw)}
	}
	return out, nil
}

// headerText keeps control characters out of a header: what comes from upstreams and callers must not begin a line.
func headerText(raw []byte) string {
	clean := make([]byte, len(raw))
	for i, c := range raw {
		if c < ' ' && c != '\t' || c == 0x7f {
			c = ' '
		}
		clean[i] = c
	}
	return string(clean)
}

// texts evaluates texts, such as tags; empty ones are left out.
func (e *eval) texts(ctx context.Context, values []*expr.Value) ([]string, error) {
	if len(values) == 0 {
		return nil, nil
	}
	out := make([]string, 0, len(values))
	for _, v := range values {
		text, err := v.AppendText(ctx, nil, e.env)
		if err != nil {
			return nil, err
		}
		if len(text) > 0 {
			out = append(out, string(text))
		}
	}
	return out, nil
}

// appendPart appends a value so that no two sequences of values look alike. Nil and empty differ.
func appendPart(dst, value []byte) []byte {
	if value == nil {
		return append(dst, 0)
	}
	return append(binary.AppendUvarint(dst, uint64(len(value))+1), value...)
}
