package cache

import (
	"context"
	"errors"
	"log/slog"
	"slices"
)

// Purge names what to forget of a tenant: all, or what carries one of the tags.
type Purge struct {
	Tags []string
	All  bool
	Soft bool // keep it as stale content, refreshed at the next request; else it is never served again
}

// ErrPurge says that a purge names nothing, or too much.
var ErrPurge = errors.New("a purge names a tenant, and all or 1 to 128 tags")

// Purge forgets what p names of a tenant (or of Shared). When it returns, no Fetch of this replica that starts later
// gets the content, and none on another replica a second later, even when every message is lost. Its cost is that of
// the tags, not of the entries. While Redis does not answer (Up is false), the purge holds here at once, and elsewhere as
// soon as Redis is back. The only error is ErrPurge.
func (c *Cache) Purge(ctx context.Context, tenant string, p Purge) error {
	if tenant == "" || p.All == (len(p.Tags) > 0) || len(p.Tags) > MaxTags {
		return ErrPurge
	}
	fields := []uint16{fieldAll}
	if !p.All {
		if fields = fieldsOf(p.Tags); fields[0] == fieldAll {
			fields = slices.Delete(fields, 0, 1)
		}
	}
	sp := c.space(tenant)
	ch, err := c.ledger.bump(ctx, tenant, fields, p.Soft)
	c.seen.purges.Add(1)
	if err == nil {
		sp.apply(ch)
		return nil
	}
	sp.vector.owe(fields, p.Soft, c.tick)
	c.opts.Log.WarnContext(ctx, "a purge waits for redis", slog.String("tenant", tenant), slog.String("error", err.Error()))
	return nil
}
