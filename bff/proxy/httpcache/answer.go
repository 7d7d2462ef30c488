package httpcache

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"atrium/bff/problem"
	"atrium/cache"
)

// answer writes what came of the request, or returns why nothing did.
func (e *exchange) answer(w http.ResponseWriter, result cache.Result, err error) error {
	cached := err == nil && (result.State == cache.Hit || result.State == cache.Stale)
	stream, whole := e.hand.take()
	if stream != nil {
		defer stream.close()
	}
	switch {
	case stream != nil && !cached && (err == nil || errors.Is(err, errFailed)):
		return e.Pass(&replay{answer: stream, client: e.client}, e.forwarded())
	case errors.Is(err, errFailed): // another request's answer: this one has to ask for its own
		return e.Pass(nil, e.forwarded())
	case errors.Is(err, cache.ErrMustRevalidate):
		return problem.New(http.StatusGatewayTimeout, "upstream-unreachable",
			"The upstream cannot be reached, and what is kept must not be used without its word.").Because(err)
	case err != nil:
		return err
	case whole != nil && !cached:
		write(w, e.client, &whole.entry, whole.age, e.forwarded()+"; stored")
	case cached:
		write(w, e.client, result.Entry, max(result.Age, time.Nanosecond), result.CacheStatus(e.cache.name))
	default:
		status := e.forwarded()
		if result.Shared {
			status += "; collapsed"
		}
		if result.Stored {
			status += "; stored"
		}
		write(w, e.client, result.Entry, result.Age, status)
	}
	return nil
}

// forwarded is the member of Cache-Status for an answer of the upstream.
func (e *exchange) forwarded() string {
	status, stale := e.hand.noted()
	why := "uri-miss"
	switch {
	case e.wishes.revalidate:
		why = "request"
	case stale:
		why = "stale"
	}
	text := e.cache.name + "; fwd=" + why
	if status != 0 {
		text += "; fwd-status=" + strconv.Itoa(status)
	}
	return text
}

// write sends an entry, or 304 where the client has it already. An age of zero is that of an answer just made.
func write(w http.ResponseWriter, r *http.Request, e *cache.Entry, age time.Duration, cacheStatus string) {
	h := w.Header()
	for name, values := range e.Header {
		h[name] = append(slices.Clip(h[name]), values...)
	}
	h.Add("Cache-Status", cacheStatus)
	if age >= time.Second || strings.Contains(cacheStatus, "; hit") {
		h.Set("Age", strconv.FormatInt(int64(age/time.Second), 10))
	}
	if e.Status == http.StatusOK && unchanged(r, e.Header) {
		stripContent(h)
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if e.Status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(len(e.Body)))
	}
	w.WriteHeader(e.Status)
	if r.Method != http.MethodHead && len(e.Body) > 0 {
		_, _ = w.Write(e.Body) // a client that has gone needs no answer
	}
}

// unchanged evaluates the client's conditions (RFC 9110, section 13.2.2) against an answer with status 200.
func unchanged(r *http.Request, h http.Header) bool {
	if lines, ok := r.Header["If-None-Match"]; ok {
		return matches(lines, h.Get("Etag"))
	}
	since, err := http.ParseTime(r.Header.Get("If-Modified-Since"))
	if err != nil {
		return false
	}
	modified, err := http.ParseTime(h.Get("Last-Modified"))
	return err == nil && !modified.After(since)
}

// matches compares entity tags weakly (RFC 9110, section 8.8.3.2).
func matches(lines []string, tag string) bool {
	for _, line := range lines {
		for line != "" {
			var member string
			member, line = cutMember(line)
			switch member = strings.Trim(member, " \t"); {
			case member == "*":
				return true
			case tag != "" && strings.TrimPrefix(member, "W/") == strings.TrimPrefix(tag, "W/"):
				return true
			}
		}
	}
	return false
}

// stripContent takes away what describes the body that a 304 does not have (RFC 9110, section 15.4.5).
func stripContent(h http.Header) {
	for _, name := range []string{"Content-Type", "Content-Length", "Content-Encoding", "Content-Language", "Content-Range"} {
		delete(h, name)
	}
}
