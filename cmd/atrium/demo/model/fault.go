package model

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// A fault is the script a request asks for; the zero fault is none.
type fault struct {
	name string
	n    int // the number after @, else the script's default
}

// defaultOf returns the number of a script that takes one when it is not given.
func defaultOf(name string) int {
	switch name {
	case "error":
		return 2
	case "error-status":
		return http.StatusTooManyRequests
	case "comment-flood":
		return 1000
	case "long-line":
		return 1 << 20
	default:
		return 0
	}
}

// Faults lists the fault scripts in the order in which the package documents them.
func Faults() []string {
	return []string{
		"stall", "stall-first", "stall-connect", "truncate", "error", "error-first", "error-status", "malformed",
		"comment-flood", "long-line", "html", "slow", "reset", "event-lines", "no-done", "no-finish", "no-usage",
		"tool-loop",
	}
}

var faultIn = regexp.MustCompile(`\s*\[fault ([a-z-]+(?:@\d+)?)\]\s*`)

// faultOf finds the script a request asks for, and the question without it.
func faultOf(r *http.Request, model, question string) (fault, string) {
	name := r.Header.Get("X-Demo-Fault")
	if _, after, ok := strings.Cut(model, ":"); ok && name == "" {
		name = after
	}
	if m := faultIn.FindStringSubmatch(question); m != nil {
		question = strings.TrimSpace(faultIn.ReplaceAllString(question, " "))
		if name == "" {
			name = m[1]
		}
	}
	name, number, _ := strings.Cut(name, "@")
	f := fault{name: name, n: defaultOf(name)}
	if n, err := strconv.Atoi(number); err == nil {
		f.n = n
	}
	return f, question
}

// beforeAnswer plays the scripts that take effect before any answer is made; true means that the request is done.
func (f fault) beforeAnswer(w http.ResponseWriter, r *http.Request) bool {
	switch f.name {
	case "stall-connect":
		<-r.Context().Done()
	case "error-status":
		f.writeStatus(w)
	case "html":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte("<!doctype html><title>Sign in</title><p>Please sign in to continue.</p>\n"))
	default:
		return false
	}
	return true
}

// insteadOfWhole plays the scripts that break an answer that does not stream; true means that the request is done.
func (f fault) insteadOfWhole(w http.ResponseWriter, r *http.Request) bool {
	switch f.name {
	case "stall", "stall-first":
		<-r.Context().Done()
	case "error", "error-first", "event-lines":
		fault{n: http.StatusInternalServerError}.writeStatus(w)
	case "truncate", "malformed":
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"id":"chatcmpl-broken","choices":[{"message":{"content":"oops`))
	case "reset":
		resetConnection(w)
	default:
		return false
	}
	return true
}

func (f fault) writeStatus(w http.ResponseWriter) {
	status := f.n
	if status < 400 || status > 599 {
		status = http.StatusInternalServerError
	}
	e := newError("The demo model was asked to answer with this status.", "server_error", "demo_status")
	switch status {
	case http.StatusTooManyRequests:
		e = newError("Rate limit reached for the demo model. Please try again in 7s.", "requests", "rate_limit_exceeded")
		w.Header().Set("Retry-After", "7")
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "7")
	}
	writeJSON(w, status, e)
}
