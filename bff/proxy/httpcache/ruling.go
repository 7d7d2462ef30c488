package httpcache

import (
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"atrium/cache"
)

const (
	keep        = 24 * time.Hour       // for conditional requests, after it was fresh
	maxLifetime = 365 * 24 * time.Hour // of anything
	maxNegative = 10 * time.Second     // of 404, 405, 410 and 451
)

// A message is an answer's head, and when it was asked for and came.
type message struct {
	status         int
	header         http.Header
	sent, received time.Time
}

// A ruling is what may be done with an answer.
type ruling struct {
	store  bool
	policy cache.Policy
	age    time.Duration
}

// rule applies RFC 9111, sections 3 and 4.2. personal: a credential of the client reached the upstream.
func (m *message) rule(personal bool) ruling {
	d, isTargeted := responseDirectives(m.header)
	if !m.storable() || d.has("no-store") || d.has("private") || (personal && !m.shared(d)) {
		return ruling{}
	}
	lifetime, explicit := m.lifetime(d, isTargeted)
	if !explicit && !d.has("no-cache") {
		return ruling{} // heuristic freshness is off
	}
	p := cache.Policy{TTL: min(lifetime, maxLifetime), Negative: min(lifetime, maxNegative)}
	if m.header.Get("Etag") != "" || m.header.Get("Last-Modified") != "" {
		p.Keep = keep
	}
	p.MustRevalidate = d.has("must-revalidate") || d.has("proxy-revalidate") || d.has("s-maxage") || d.has("no-cache")
	if d.has("no-cache") {
		p.TTL, p.Negative = 0, 0
	}
	if !p.MustRevalidate {
		p.Stale, p.StaleIfError = m.staleness(d)
	}
	age := m.age()
	return ruling{store: p.Keep > 0 || p.TTL+max(p.Stale, p.StaleIfError) > age, policy: p, age: age}
}

// storable reports whether the kind of answer is one that is kept.
func (m *message) storable() bool {
	switch m.status {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGone, http.StatusUnavailableForLegalReasons:
	case http.StatusPartialContent, http.StatusNotModified:
		return false
	default:
		if m.status < http.StatusOK || m.status >= http.StatusBadRequest {
			return false
		}
	}
	names, ok := varyNames(m.header)
	return ok && len(names) <= maxVary && len(m.header["Set-Cookie"]) == 0 && !isEventStream(m.header.Get("Content-Type"))
}

// shared reports whether an answer to a request with a credential may be given to others (RFC 9111, section 3.5).
func (m *message) shared(d directives) bool {
	names, _ := varyNames(m.header)
	for _, name := range Credentials {
		if slices.Contains(names, name) {
			return false
		}
	}
	return d.has("public") || d.has("s-maxage") || d.has("must-revalidate")
}

// lifetime follows RFC 9111, section 4.2.1, without heuristics. What is there and cannot be understood is not fresh.
func (m *message) lifetime(d directives, isTargeted bool) (t time.Duration, explicit bool) {
	if t, ok := d.seconds("s-maxage"); ok {
		return t, true
	}
	if t, ok := d.seconds("max-age"); ok {
		return t, true
	}
	lines := m.header["Expires"]
	if isTargeted || len(lines) == 0 {
		return 0, false
	}
	expires, err := http.ParseTime(lines[0])
	if err != nil || slices.ContainsFunc(lines, func(l string) bool { return l != lines[0] }) {
		return 0, true
	}
	return max(expires.Sub(m.date()), 0), true
}

// staleness follows RFC 5861.
func (m *message) staleness(d directives) (whileRevalidate, ifError time.Duration) {
	whileRevalidate, _ = d.seconds("stale-while-revalidate")
	ifError, _ = d.seconds("stale-if-error")
	return min(whileRevalidate, maxLifetime), min(ifError, maxLifetime)
}

func (m *message) date() time.Time {
	if date, err := http.ParseTime(m.header.Get("Date")); err == nil {
		return date
	}
	return m.received
}

// age is the corrected initial age of RFC 9111, section 4.2.3. (Date has whole seconds: a part of one is no age.)
func (m *message) age() time.Duration {
	first, _ := cutMember(m.header.Get("Age"))
	said := deltaSeconds(strings.Trim(first, " \t"))
	apparent := m.received.Truncate(time.Second).Sub(m.date())
	return max(apparent, said+m.received.Sub(m.sent), 0)
}

func isEventStream(contentType string) bool {
	base, _, _ := mime.ParseMediaType(contentType)
	return base == "text/event-stream"
}
