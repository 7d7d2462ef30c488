package bff

import "atrium/bff/limit"

// limit counts the request against its tenant and its client, and says on the answer what is left.
func (s *Server) limit(c *call) error {
	decision := s.limits.Take(c.r.Context(), c.runtime.Tenant.ID, s.limitSubject(c), 1)
	decision.WriteHeaders(c.w.Header())
	return decision.Err()
}

// limitSubject is who a request is counted for: the user, else the API key, else the address.
func (s *Server) limitSubject(c *call) limit.Subject {
	plan := c.runtime.Tenant.Plan
	subject := limit.Subject{Client: c.subject(), Requests: plan.Requests, PerClient: plan.PerClient}
	if subject.Client == "" {
		subject.Client = "address:" + s.trusted.client(c.r).String()
	}
	return subject
}
