package fleet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"atrium/bff/chat"
	"atrium/cache"
)

const (
	budget     = 250 * time.Millisecond // of a call; none is on the way of a token
	pageSize   = 16                     // entries of one read
	maxEntries = 1000                   // of a record that nobody numbers, about
	field      = "e"
)

// A Redis is a chat.Shared in a Redis, 6.2 or later.
type Redis struct{ guard *cache.Guard }

var _ chat.Shared = (*Redis)(nil)

// NewRedis returns one. The client stays the caller's; close the Redis before it.
func NewRedis(client redis.UniversalClient, log *slog.Logger) *Redis {
	return &Redis{guard: cache.NewGuard(client, cache.GuardOptions{Budget: budget, Log: log})}
}

// Close stops looking for a Redis that went away.
func (r *Redis) Close() { r.guard.Close() }

func key(n chat.Name) string { return "b1:{" + string(n.Tenant) + "}:gen:" + n.Of }

// Append implements chat.Shared.
func (r *Redis) Append(ctx context.Context, n chat.Name, seq int64, entry []byte, life time.Duration) error {
	args := &redis.XAddArgs{Stream: key(n), Values: []any{field, entry}}
	if seq > 0 {
		args.ID = strconv.FormatInt(seq, 10) + "-0"
	} else {
		args.MaxLen, args.Approx = maxEntries, true
	}
	err := r.guard.Do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		pipe := c.Pipeline()
		added := pipe.XAdd(ctx, args)
		pipe.PExpire(ctx, args.Stream, life)
		_, err := pipe.Exec(ctx)
		if seq > 0 && added.Err() != nil && strings.Contains(added.Err().Error(), "equal or smaller") {
			return nil // it was written before, and its answer lost
		}
		return err
	})
	return wrap("write a record", err)
}

// Read implements chat.Shared.
func (r *Redis) Read(ctx context.Context, n chat.Name, after string) (entries [][]byte, last string, err error) {
	start := "-"
	if after != "" {
		start = "(" + after
	}
	last = after
	err = r.guard.Do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		found, err := c.XRangeN(ctx, key(n), start, "+", pageSize).Result()
		for _, m := range found {
			text, _ := m.Values[field].(string)
			entries, last = append(entries, []byte(text)), m.ID
		}
		return err
	})
	return entries, last, wrap("read a record", err)
}

// Set implements chat.Shared.
func (r *Redis) Set(ctx context.Context, n chat.Name, value string, life time.Duration) error {
	return wrap("set", r.guard.Do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		return c.Set(ctx, key(n), value, life).Err()
	}))
}

// Get implements chat.Shared.
func (r *Redis) Get(ctx context.Context, n chat.Name) (string, error) {
	var value string
	err := r.guard.Do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		var err error
		if value, err = c.Get(ctx, key(n)).Result(); errors.Is(err, redis.Nil) {
			return nil
		}
		return err
	})
	return value, wrap("get", err)
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("generations in redis: %s: %w", what, err)
}
