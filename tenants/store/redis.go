package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"atrium/tenants"
)

const (
	redisTimeout = 2 * time.Second        // for one command, far more than it takes: documents are not on a request's path
	redisLoad    = 20 * time.Second       // for reading all documents
	redisPoll    = 500 * time.Millisecond // between two looks at the sequence
	redisBatch   = 200                    // documents read at once
)

// Redis keeps documents in Redis, for a fleet of replicas. All its keys share one hash slot. Close it when done.
//
//	PREFIX{docs}:docs            hash   kind/name -> head, newline, text; "" -> epoch, made anew with an empty Redis
//	PREFIX{docs}:seq             number of changes so far
//	PREFIX{docs}:changes         sorted set of kind/name by the number of its last change
//	PREFIX{docs}:heads:kind/name list of a document's revisions, newest first
//	PREFIX{docs}:texts:kind/name hash of revision -> head, newline, text
//	PREFIX{docs}:audit           list of events, newest first
//	PREFIX{docs}:changed         channel: a hint to look at seq at once
type Redis struct {
	client redis.UniversalClient
	own    redis.UniversalClient // the client, when it is ours to close
	prefix string
	log    *slog.Logger

	mu     sync.Mutex // one reading or writing at a time
	mirror *mirror
	copy   *localCopy

	state    sync.Mutex
	degraded string
}

var _ tenants.Store = (*Redis)(nil)

// RedisOptions configure a Redis store.
type RedisOptions struct {
	Prefix string       // of all keys; empty means "b1:"
	Copy   string       // folder of the local copy; empty: there is none, and no start without Redis
	Log    *slog.Logger // nil: nothing is logged
}

// NewRedis returns a store in the Redis behind the client, which must have ContextTimeoutEnabled, and which stays the
// caller's to close, after the store. It does not connect: Redis may be down.
func NewRedis(client redis.UniversalClient, o RedisOptions) (*Redis, error) {
	if o.Prefix == "" {
		o.Prefix = "b1:"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	r := &Redis{prefix: o.Prefix + "{docs}:", log: o.Log, mirror: newMirror()}
	r.client, r.own = patient(client)
	if o.Copy != "" {
		c, err := openCopy(o.Copy)
		if err != nil {
			return nil, errors.Join(err, r.Close())
		}
		r.copy = c
	}
	return r, nil
}

// patient returns the client with timeouts for documents, which may be megabytes: those of a cache are much shorter.
func patient(client redis.UniversalClient) (use, own redis.UniversalClient) {
	switch c := client.(type) {
	case *redis.Client:
		return c.WithTimeout(redisTimeout), nil // shares the connections
	case *redis.ClusterClient:
		o := *c.Options()
		o.ReadTimeout, o.WriteTimeout = redisTimeout, redisTimeout
		cluster := redis.NewClusterClient(&o)
		return cluster, cluster
	default:
		return client, nil
	}
}

// Close releases what the store opened. Whoever uses it must have returned.
func (r *Redis) Close() error {
	if r.own != nil {
		return r.own.Close()
	}
	return nil
}

// Degraded implements tenants.Store.
func (r *Redis) Degraded() string {
	r.state.Lock()
	defer r.state.Unlock()
	return r.degraded
}

func (r *Redis) setDegraded(text string) {
	r.state.Lock()
	defer r.state.Unlock()
	r.degraded = text
}

func (r *Redis) key(parts ...string) string { return r.prefix + strings.Join(parts, ":") }

// Put implements tenants.Store.
func (r *Redis) Put(ctx context.Context, doc tenants.Document, m tenants.Match, by string) (tenants.Document, error) {
	if err := checkWrite(doc.Kind, doc.Name, doc.Text); err != nil {
		return tenants.Document{}, err
	}
	if doc.Path == "" {
		doc.Path = tenants.DefaultPath(doc.Kind, doc.Name, doc.Text)
	}
	h, err := r.change(ctx, doc, m, head{By: by, Path: doc.Path})
	if err != nil {
		return tenants.Document{}, err
	}
	doc.Revision, doc.Modified, doc.Fault = h.Revision, h.time(), ""
	return doc, nil
}

// Delete implements tenants.Store.
func (r *Redis) Delete(ctx context.Context, kind tenants.Kind, name string, m tenants.Match, by string) error {
	if err := checkWrite(kind, name, nil); err != nil {
		return err
	}
	_, err := r.change(ctx, tenants.Document{Kind: kind, Name: name}, m, head{By: by, Deleted: true})
	return err
}

// History implements tenants.Store.
func (r *Redis) History(ctx context.Context, kind tenants.Kind, name string) ([]tenants.Revision, error) {
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	lines, err := r.client.LRange(ctx, r.key("heads", keyOf(kind, name)), 0, -1).Result()
	if err != nil {
		return nil, unavailable("read history", err)
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("%w: %s", tenants.ErrNotFound, keyOf(kind, name))
	}
	all := make([]tenants.Revision, 0, len(lines))
	for _, line := range lines {
		var h head
		if err := json.Unmarshal([]byte(line), &h); err != nil {
			return nil, fmt.Errorf("read history of %s: %w", keyOf(kind, name), err)
		}
		all = append(all, tenants.Revision{Revision: h.Revision, Modified: h.time(), By: h.By, Deleted: h.Deleted})
	}
	return all, nil
}

// At implements tenants.Store.
func (r *Redis) At(ctx context.Context, kind tenants.Kind, name string, number int64) (tenants.Document, error) {
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	text, err := r.client.HGet(ctx, r.key("texts", keyOf(kind, name)), strconv.FormatInt(number, 10)).Result()
	if errors.Is(err, redis.Nil) {
		return tenants.Document{}, fmt.Errorf("%s at revision %d: %w", keyOf(kind, name), number, tenants.ErrNotFound)
	}
	if err != nil {
		return tenants.Document{}, unavailable("read history", err)
	}
	rec := parseRecord(text)
	if rec.Deleted {
		return tenants.Document{}, fmt.Errorf("%s at revision %d: %w", keyOf(kind, name), number, tenants.ErrNotFound)
	}
	return rec.document(keyOf(kind, name)), nil
}

// Audit implements tenants.Store.
func (r *Redis) Audit(ctx context.Context, before int64, limit int) ([]tenants.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	var events []tenants.Event
	const page = 500
	for start := int64(0); ; start += page {
		lines, err := r.client.LRange(ctx, r.key("audit"), start, start+page-1).Result()
		if err != nil {
			return nil, unavailable("read audit", err)
		}
		for _, line := range lines {
			var e struct {
				tenants.Event
				Time int64 `json:"time"`
			}
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				return nil, fmt.Errorf("read audit: %w", err)
			}
			e.Event.Time = time.UnixMilli(e.Time).UTC()
			if before != 0 && e.Sequence >= before {
				continue
			}
			if len(events) >= limit {
				return events, nil
			}
			events = append(events, e.Event)
		}
		if len(lines) < page {
			return events, nil
		}
	}
}

// unavailable wraps an error of Redis.
func unavailable(doing string, err error) error {
	return fmt.Errorf("%s: %w: %w", doing, tenants.ErrUnavailable, err)
}
