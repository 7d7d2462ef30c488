package rest

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"atrium/clients"
	"atrium/clients/rawjson"
)

const (
	maxProblem  = 64 << 10 // bytes of an error's body that are kept
	firstBuffer = 4 << 10

	trustedLength = 1 << 20 // of a promised length, what is set aside before it came
)

// refusal makes an error of an answer that is no 2xx. Its body is kept when it is JSON of a sane size.
func refusal(resp *http.Response) *clients.Error {
	e := &clients.Error{
		Kind: clients.Status, Status: resp.StatusCode, RetryAfter: clients.RetryAfter(resp.Header),
	}
	if !isJSON(resp.Header.Get("Content-Type")) {
		return e
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxProblem+1))
	if text = bytes.TrimSpace(text); err == nil && len(text) <= maxProblem && rawjson.Valid(text) == nil {
		e.Problem = text
	}
	return e
}

// content reads an answer: valid JSON of at most limit bytes, "null" when it has no body.
func content(ctx context.Context, resp *http.Response, limit int64) ([]byte, error) {
	if resp.StatusCode == http.StatusNoContent || resp.Body == http.NoBody || resp.ContentLength == 0 {
		return []byte("null"), nil
	}
	if resp.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	media := resp.Header.Get("Content-Type")
	if media != "" && !isJSON(media) {
		return nil, &clients.Error{Kind: clients.Contract, Err: fmt.Errorf("want JSON, found %.100q", media)}
	}
	text, err := readAll(resp, limit)
	if err != nil {
		return nil, broken(ctx, err)
	}
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\ufeff")))
	if len(text) == 0 {
		return []byte("null"), nil
	}
	if err := rawjson.Valid(text); err != nil {
		return nil, &clients.Error{Kind: clients.Contract, Err: err}
	}
	return text, nil
}

func tooLarge(limit int64) *clients.Error {
	return &clients.Error{Kind: clients.TooLarge, Err: fmt.Errorf("the answer has more than %d bytes", limit)}
}

// readAll reads a body into one piece of memory where its length is known.
func readAll(resp *http.Response, limit int64) ([]byte, error) {
	size := min(resp.ContentLength, trustedLength)
	if size < 0 {
		size = firstBuffer
	}
	text := make([]byte, 0, size+1) // one more, so that the end is seen without growing
	for {
		n, err := resp.Body.Read(text[len(text):cap(text)])
		text = text[:len(text)+n]
		switch {
		case int64(len(text)) > limit:
			return nil, tooLarge(limit)
		case errors.Is(err, io.EOF):
			return text, nil
		case err != nil:
			return nil, err
		}
		if len(text) == cap(text) {
			text = append(text, 0)[:len(text)]
		}
	}
}

// broken explains why an answer ended early. What the upstream sent wrong is told from what got lost on the way.
func broken(ctx context.Context, err error) *clients.Error {
	_, corrupt := errors.AsType[flate.CorruptInputError](err)
	if corrupt || errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) {
		return &clients.Error{Kind: clients.Contract, Err: fmt.Errorf("decompress the answer: %w", err)}
	}
	return clients.Classify(ctx, fmt.Errorf("read the answer: %w", err))
}
