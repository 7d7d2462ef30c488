package view

import "context"

// Foresee returns the calls that a request would make and that need no answer of another one first, by step: what
// explain can know without calling anything. A step whose call cannot be built is left out, and so are each steps.
func (p *Program) Foresee(ctx context.Context, in *Input) map[*Step]*Call {
	f := p.frame()
	defer p.release(f)
	calls := map[*Step]*Call{}
	if p.take(f, in) != nil {
		return calls
	}
	r := &run{frame: f, p: p}
	for _, i := range p.first {
		pl := p.plans[i]
		if pl.fan != nil {
			continue
		}
		e := eval{frame: f, env: r.ownEnv(nil)}
		if call, err := e.call(ctx, pl); err == nil {
			calls[pl.step] = call
		}
	}
	return calls
}
