package httpcache

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"
	"time"

	"atrium/cache"
	"atrium/clients"
)

// fill asks the upstream for what belongs under the key of these selecting headers.
func (e *exchange) fill(ctx context.Context, names []string, known *cache.Entry) (cache.Answer, error) {
	if recordedNames, ok := recorded(known); ok { // as long as it is used, a record stays
		return cache.Answer{Entry: record(recordedNames), Policy: &recordPolicy, Shareable: true, Store: true}, nil
	}
	up, m, err := e.ask(ctx, known)
	if err != nil {
		return cache.Answer{}, err
	}
	e.hand.note(m.status, known != nil)
	switch {
	case m.status == http.StatusNotModified && known != nil:
		if answer, ok := e.confirmed(names, known, m); ok {
			up.close()
			return answer, nil
		}
		up.close()
		return e.fill(ctx, names, nil)
	case isFailure(m.status):
		e.hand.offer(up)
		return cache.Answer{}, errFailed
	}
	ruling := e.rule(m)
	if !ruling.store || up.ContentLength > MaxBody {
		e.hand.offer(up)
		return cache.Answer{Entry: cache.Entry{Status: m.status}}, nil
	}
	body, whole, err := up.read()
	if err != nil {
		return cache.Answer{}, failure(ctx, &clients.Error{Kind: clients.Contract, Err: err})
	}
	if !whole {
		e.hand.offer(up)
		return cache.Answer{Entry: cache.Entry{Status: m.status}}, nil
	}
	return e.place(names, e.entry(m, body), ruling), nil
}

// place finds the key that an answer belongs under: the one it was asked for, or that of more selecting headers. Then it is
// stored there besides, with the record that leads to it, and this request has it in hand.
func (e *exchange) place(names []string, entry cache.Entry, r ruling) cache.Answer {
	selects, _ := varyNames(entry.Header)
	if covers(names, selects) {
		return cache.Answer{Entry: entry, Policy: &r.policy, Shareable: true, Store: true, Age: r.age}
	}
	e.hand.keep(&held{entry: entry, age: r.age})
	all := union(names, selects)
	if len(all) > maxVary {
		return cache.Answer{Entry: cache.Entry{Status: entry.Status}}
	}
	variant := cache.Also{Key: e.key(all), Entry: entry, Policy: r.policy, Age: r.age}
	if len(names) == 0 {
		return cache.Answer{
			Entry: record(all), Policy: &recordPolicy, Shareable: true, Store: true, Also: []cache.Also{variant},
		}
	}
	wider := cache.Also{Key: e.base, Entry: record(all), Policy: recordPolicy}
	return cache.Answer{Entry: cache.Entry{Status: entry.Status}, Also: []cache.Also{wider, variant}}
}

// rule decides on an answer, and names the tags it is found by.
func (e *exchange) rule(m *message) ruling {
	r := m.rule(e.Personal)
	all, ok := tags(e.Sent.URL, m.header)
	r.policy.Tags, r.store = all, r.store && ok
	return r
}

// confirmed makes the answer of a 304 (RFC 9111, section 4.3.4); false when it is not about what is known, or when it
// changes what selects the answer.
func (e *exchange) confirmed(names []string, known *cache.Entry, m *message) (cache.Answer, bool) {
	if !confirms(known, m.header) {
		return cache.Answer{}, false
	}
	merged := known.Header.Clone()
	updates := m.header.Clone()
	for _, name := range []string{"Content-Length", "Content-Encoding", "Content-Range", "Age"} {
		delete(updates, name)
	}
	if updates.Get("Date") == "" {
		updates.Set("Date", m.received.UTC().Format(http.TimeFormat))
	}
	maps.Copy(merged, updates)
	selects, ok := varyNames(merged)
	if !ok || !covers(names, selects) {
		return cache.Answer{}, false
	}
	whole := *m
	whole.status, whole.header = known.Status, merged.Clone()
	if age, ok := m.header["Age"]; ok {
		whole.header["Age"] = age
	}
	r := e.rule(&whole)
	e.clean(updates)
	return cache.Answer{
		NotModified: true, Shareable: r.store, Store: r.store, Policy: &r.policy, Age: r.age,
		Entry: cache.Entry{
			Header: updates, UpstreamETag: updates.Get("Etag"), LastModified: updates.Get("Last-Modified"),
		},
	}, true
}

// confirms reports whether a 304 speaks of what is known: its validator, if it has one, is the same.
func confirms(known *cache.Entry, h http.Header) bool {
	if tag := h.Get("Etag"); tag != "" {
		return strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(known.UpstreamETag, "W/")
	}
	if modified := h.Get("Last-Modified"); modified != "" {
		return modified == known.LastModified
	}
	return true
}

// isFailure reports whether a status is one of those that stale content may replace (RFC 5861, section 4).
func isFailure(status int) bool {
	switch status {
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// ask sends the request, conditionally when something is known. The answer's body ends with ctx, until it is in hand.
func (e *exchange) ask(ctx context.Context, known *cache.Entry) (*upstreamAnswer, *message, error) {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, cancel)
	out := e.Sent.Clone(own)
	if known != nil {
		if known.UpstreamETag != "" {
			out.Header.Set("If-None-Match", known.UpstreamETag)
		}
		if known.LastModified != "" {
			out.Header.Set("If-Modified-Since", known.LastModified)
		}
	}
	m := &message{sent: time.Now()}
	resp, err := e.RoundTripper.RoundTrip(out) //nolint:bodyclose // whoever the answer goes to closes it
	if err != nil {
		cancel()
		return nil, nil, failure(ctx, err)
	}
	m.status, m.header, m.received = resp.StatusCode, resp.Header, time.Now()
	return &upstreamAnswer{Response: resp, release: stop, cancel: cancel}, m, nil
}

// failure is err, or the timeout of the fill where that caused it.
func failure(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return &clients.Error{Kind: clients.Timeout, Err: context.Cause(ctx)}
	}
	return err
}

// entry is what is kept of an answer.
func (e *exchange) entry(m *message, body []byte) cache.Entry {
	h := m.header.Clone()
	e.clean(h)
	delete(h, "Age")
	delete(h, "Content-Length")
	if h.Get("Date") == "" {
		h.Set("Date", m.received.UTC().Format(http.TimeFormat))
	}
	return cache.Entry{
		Status: m.status, Header: h, Body: body, UpstreamETag: h.Get("Etag"), LastModified: h.Get("Last-Modified"),
	}
}

// hopByHop fields belong to one connection (RFC 9110, section 7.6.1, and RFC 9111, section 3.1).
var hopByHop = []string{
	"Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization",
	"Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

func (e *exchange) clean(h http.Header) {
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			h.Del(strings.Trim(name, " \t"))
		}
	}
	for _, name := range hopByHop {
		delete(h, name)
	}
	e.Clean(h)
}

// upstreamAnswer is an answer whose body is still to be read.
type upstreamAnswer struct {
	*http.Response

	release func() bool // the fill's end ends it no more; false when it has
	cancel  context.CancelFunc
}

func (a *upstreamAnswer) close() {
	_ = a.Body.Close() // read or not, nobody wants the rest
	a.cancel()
}

// read reads the body when it is small enough to keep. Else what was read is before the rest again.
func (a *upstreamAnswer) read() (body []byte, whole bool, err error) {
	body, err = io.ReadAll(io.LimitReader(a.Body, MaxBody+1))
	if err != nil {
		a.close()
		return nil, false, err
	}
	if len(body) <= MaxBody {
		a.close()
		return body, true, nil
	}
	a.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(body), a.Body), a.Body}
	return nil, false, nil
}
