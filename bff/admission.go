package bff

import (
	"context"

	"atrium/bff/chat"
	"atrium/clients/llm"
)

// The estimate of an answer's tokens when nothing bounds it, and the most that is set aside: a worst case would refuse tenants that have
// most of their budget left.
const (
	usualOutput = 1000
	mostOutput  = 4000
)

// admit holds a generation to its tenant's plan: generations at once, and tokens, of which an estimate is set aside until it ends.
func (s *Server) admit(c *call) chat.Admit {
	tenant := c.runtime.Tenant
	return func(ctx context.Context, a chat.Ask) (chat.Settle, error) {
		release, err := s.limits.Acquire(ctx, tenant.ID, tenant.Plan.Streams)
		if err != nil {
			return nil, err
		}
		output := min(a.Output, mostOutput)
		if output == 0 {
			output = usualOutput
		}
		reserved, err := s.limits.Reserve(ctx, tenant.ID, tenant.Plan.Tokens, a.Input+output)
		if err != nil {
			release()
			return nil, err
		}
		return func(ctx context.Context, used llm.Usage) {
			reserved.Settle(ctx, used.Input+used.Output)
			release()
		}, nil
	}
}
