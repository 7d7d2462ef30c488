package sessions

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// A Redis is a Store that replicas share.
type Redis struct {
	client redis.UniversalClient
	unlock *redis.Script
}

// NewRedis returns a store in a Redis, 6.2 or later. The client stays the caller's.
func NewRedis(client redis.UniversalClient) *Redis {
	return &Redis{client: client, unlock: redis.NewScript(
		`if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end return 0`)}
}

// Put implements Store.
func (s *Redis) Put(ctx context.Context, k Key, value []byte, life time.Duration) error {
	return wrap("keep", s.client.Set(ctx, k.name(), value, life).Err())
}

// Get implements Store.
func (s *Redis) Get(ctx context.Context, k Key, life time.Duration) ([]byte, error) {
	value, err := s.client.GetEx(ctx, k.name(), life).Bytes()
	return found("read", value, err)
}

// Replace implements Store.
func (s *Redis) Replace(ctx context.Context, k Key, value []byte, life time.Duration) (bool, error) {
	err := s.client.SetArgs(ctx, k.name(), value, redis.SetArgs{Mode: "XX", TTL: life}).Err()
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	return err == nil, wrap("replace", err)
}

// Take implements Store.
func (s *Redis) Take(ctx context.Context, k Key) ([]byte, error) {
	value, err := s.client.GetDel(ctx, k.name()).Bytes()
	return found("take", value, err)
}

// Lock implements Store.
func (s *Redis) Lock(ctx context.Context, k Key, life time.Duration) (unlock func(context.Context), ok bool, err error) {
	name, mine := k.name()+":lock", rand.Text()
	err = s.client.SetArgs(ctx, name, mine, redis.SetArgs{Mode: "NX", TTL: life}).Err()
	if errors.Is(err, redis.Nil) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, wrap("lock", err)
	}
	return func(ctx context.Context) {
		_ = s.unlock.Run(ctx, s.client, []string{name}, mine).Err() // else it ends by itself
	}, true, nil
}

func found(what string, value []byte, err error) ([]byte, error) {
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	return value, wrap(what, err)
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s a session in redis: %w", what, err)
}
