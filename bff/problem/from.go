package problem

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"atrium/bff/limit"
	"atrium/bff/view"
	"atrium/clients"
	"atrium/tenants"
)

// From is the table of errors and their answers. Its result's cause is err; an error that it does not know is internal.
func From(err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	if exceeded, ok := errors.AsType[*limit.Exceeded](err); ok {
		return fromLimit(exceeded)
	}
	if step, ok := errors.AsType[*view.StepError](err); ok {
		return fromStep(step).Because(err)
	}
	if call, ok := errors.AsType[*clients.Error](err); ok {
		return fromCall(call, call.Status == http.StatusTooManyRequests).Because(err)
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return New(http.StatusRequestEntityTooLarge, "payload-too-large",
			"The body is larger than the %d bytes allowed here.", tooLarge.Limit).Because(err)
	}
	switch {
	case errors.Is(err, tenants.ErrUnknownTenant):
		return New(http.StatusNotFound, "unknown-tenant", "No tenant answers here. Call a tenant's host, or name it in X-Tenant.")
	case errors.Is(err, tenants.ErrTenantMismatch):
		return New(http.StatusBadRequest, "tenant-mismatch", "The host names one tenant and X-Tenant another.")
	case errors.Is(err, context.DeadlineExceeded):
		return New(http.StatusGatewayTimeout, "timeout", "The answer took too long.").Because(err)
	}
	return New(http.StatusInternalServerError, "internal", "Something went wrong here.").Because(err)
}

// OfUpstream reports whether an error came from an upstream.
func OfUpstream(err error) bool {
	_, ok := errors.AsType[*clients.Error](err)
	return ok
}

func fromLimit(e *limit.Exceeded) *Problem {
	p := New(http.StatusTooManyRequests, e.Code, "The limit is reached: %s. Try again later.", e.Limit())
	p.RetryAfter = e.RetryAfter
	return p.Because(e)
}

// fromStep follows the status rules for views: the step knows its status, and what of the upstream's words may be shown.
func fromStep(e *view.StepError) *Problem {
	call, ok := errors.AsType[*clients.Error](e.Err)
	if !ok {
		call = &clients.Error{Kind: clients.Contract}
		if errors.Is(e.Err, context.DeadlineExceeded) {
			call.Kind = clients.Timeout
		}
	}
	p := fromCall(call, false)
	if status := e.Status(); status != p.Status {
		p.Status, p.Code = status, StatusCode(status)
	}
	p.Detail = "The answer could not be made."
	if e.Step != "" {
		p.Detail = "Step " + e.Step + ": " + reason(call, p.Status)
	}
	p.RetryAfter = e.RetryAfter()
	if said := e.Problem(); said != nil {
		quote(p, said)
	}
	p.Header = http.Header{}
	if len(e.Parts) > 0 {
		p.Header.Set("Atrium-Parts", e.Parts.Header())
	}
	return p
}

// quote takes over the detail and the errors that an upstream gave for what the caller sent.
func quote(p *Problem, body []byte) {
	var said struct {
		Detail  string   `json:"detail"`
		Message string   `json:"message"`
		Errors  []Detail `json:"errors"`
	}
	if json.Unmarshal(body, &said) != nil {
		return
	}
	switch {
	case said.Detail != "":
		p.Detail = said.Detail
	case said.Message != "":
		p.Detail = said.Message
	}
	p.Errors = said.Errors
}

func fromCall(e *clients.Error, keepLimit bool) *Problem {
	var p *Problem
	switch e.Kind {
	case clients.Timeout:
		p = New(http.StatusGatewayTimeout, "upstream-timeout", "")
	case clients.Overloaded:
		p = New(http.StatusServiceUnavailable, "overloaded", "")
	case clients.Address:
		p = New(http.StatusBadGateway, "upstream-address", "")
	case clients.Contract, clients.TooLarge:
		p = New(http.StatusBadGateway, "upstream-contract", "")
	case clients.Canceled:
		p = New(statusClientGone, "client-gone", "")
	case clients.Status:
		p = New(http.StatusBadGateway, "upstream-failed", "")
		if keepLimit {
			p = New(http.StatusTooManyRequests, "upstream-limited", "")
		}
	case clients.Unreachable, clients.Open, clients.Request:
		p = New(http.StatusBadGateway, "upstream-failed", "")
	}
	p.Detail = "The upstream: " + reason(e, p.Status)
	p.RetryAfter = e.RetryAfter
	return p
}

// statusClientGone is for the log; nothing is written to a client that has left.
const statusClientGone = 499

// reason is what a client may know of a failed call.
func reason(e *clients.Error, status int) string {
	switch e.Kind {
	case clients.Timeout:
		return "no answer in time."
	case clients.Overloaded:
		return "too many calls at once."
	case clients.Contract:
		return "the answer was not what was promised."
	case clients.TooLarge:
		return "the answer was too large."
	case clients.Address:
		return "its address may not be called."
	case clients.Unreachable, clients.Open, clients.Canceled:
		return "it cannot be reached."
	case clients.Request:
		return "it cannot be called with these values."
	case clients.Status:
	}
	switch status {
	case http.StatusNotFound, http.StatusGone:
		return "there is no such thing."
	case http.StatusUnauthorized, http.StatusForbidden:
		return "your credential was refused."
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return "it is busy."
	case http.StatusBadRequest, http.StatusConflict, http.StatusUnprocessableEntity:
		return "it refused what was sent."
	}
	return "it answered with an error."
}

// StatusCode is the code of a problem whose status is the upstream's own.
func StatusCode(status int) string {
	switch status {
	case http.StatusNotFound:
		return "not-found"
	case http.StatusGone:
		return "gone"
	case http.StatusUnauthorized:
		return "unauthorized"
	case http.StatusForbidden:
		return "forbidden"
	case http.StatusServiceUnavailable:
		return "upstream-limited"
	case http.StatusBadRequest, http.StatusConflict, http.StatusUnprocessableEntity:
		return "upstream-refused"
	}
	return "upstream-failed"
}
