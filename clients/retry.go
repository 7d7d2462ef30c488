package clients

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

const (
	firstPause    = 50 * time.Millisecond // before the second try; doubled for each further one
	longestPause  = time.Second
	longestAsked  = 30 * time.Second // a Retry-After beyond it is the caller's to wait for
	longestStated = 24 * time.Hour   // of a Retry-After, whatever it says
)

// pause says how long to wait before another try after err, the n-th failure; false when there should be none.
// A wait that the deadline would end is not begun.
func pause(ctx context.Context, err error, n int) (time.Duration, bool) {
	e, ok := errors.AsType[*Error](err)
	if !ok || ctx.Err() != nil || e.Kind != Unreachable && (e.Kind != Status || !isPassing(e.Status)) {
		return 0, false
	}
	wait := backoff(n)
	if e.RetryAfter > 0 {
		wait = e.RetryAfter + rand.N(firstPause)
	}
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
		return 0, false
	}
	return wait, wait <= longestAsked+firstPause
}

// backoff grows with each failure. Its jitter keeps callers that failed together from coming back together.
func backoff(n int) time.Duration {
	wait := min(firstPause<<min(n-1, 10), longestPause)
	return wait/2 + rand.N(wait/2)
}

// sleep waits; false when the context ended first.
func sleep(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// RetryAfter reads the header of that name: seconds, or a date. It is 0 when there is none, when it is not
// understood or past, and at most a day.
func RetryAfter(h http.Header) time.Duration {
	value := h.Get("Retry-After")
	if value == "" {
		return 0
	}
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, longestStated)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(time.Until(at), 0), longestStated)
}
