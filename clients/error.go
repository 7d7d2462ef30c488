package clients

import (
	"fmt"
	"time"
)

// Kind says how an upstream call failed.
type Kind uint8

// The kinds of failure.
const (
	Unreachable Kind = iota // no connection, or it broke before a whole answer came
	Timeout                 // the call's deadline passed
	Canceled                // the caller gave up
	Status                  // the upstream answered with an error status: see Error.Status
	Contract                // the answer is not what was promised: not JSON, truncated, of a wrong type
	TooLarge                // the answer exceeds its bound
	Open                    // the circuit breaker is open; no call was made
	Overloaded              // the tenant's share of the upstream stayed full until the deadline
	Address                 // the address guard refused the upstream's address
	Request                 // the call could not be built from its arguments; no call was made
)

// Error is the one error of every outbound call. Its text is the operator's: it names upstream, operation and cause and
// is never shown to a client.
type Error struct {
	Kind       Kind
	Upstream   string
	Operation  string
	Status     int           // of the upstream's answer; 0 when there was none
	RetryAfter time.Duration // as the upstream asked; 0 when it did not
	Problem    []byte        // the JSON body of an error status, at most 64 KiB; nil when there is none
	Forwarded  bool          // the call carried the user's own credential
	Err        error         // the cause; nil for a plain status
}

// Error implements error.
func (e *Error) Error() string {
	s := fmt.Sprintf("%s.%s: %s", e.Upstream, e.Operation, e.Kind)
	if e.Status != 0 {
		s += fmt.Sprintf(" %d", e.Status)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// String names the kind as it appears in logs and on spans (error.type).
func (k Kind) String() string {
	return [...]string{
		"unreachable", "timeout", "canceled", "status", "contract", "too_large", "open", "overloaded", "address", "request",
	}[k]
}
