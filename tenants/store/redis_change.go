package store

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"atrium/tenants"
)

// The scripts that change documents. A record is its head as JSON, a newline, and the text.
//
// Both are given the epoch that the caller knows; another one means that Redis was emptied or replaced since, and the
// caller must look again before it changes anything.
func changeScript() *redis.Script { return redis.NewScript(readHead + changeBody) }

func restoreScript() *redis.Script { return redis.NewScript(readHead + restoreBody) }

const readHead = `
local function head_of(record)
  if not record then return {revision = 0, deleted = true} end
  return cjson.decode(string.sub(record, 1, string.find(record, '\n', 1, true) - 1))
end
`

// KEYS docs, seq, changes, heads, texts, audit.
// ARGV field, known epoch, new epoch, revision ("0" any, "absent"), by, path, "1" to delete, text, revisions kept,
// events kept, most documents, channel, kind, name.
const changeBody = `
local epoch = redis.call('HGET', KEYS[1], '')
if (epoch or '') ~= ARGV[2] then return {'epoch'} end
local old = head_of(redis.call('HGET', KEYS[1], ARGV[1]))
local current = old.deleted and 0 or old.revision
local delete = ARGV[7] == '1'
if delete and current == 0 then return {'missing'} end
if ARGV[4] == 'absent' then
  if current ~= 0 then return {'conflict', current} end
elseif ARGV[4] ~= '0' and tonumber(ARGV[4]) ~= current then
  return {'conflict', current}
end
if current == 0 and redis.call('HLEN', KEYS[1]) > tonumber(ARGV[11]) then return {'full'} end
if not epoch then
  epoch = ARGV[3]
  redis.call('HSET', KEYS[1], '', epoch)
end
local t = redis.call('TIME')
local ms = t[1] * 1000 + math.floor(t[2] / 1000)
local seq = redis.call('INCR', KEYS[2])
local action = delete and 'delete' or (current == 0 and 'create' or 'update')
local head = {revision = old.revision + 1, modified = ms, by = ARGV[5], path = ARGV[6]}
if delete then head.deleted = true end
local line = cjson.encode(head)
local record = line .. '\n' .. ARGV[8]
redis.call('HSET', KEYS[1], ARGV[1], record)
redis.call('ZADD', KEYS[3], seq, ARGV[1])
redis.call('LPUSH', KEYS[4], line)
redis.call('LTRIM', KEYS[4], 0, ARGV[9] - 1)
redis.call('HSET', KEYS[5], head.revision, record)
redis.call('HDEL', KEYS[5], head.revision - ARGV[9])
redis.call('LPUSH', KEYS[6], cjson.encode({sequence = seq, time = ms, by = ARGV[5], action = action,
  kind = ARGV[13], name = ARGV[14], revision = head.revision}))
redis.call('LTRIM', KEYS[6], 0, ARGV[10] - 1)
redis.call('PUBLISH', ARGV[12], seq)
return {'ok', head.revision, ms, epoch}
`

// KEYS docs, seq, changes, heads, texts. ARGV field, record, head. What is there already and is as new stays.
const restoreBody = `
local new = cjson.decode(ARGV[3])
if head_of(redis.call('HGET', KEYS[1], ARGV[1])).revision >= new.revision then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[3], redis.call('INCR', KEYS[2]), ARGV[1])
redis.call('LPUSH', KEYS[4], ARGV[3])
redis.call('HSET', KEYS[5], new.revision, ARGV[2])
return 1
`

// keepOf is how many revisions of a document are kept. Specs are large.
func keepOf(kind tenants.Kind) int {
	if kind == tenants.KindSpecs {
		return 10
	}
	return keepRevisions
}

// An answer is what the script of a change returns.
type answer struct {
	status   string // ok, conflict, missing, full, or epoch: see the scripts
	revision int64  // of ok and conflict
	modified int64  // of ok, Unix milliseconds
	epoch    string // of ok
}

// change makes one revision, or says why not. It returns the head as stored.
func (r *Redis) change(ctx context.Context, doc tenants.Document, m tenants.Match, h head) (head, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for try := 0; ; try++ {
		a, err := r.runChange(ctx, doc, m, h)
		if err != nil {
			return head{}, unavailable("store "+doc.Key(), err)
		}
		switch a.status {
		case "ok":
			h.Revision, h.Modified = a.revision, a.modified
			if r.mirror.live { // so that it is given back should Redis lose it before it is read
				r.mirror.epoch = a.epoch
				r.mirror.records[doc.Key()] = redisRecord{head: h, text: doc.Text}
			}
			return h, nil
		case "conflict":
			return head{}, fmt.Errorf("%w: it is at revision %d", tenants.ErrConflict, a.revision)
		case "missing":
			return head{}, fmt.Errorf("%w: %s", tenants.ErrNotFound, doc.Key())
		case "full":
			return head{}, fmt.Errorf("%w: there are %d documents", tenants.ErrTooLarge, maxDocuments)
		}
		const most = 2 // the first look may be the first of all, the second may find Redis emptied
		if try == most {
			return head{}, unavailable("store "+doc.Key(), errors.New("redis is being emptied"))
		}
		if err := r.refresh(ctx); err != nil {
			return head{}, unavailable("store "+doc.Key(), err)
		}
	}
}

func (r *Redis) runChange(ctx context.Context, doc tenants.Document, m tenants.Match, h head) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, redisTimeout)
	defer cancel()
	match := strconv.FormatInt(m.Revision, 10)
	if m.Absent {
		match = "absent"
	}
	deleted := "0"
	if h.Deleted {
		deleted = "1"
	}
	key := doc.Key()
	values, err := changeScript().Run(ctx, r.client,
		[]string{r.key("docs"), r.key("seq"), r.key("changes"), r.key("heads", key), r.key("texts", key), r.key("audit")},
		key, r.mirror.epoch, rand.Text(), match, h.By, h.Path, deleted, doc.Text, keepOf(doc.Kind),
		keepEvents, maxDocuments, r.key("changed"), string(doc.Kind), doc.Name,
	).Slice()
	if err != nil {
		return answer{}, err
	}
	var a answer
	for i, into := range []any{&a.status, &a.revision, &a.modified, &a.epoch}[:min(4, len(values))] {
		switch into := into.(type) {
		case *string:
			*into, _ = values[i].(string)
		case *int64:
			*into, _ = values[i].(int64)
		}
	}
	return a, nil
}

// restore gives an emptied Redis what this replica has seen in it. Replicas may do so at the same time: of each document
// the newest revision wins, deletions included. The epoch comes last, so that nobody takes a half for the whole.
func (r *Redis) restore(ctx context.Context) error {
	for key, rec := range r.mirror.records {
		line, err := json.Marshal(rec.head)
		if err != nil {
			return fmt.Errorf("give %s back to redis: %w", key, err)
		}
		err = restoreScript().Run(ctx, r.client,
			[]string{r.key("docs"), r.key("seq"), r.key("changes"), r.key("heads", key), r.key("texts", key)},
			key, string(line)+"\n"+string(rec.text), line).Err()
		if err != nil {
			return fmt.Errorf("give %s back to redis: %w", key, err)
		}
	}
	if err := r.client.HSetNX(ctx, r.key("docs"), "", rand.Text()).Err(); err != nil {
		return fmt.Errorf("give documents back to redis: %w", err)
	}
	return nil
}
