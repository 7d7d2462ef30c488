package view

import (
	"context"
	"errors"
	"net/http"
	"time"

	"atrium/clients"
)

// A StepError is why a view could not be answered. Its text is the operator's; a client sees Status, RetryAfter and
// Problem, which follow the rules for views.
type StepError struct {
	Step           string // "" when the steps are done and the response could not be made
	Err            error  // usually wraps a *clients.Error
	UserCredential bool   // the call carried the user's own credential
	Write          bool   // the call was a write
	Parts          Parts  // how the steps had gone by then
}

// Error implements error.
func (e *StepError) Error() string {
	if e.Step == "" {
		return "response: " + e.Err.Error()
	}
	return "step " + e.Step + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *StepError) Unwrap() error { return e.Err }

// Status returns the status that the failure gives a view:
// 404 and 410 stay, so do 400, 409 and 422 of a write, and 401 and 403 of the user's own credential;
// 429 and a full bulkhead are 503, a timeout is 504, a client that left is 499, and the rest is 502.
func (e *StepError) Status() int {
	c, ok := errors.AsType[*clients.Error](e.Err)
	switch {
	case !ok && errors.Is(e.Err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	case !ok && errors.Is(e.Err, context.Canceled):
		return statusClientClosed
	case !ok:
		return http.StatusBadGateway
	}
	switch c.Kind {
	case clients.Status:
		return e.upstreamStatus(c.Status)
	case clients.Timeout:
		return http.StatusGatewayTimeout
	case clients.Overloaded:
		return http.StatusServiceUnavailable
	case clients.Canceled:
		return statusClientClosed
	case clients.Unreachable, clients.Contract, clients.TooLarge, clients.Open, clients.Address, clients.Request:
	}
	return http.StatusBadGateway
}

// statusClientClosed is what logs say of a client that left; nothing is written.
const statusClientClosed = 499

func (e *StepError) upstreamStatus(status int) int {
	switch status {
	case http.StatusNotFound, http.StatusGone:
		return status
	case http.StatusBadRequest, http.StatusConflict, http.StatusUnprocessableEntity:
		if e.Write {
			return status
		}
	case http.StatusUnauthorized, http.StatusForbidden:
		if e.UserCredential {
			return status
		}
	case http.StatusTooManyRequests:
		return http.StatusServiceUnavailable
	}
	return http.StatusBadGateway
}

// RetryAfter returns how long the upstream asked to be left alone, a second when it did not say, where Status says 503;
// 0 otherwise.
func (e *StepError) RetryAfter() time.Duration {
	c, ok := errors.AsType[*clients.Error](e.Err)
	if !ok || e.Status() != http.StatusServiceUnavailable {
		return 0
	}
	return max(c.RetryAfter, time.Second)
}

// Problem returns the upstream's own problem or JSON body, where it may be shown: when a write was refused for what
// the caller sent. It returns nil otherwise.
func (e *StepError) Problem() []byte {
	c, ok := errors.AsType[*clients.Error](e.Err)
	if !ok || c.Kind != clients.Status || !e.Write {
		return nil
	}
	switch c.Status {
	case http.StatusBadRequest, http.StatusConflict, http.StatusUnprocessableEntity:
		return c.Problem
	}
	return nil
}
