package cache

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Policy says how long an answer may be used. Its zero value stores nothing.
type Policy struct {
	TTL            time.Duration // served as fresh
	Stale          time.Duration // after that, served stale while one refresh runs in the background
	StaleIfError   time.Duration // after TTL, served when the upstream fails or is slower than the soft timeout
	Negative       time.Duration // TTL of 404, 405, 410 and 451; zero stores none
	Keep           time.Duration // after TTL, kept for conditional requests only
	MustRevalidate bool          // never served when not fresh
	Tags           []string      // names under which a purge finds it; at most MaxTags
}

// MaxTags bounds the tags of an entry and of a purge; an answer with more is not stored.
const MaxTags = 128

// Entry is an answer in its final bytes. What the cache returns is shared: it must not be modified.
type Entry struct {
	Status       int
	Header       http.Header // as it is sent to a client; nil for none
	Body         []byte
	ETag         string    // strong, of exactly this Body; computed when a fill leaves it empty
	UpstreamETag string    // validators of the upstream, for conditional requests; "" for none
	LastModified string    // likewise
	Stored       time.Time // when it was filled or last confirmed
}

// Answer is what a Fill got. Its zero value is given to the caller alone and not stored.
type Answer struct {
	Entry       Entry         // belongs to the cache once returned
	Policy      *Policy       // what the answer says of itself; nil: the request's policy
	Shareable   bool          // may be given to other callers that asked for the same key
	Store       bool          // may be stored; means nothing unless Shareable
	NotModified bool          // the stale entry still holds; Entry.Header has the fields that changed
	Age         time.Duration // how old it already was
	Also        []Also        // what else is to be stored now, whatever becomes of the answer itself
}

// Also is an entry that a Fill got besides its answer, to be stored under a key of its own as if it had been filled there:
// the answer that a fill found to belong to another key than the one it was asked for. Its key has the request's scope.
type Also struct {
	Key    Key
	Entry  Entry
	Policy Policy
	Age    time.Duration
}

// Fill asks the upstream. The context is not the caller's: it outlives a caller that leaves while others wait, has the
// hard timeout as its deadline, and keeps the caller's values. stale is what is there for a conditional request, or nil.
// An error stands for a failed upstream and lets stale content take its place, unless it is wrapped by Final.
type Fill func(ctx context.Context, stale *Entry) (Answer, error)

// Final marks the error of a Fill as an answer: no stale content stands in for it. Fetch returns err itself.
func Final(err error) error { return &finalError{err} }

type finalError struct{ error }

// Unwrap returns the marked error.
func (e *finalError) Unwrap() error { return e.error }

// Errors of Fetch beyond those of its Fill.
var (
	ErrKey            = errors.New("a cache key without a scope")
	ErrTimeout        = fmt.Errorf("the fill did not end within its hard timeout: %w", context.DeadlineExceeded)
	ErrMustRevalidate = errors.New("the stored answer must not be used unconfirmed") // comes with the fill's error
)

// Request is what Fetch is asked for.
type Request struct {
	Key         Key
	Policy      Policy
	SoftTimeout time.Duration // how long a caller waits while stale content could stand in; zero means 300ms
	HardTimeout time.Duration // of a fill; zero means 30s
	Revalidate  bool          // fresh content is not served before its fill has confirmed or replaced it
}

// State is how an answer came about.
type State uint8

// The states of a Result and of Peek.
const (
	Miss   State = iota // filled for this request, or for another one that this one waited for
	Hit                 // fresh content of the cache
	Stale               // content past its freshness
	Bypass              // not cacheable: filled for this caller alone
)

// String returns the word that explain shows: miss, fresh, stale or bypass.
func (s State) String() string {
	return [...]string{Miss: "miss", Hit: "fresh", Stale: "stale", Bypass: "bypass"}[s]
}

// outcome is the word of metrics and spans.
func (s State) outcome() string {
	return [...]string{Miss: "miss", Hit: "hit", Stale: "stale", Bypass: "bypass"}[s]
}

// Result is an answer and where it comes from.
type Result struct {
	*Entry // never nil without an error

	State  State
	Age    time.Duration // since the upstream made it
	TTL    time.Duration // freshness left; negative when stale, zero when it has none
	Detail string        // a word for operators, "" mostly: swr, sie, soft-timeout, negative, blind, too-large, l2-skip
	Shared bool          // waited for another caller's fill
	Stored bool          // what was filled is now in the cache
	Layer  string        // "memory" or "redis" for content of the cache, else ""
}
