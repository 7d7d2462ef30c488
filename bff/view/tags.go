package view

import (
	"context"
	"fmt"

	"atrium/bff/expr"
)

// Tags returns the tags of the route's cache entry, before anything is called: a cache must know them when it starts to fill, or a
// purge that comes meanwhile would be lost.
func (p *Program) Tags(ctx context.Context, in *Input) ([]string, error) {
	if len(p.tags) == 0 {
		return nil, nil
	}
	env := make(expr.Env, p.slots)
	copy(env, in.env)
	tags, err := (&eval{env: env}).texts(ctx, p.tags)
	if err != nil {
		return nil, fmt.Errorf("tags: %w", err)
	}
	return tags, nil
}
