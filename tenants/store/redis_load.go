package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"atrium/tenants"
)

// A mirror is what this replica last saw in Redis.
type mirror struct {
	epoch   string
	seq     int64
	live    bool // seen in Redis by this process, not in a local copy
	records map[string]redisRecord
	at      time.Time
}

func newMirror() *mirror { return &mirror{records: map[string]redisRecord{}} }

// documents lists what is not deleted.
func (m *mirror) documents() []tenants.Document {
	docs := make([]tenants.Document, 0, len(m.records))
	for key, rec := range m.records {
		if !rec.Deleted {
			docs = append(docs, rec.document(key))
		}
	}
	return docs
}

// Load implements tenants.Store. Only what has changed since the last Load is read. When Redis does not answer at the
// first one, the local copy is returned, be it empty; Degraded says so.
func (r *Redis) Load(ctx context.Context) ([]tenants.Document, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	err := r.refresh(ctx)
	switch {
	case err == nil:
		r.setDegraded("")
	case r.mirror.live:
		r.lost(err)
		return nil, unavailable("read documents", err)
	default:
		r.fromCopy(ctx, err)
	}
	return r.mirror.documents(), nil
}

// lost notes that Redis does not answer.
func (r *Redis) lost(err error) {
	r.setDegraded(fmt.Sprintf("redis does not answer (%v): the documents of %s are served",
		err, r.mirror.at.Format(time.RFC3339)))
}

// fromCopy starts from the local copy.
func (r *Redis) fromCopy(ctx context.Context, cause error) {
	if r.copy == nil || r.copy.empty() {
		r.setDegraded(fmt.Sprintf("redis does not answer (%v), and there is no local copy of the documents", cause))
		return
	}
	records, err := r.copy.read()
	if err != nil {
		r.setDegraded(fmt.Sprintf("redis does not answer (%v), and the local copy cannot be read: %v", cause, err))
		return
	}
	m := newMirror()
	m.records, m.at = records, r.copy.modified
	r.mirror = m
	r.setDegraded(fmt.Sprintf("redis does not answer (%v): the local copy of %s is served",
		cause, m.at.Format(time.RFC3339)))
	r.log.WarnContext(ctx, "documents are served from the local copy", slog.Any("error", cause), slog.Time("copy", m.at))
}

// refresh brings the mirror up to date. The caller holds mu.
func (r *Redis) refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, redisLoad)
	defer cancel()
	epoch, seq, err := r.position(ctx)
	if err != nil {
		return err
	}
	m := r.mirror
	if m.live && (epoch != m.epoch || seq < m.seq) && len(m.records) > 0 {
		r.log.WarnContext(ctx, "redis has lost documents; giving them back", slog.Int("documents", len(m.records)))
		if err := r.restore(ctx); err != nil {
			return err
		}
		if epoch, _, err = r.position(ctx); err != nil {
			return err
		}
		m = newMirror()
	} else if !m.live || epoch != m.epoch {
		m = newMirror()
	}
	if epoch == "" {
		// Nobody has stored anything yet.
		m.live, m.at = true, now()
		r.mirror = m
		return nil
	}
	if err := r.readChanges(ctx, m); err != nil {
		return err
	}
	m.epoch, m.live, m.at = epoch, true, now()
	r.mirror = m
	if r.copy != nil {
		if err := r.copy.keep(m.epoch, m.records); err != nil { // the documents themselves are safe
			r.log.WarnContext(ctx, "the local copy of the documents cannot be kept", slog.Any("error", err))
		}
	}
	return nil
}

// position reads the epoch, empty when there is none, and the number of changes.
func (r *Redis) position(ctx context.Context) (epoch string, seq int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	pipe := r.client.Pipeline()
	e, s := pipe.HGet(ctx, r.key("docs"), ""), pipe.Get(ctx, r.key("seq"))
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return "", 0, err
	}
	epoch, err = e.Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return "", 0, err
	}
	seq, err = s.Int64()
	if err != nil && !errors.Is(err, redis.Nil) {
		return "", 0, err
	}
	return epoch, seq, nil
}

// readChanges takes over into m what changed after m.seq. A document may be newer than the change that led to it; then
// it is read once more the next time.
func (r *Redis) readChanges(ctx context.Context, m *mirror) error {
	for {
		page, err := r.client.ZRangeArgsWithScores(ctx, redis.ZRangeArgs{
			Key: r.key("changes"), Start: "(" + strconv.FormatInt(m.seq, 10), Stop: "+inf", ByScore: true, Count: redisBatch,
		}).Result()
		if err != nil || len(page) == 0 {
			return err
		}
		var keys []string
		seq := m.seq
		for _, z := range page {
			if key, ok := z.Member.(string); ok {
				keys = append(keys, key)
			}
			seq = max(seq, int64(z.Score))
		}
		if err := r.readRecords(ctx, keys, m); err != nil {
			return err
		}
		m.seq = seq
	}
}

// readRecords reads the records of some documents. Specs come one by one: they may be large.
func (r *Redis) readRecords(ctx context.Context, keys []string, m *mirror) error {
	var small []string
	for _, key := range keys {
		if !strings.HasPrefix(key, string(tenants.KindSpecs)+"/") {
			small = append(small, key)
			continue
		}
		text, err := r.client.HGet(ctx, r.key("docs"), key).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		if err == nil {
			m.records[key] = parseRecord(text)
		}
	}
	if len(small) == 0 {
		return nil
	}
	values, err := r.client.HMGet(ctx, r.key("docs"), small...).Result()
	if err != nil {
		return err
	}
	for i, v := range values {
		if text, ok := v.(string); ok {
			m.records[small[i]] = parseRecord(text)
		}
	}
	return nil
}
