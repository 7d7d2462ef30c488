package cache

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
)

// Purge names what to forget of a tenant: all, or what carries one of the tags.
type Purge struct {
	Tags []string
	All  bool
	Soft bool // keep it as stale content, refreshed at the next request; else it is never served again
}

// Errors of Purge.
var (
	// ErrPending says that a purge holds on this replica, and that the others hear of it as soon as Redis is back.
	ErrPending = errors.New("purged here; the other replicas follow when redis answers")
	// ErrPurge says that a purge names nothing, or more than MaxTags tags.
	ErrPurge = errors.New("a purge names all, or 1 to 128 tags")
)

// Purge forgets what p names of a tenant (or of Shared). When it returns, no Fetch of this replica that starts later
// gets the content, and none on another replica a second later, even when every message is lost. Its cost is that of
// the tags, not of the entries. An error that is ErrPending means that the purge is in force here.
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
	return fmt.Errorf("%w: %w", ErrPending, err)
}
