package limit

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"atrium/tenants/document"
)

// The codes of an Exceeded.
const (
	CodeRequests = "limit-requests" // the tenant's requests
	CodeClient   = "limit-client"   // one client's requests
	CodeTokens   = "limit-tokens"   // the tenant's model tokens
	CodeStreams  = "limit-streams"  // the tenant's generations at once
)

// A Limit is one rate and what is left of it.
type Limit struct {
	Name      string        // "tenant" or "client"; with its window in seconds, "tenant-60", where several of a kind exist
	Quota     int64         // how many in a window
	Window    time.Duration // its length
	Remaining int64         // how many more fit, never negative
	Reset     time.Time     // when the window ends
}

// A Decision tells whether a request may pass, with every limit that was asked. Its zero value allows: nothing limits.
type Decision struct {
	Allowed bool
	Code    string  // "" when allowed, else CodeRequests or CodeClient
	Limits  []Limit // the tenant's, then the client's, each in the order of the plan
	Local   bool    // decided by this replica alone, because Redis did not answer
	refused int     // index of the limit that refused; -1 when allowed
	now     time.Time
}

// Err returns *Exceeded when the request may not pass, else nil.
func (d Decision) Err() error {
	if d.Allowed {
		return nil
	}
	l := d.Limits[d.refused]
	return &Exceeded{
		Code: d.Code, RetryAfter: max(l.Reset.Sub(d.now), 0), Decision: d,
		what: fmt.Sprintf("%s requests per %s", document.Rate{Quota: l.Quota, Window: l.Window}, l.Name),
	}
}

// WriteHeaders sets RateLimit, RateLimit-Policy and X-RateLimit-Limit, -Remaining and -Reset (Unix seconds) of the
// tightest limit; when refused also Retry-After. It sets nothing when there are no limits.
func (d Decision) WriteHeaders(h http.Header) {
	if len(d.Limits) == 0 {
		return
	}
	left, policy := make([]byte, 0, 96), make([]byte, 0, 96)
	for i, l := range d.Limits {
		if i > 0 {
			left, policy = append(left, ", "...), append(policy, ", "...)
		}
		left = strconv.AppendQuote(left, l.Name)
		left = strconv.AppendInt(append(left, ";r="...), l.Remaining, 10)
		left = strconv.AppendInt(append(left, ";t="...), d.seconds(l), 10)
		policy = strconv.AppendQuote(policy, l.Name)
		policy = strconv.AppendInt(append(policy, ";q="...), l.Quota, 10)
		policy = strconv.AppendInt(append(policy, ";w="...), ceilSeconds(l.Window), 10)
	}
	t := d.tightest()
	h["Ratelimit"] = []string{string(left)}
	h["Ratelimit-Policy"] = []string{string(policy)}
	h["X-Ratelimit-Limit"] = []string{strconv.FormatInt(t.Quota, 10)}
	h["X-Ratelimit-Remaining"] = []string{strconv.FormatInt(t.Remaining, 10)}
	h["X-Ratelimit-Reset"] = []string{strconv.FormatInt(d.now.Unix()+d.seconds(t), 10)}
	if !d.Allowed {
		h["Retry-After"] = []string{strconv.FormatInt(d.seconds(t), 10)}
	}
}

// tightest is the limit that refused, else the one with the fewest left, and of those the one that takes longest.
func (d Decision) tightest() Limit {
	if !d.Allowed {
		return d.Limits[d.refused]
	}
	best := d.Limits[0]
	for _, l := range d.Limits[1:] {
		if l.Remaining < best.Remaining || (l.Remaining == best.Remaining && l.Reset.After(best.Reset)) {
			best = l
		}
	}
	return best
}

// seconds until the limit's window ends, rounded up: who waits that long is not refused for having come too early.
func (d Decision) seconds(l Limit) int64 {
	return min(max(ceilSeconds(l.Reset.Sub(d.now)), 0), ceilSeconds(l.Window))
}

func ceilSeconds(d time.Duration) int64 { return int64((d + time.Second - 1) / time.Second) }

// Exceeded is the error of everything that a limit refuses.
type Exceeded struct {
	Code       string        // CodeRequests, CodeClient, CodeTokens or CodeStreams
	RetryAfter time.Duration // when trying again can help; zero when waiting cannot help
	Decision   Decision      // of requests; else the zero value

	what string
}

// Error implements error. It names the limit and no client.
func (e *Exceeded) Error() string { return e.Code + ": " + e.what }

// Limit says in words which limit is reached, such as "600/1m requests per tenant". It may be shown to a client.
func (e *Exceeded) Limit() string { return e.what }
