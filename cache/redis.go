package cache

import (
	"context"
	_ "embed" // the scripts
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// shelf is the entries and fill locks in Redis.
type shelf struct {
	guard    *Guard
	maxEntry int64
	paused   atomic.Int64 // no writes before this, Unix microseconds: Redis refused one, being full for instance
	corrupt  atomic.Int64 // values that were not entries
}

// writePause is how long writes stop after one that Redis refused.
const writePause = time.Second

// get returns the entry under a key, nil when there is none. A value that is not an entry is deleted and none.
func (s *shelf) get(ctx context.Context, key Key) (*item, error) {
	var value []byte
	err := s.guard.Do(ctx, func(ctx context.Context, c redis.UniversalClient) (err error) {
		value, err = c.Get(ctx, key.String()).Bytes()
		return err
	})
	switch {
	case errors.Is(err, redis.Nil):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("get an entry: %w", err)
	}
	it, err := decode(key.sum, value)
	if err != nil {
		s.corrupt.Add(1)
		return nil, s.guard.Do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
			return c.Del(ctx, key.String()).Err()
		})
	}
	return it, nil
}

// unlock deletes a fill lock that is still the holder's.
var unlock = redis.NewScript(`
if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end
return 0`)

// write is what becomes of a key after a fill.
type write struct {
	key   Key
	item  *item  // to store; nil for nothing
	drop  bool   // delete what is stored
	token string // of the fill lock to release; "" for none
}

// put does it, in one round trip.
func (s *shelf) put(ctx context.Context, w write, now int64) error {
	value, ok := []byte(nil), false
	if w.item != nil && now >= s.paused.Load() && int64(len(w.item.Body)) <= s.maxEntry {
		value, ok = encode(w.item)
	}
	err := s.guard.Do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		_, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
			switch {
			case ok:
				life := max(time.Duration(w.item.keep-now)*time.Microsecond, time.Millisecond)
				p.Set(ctx, w.key.String(), value, life)
			case w.drop:
				p.Del(ctx, w.key.String())
			}
			if w.token != "" {
				unlock.Eval(ctx, p, []string{w.key.lock()}, w.token)
			}
			return nil
		})
		return err
	})
	if err != nil && !isTransport(err) {
		s.paused.Store(now + writePause.Microseconds())
	}
	return err
}

// claim tries to take the fill lock of a key for as long as a fill may take.
func (s *shelf) claim(ctx context.Context, key Key, token string, life time.Duration) (won bool, err error) {
	err = s.guard.Do(ctx, func(ctx context.Context, c redis.UniversalClient) (err error) {
		won, err = c.SetNX(ctx, key.lock(), token, life).Result()
		return err
	})
	return won, err
}

// registry is the ledger in Redis: a hash per scope, with the sequence and an epoch "soft,hard" per field. It never
// expires: an epoch that is lost makes entries invalid, which is safe but dear.
type registry struct {
	guard *Guard
	node  string // this replica, so that it knows its own messages
}

const channel = namespace + "inv"

func hashName(scope string) string { return namespace + "{" + scope + "}:g" }

//go:embed read.lua
var readLua string

//go:embed bump.lua
var bumpLua string

// Scripts keep every epoch change and its sequence in one step.
var (
	readEpochs = redis.NewScript(readLua)
	bumpEpochs = redis.NewScript(bumpLua)
)

func (r *registry) read(ctx context.Context, scope string, want []stamp) (seq int64, got []stamp, err error) {
	args := make([]any, 0, 3*len(want))
	for _, w := range want {
		args = append(args, w.field, w.soft, w.hard)
	}
	var reply []int64
	err = r.guard.Do(ctx, func(ctx context.Context, c redis.UniversalClient) (err error) {
		reply, err = readEpochs.Run(ctx, c, []string{hashName(scope)}, args...).Int64Slice()
		return err
	})
	if err != nil {
		return 0, nil, fmt.Errorf("read epochs: %w", err)
	}
	if len(reply) != 1+2*len(want) {
		return 0, nil, fmt.Errorf("read epochs: %d numbers for %d fields", len(reply), len(want))
	}
	got = make([]stamp, len(want))
	for i, w := range want {
		got[i] = stamp{w.field, epoch{soft: reply[1+2*i], hard: reply[2+2*i]}}
	}
	return reply[0], got, nil
}

func (r *registry) bump(ctx context.Context, scope string, fields []uint16, softly bool) (change, error) {
	strength := "hard"
	if softly {
		strength = "soft"
	}
	args := []any{channel, r.node, scope, strength}
	for _, f := range fields {
		args = append(args, f)
	}
	var message string
	err := r.guard.Do(ctx, func(ctx context.Context, c redis.UniversalClient) (err error) {
		message, err = bumpEpochs.Run(ctx, c, []string{hashName(scope)}, args...).Text()
		return err
	})
	if err != nil {
		return change{}, fmt.Errorf("change epochs: %w", err)
	}
	_, _, ch, err := parseMessage(message)
	return ch, err
}

func (r *registry) sequences(ctx context.Context, scopes []string) ([]int64, error) {
	cmds := make([]*redis.StringCmd, len(scopes))
	err := r.guard.Do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		_, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i, s := range scopes {
				cmds[i] = p.HGet(ctx, hashName(s), "seq")
			}
			return nil
		})
		return err
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, fmt.Errorf("poll sequences: %w", err)
	}
	seqs := make([]int64, len(scopes))
	for i, cmd := range cmds {
		seqs[i], err = cmd.Int64() // missing, or not a number: 0, which equals no sequence
		if err != nil && !errors.Is(err, redis.Nil) {
			return nil, fmt.Errorf("poll sequences: %w", err)
		}
	}
	return seqs, nil
}

var errMessage = errors.New("not a message of this version")

// parseMessage reads "node scope prev seq field soft hard ...".
func parseMessage(text string) (node, scope string, ch change, err error) {
	words := strings.Fields(text)
	if len(words) < 4 || (len(words)-4)%3 != 0 || len(words) > 4+3*(tagBuckets+1) {
		return "", "", change{}, errMessage
	}
	numbers := make([]int64, len(words)-2)
	for i, w := range words[2:] {
		if numbers[i], err = strconv.ParseInt(w, 10, 64); err != nil {
			return "", "", change{}, errMessage
		}
	}
	ch = change{prev: numbers[0], seq: numbers[1]}
	for rest := numbers[2:]; len(rest) > 0; rest = rest[3:] {
		if rest[0] < 0 || rest[0] > tagBuckets {
			return "", "", change{}, errMessage
		}
		ch.stamps = append(ch.stamps, stamp{uint16(rest[0]), epoch{soft: rest[1], hard: rest[2]}})
	}
	return words[0], words[1], ch, nil
}
