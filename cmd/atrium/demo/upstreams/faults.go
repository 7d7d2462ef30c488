package upstreams

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// maxDelay bounds what a fault may ask for.
const maxDelay = time.Minute

// A fault makes calls slow, failing, or both.
type fault struct {
	delay  time.Duration
	status int // zero means that the call is answered as ever
	times  int // calls that it still hits; negative means all
}

// faults are those of one upstream, by operation.
type faults struct {
	latency time.Duration
	known   []string // operations; complete before the first call

	mu sync.Mutex
	of map[string]fault
}

func newFaults(latency time.Duration) *faults {
	return &faults{latency: latency, of: map[string]fault{}}
}

// pass waits as the latency and the faults say; false means that the call is answered already, or its caller gone.
func (f *faults) pass(w http.ResponseWriter, r *http.Request, operation string) bool {
	var wait time.Duration
	if f.latency > 0 {
		wait = f.latency/2 + rand.N(f.latency)
	}
	standing := f.take(operation)
	asked, err := parseFault(r.Header.Get("X-Demo-Delay"), r.Header.Get("X-Demo-Status"), "")
	if err != nil {
		badRequest(w, "%v.", err)
		return false
	}
	wait += standing.delay + asked.delay
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			return false
		}
	}
	for _, status := range []int{asked.status, standing.status} {
		if status != 0 {
			problem(w, status, "Asked to fail", "A fault was set for "+operation+".")
			return false
		}
	}
	return true
}

func (f *faults) take(operation string) fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	found, ok := f.of[operation]
	switch {
	case !ok:
		return fault{}
	case found.times == 1:
		delete(f.of, operation)
	case found.times > 1:
		f.of[operation] = fault{found.delay, found.status, found.times - 1}
	}
	return found
}

func (f *faults) put(w http.ResponseWriter, r *http.Request) {
	operation, q := r.PathValue("operation"), r.URL.Query()
	set, err := parseFault(q.Get("delay"), q.Get("status"), q.Get("times"))
	switch {
	case !slices.Contains(f.known, operation):
		notFound(w, "There is "+strings.Join(f.known, ", ")+".")
	case err != nil:
		badRequest(w, "%v.", err)
	default:
		f.mu.Lock()
		f.of[operation] = set
		f.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	}
}

func (f *faults) delete(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	delete(f.of, r.PathValue("operation"))
	f.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

func parseFault(delay, status, times string) (fault, error) {
	f := fault{times: -1}
	var err error
	if delay != "" {
		if f.delay, err = time.ParseDuration(delay); err != nil || f.delay < 0 || f.delay > maxDelay {
			return fault{}, fmt.Errorf("a delay is a duration such as 400ms, at most %v", maxDelay)
		}
	}
	if status != "" {
		if f.status, err = strconv.Atoi(status); err != nil || f.status < 400 || f.status > 599 {
			return fault{}, errors.New("a status is a number from 400 to 599")
		}
	}
	if times != "" {
		if f.times, err = strconv.Atoi(times); err != nil || f.times < 1 {
			return fault{}, errors.New("times is a number from 1")
		}
	}
	return f, nil
}
