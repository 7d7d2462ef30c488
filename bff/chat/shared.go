package chat

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"atrium/bff/problem"
	"atrium/tenants"
)

// A Name is what replicas call something they share; what belongs to no tenant has none.
type Name struct {
	Tenant tenants.ID
	Of     string
}

// Shared is where replicas find each other's generations. Every call is bounded in time; an error means that
// nothing is known. No token waits for it: a replica's own viewers read its memory.
type Shared interface {
	// Append adds an entry to a record, which is kept for life from now on. An entry with the number of an earlier one is
	// that one, and left out; the number 0 numbers nothing.
	Append(ctx context.Context, n Name, seq int64, entry []byte, life time.Duration) error
	// Read returns entries of a record after a place, which is "" for its start, and the place after them; no entries
	// when there are no more.
	Read(ctx context.Context, n Name, after string) (entries [][]byte, last string, err error)
	Set(ctx context.Context, n Name, value string, life time.Duration) error
	Get(ctx context.Context, n Name) (string, error) // "" for what is not there
}

// Figures of sharing.
const (
	gather     = 20 * time.Millisecond  // events that are near each other make one entry
	entrySize  = 64 << 10               // of events, about
	shareAgain = 250 * time.Millisecond // after an entry could not be written
	beatEvery  = 250 * time.Millisecond // also how soon a stop from elsewhere arrives
	aliveFor   = 3 * time.Second        // a replica that does not beat is gone
	pollEvery  = 100 * time.Millisecond // for events from elsewhere
	watchEvery = time.Second            // a replica with viewers says so
	watchLife  = 3 * time.Second        // and is believed
	patience   = 30 * time.Second       // with a store that cannot be read, while somebody watches
	sharedLife = 10 * time.Minute       // of a record, and what belongs to it, beyond what Keep says
)

func logOf(tenant tenants.ID, id string) Name   { return Name{tenant, "log:" + id} }
func watchOf(tenant tenants.ID, id string) Name { return Name{tenant, "watch:" + id} }
func seenOf(tenant tenants.ID, id string) Name  { return Name{tenant, "seen:" + id} }
func beatOf(node string) Name                   { return Name{Of: "beat:" + node} }
func stopsOf(node string) Name                  { return Name{Of: "stops:" + node} }

// of names a conversation so that no two are named alike, and keeps who has it to itself.
func (k chatKey) of(tenant tenants.ID) Name {
	sum := sha256.Sum256(encoded([]string{k.route, k.owner, k.chat}))
	return Name{tenant, "chat:" + base64.RawURLEncoding.EncodeToString(sum[:])}
}

// meta is the first entry of a shared log: what its viewers need to know besides its events.
type meta struct {
	Node    string    `json:"node"`
	Created time.Time `json:"created"`
	Dialect Dialect   `json:"dialect"`
	Chat    string    `json:"chat"`
	RunID   string    `json:"runId"`
	Usage   bool      `json:"usage"`
	Tools   int       `json:"tools"`
}

func (gen *generation) meta(node string) []byte {
	return encoded(meta{
		Node: node, Created: gen.created, Dialect: gen.dialect, Chat: gen.chat.chat,
		RunID: gen.runID, Usage: gen.usage, Tools: len(gen.tools),
	})
}

// share writes a generation's log to where other replicas find it, until it has ended or ctx does.
func (g *Generations) share(ctx context.Context, gen *generation, grown <-chan struct{}) {
	life := g.opts.Keep + sharedLife
	select {
	case <-gen.begun: // nobody learns the id of a generation that does not begin
	case <-ctx.Done():
		return
	}
	if gen.early != nil {
		return
	}
	if gen.chat.chat != "" {
		_ = g.opts.Shared.Set(ctx, gen.chat.of(gen.tenant), gen.id, life) // known here all the same
	}
	seq, entry := int64(1), gen.meta(g.node)
	var r reader
	for {
		err := g.opts.Shared.Append(ctx, logOf(gen.tenant, gen.id), seq, entry, life)
		for logged := false; err != nil && ctx.Err() == nil; {
			if !logged {
				logged = true
				g.opts.Log.WarnContext(ctx, "answer not shared, trying again", slog.String("generation", gen.id), slog.Any("error", err))
			}
			sleep(ctx, shareAgain)
			err = g.opts.Shared.Append(ctx, logOf(gen.tenant, gen.id), seq, entry, life)
		}
		seq++
		if entry = gen.nextEntry(ctx, &r, grown); entry == nil {
			return
		}
	}
}

// nextEntry waits for events and returns them as an entry; nil when there will be no more.
func (gen *generation) nextEntry(ctx context.Context, r *reader, grown <-chan struct{}) []byte {
	for {
		now := gen.look()
		r.log = now.log
		var entry []byte
		for len(entry) < entrySize {
			e, ok := r.read()
			if !ok {
				break
			}
			entry = appendShared(entry, e)
		}
		if entry != nil || now.ended || ctx.Err() != nil {
			return entry
		}
		select {
		case <-grown:
			sleep(ctx, gather)
		case <-ctx.Done():
		}
	}
}

// appendShared appends an event as entries hold it: kind, place of its text, length, data.
func appendShared(b []byte, e event) []byte {
	text := place(e.data, e.text)
	b = append(b, byte(e.kind))
	for _, n := range [...]int{text[0], text[1], len(e.data)} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	return append(b, e.data...)
}

var errEntry = errors.New("an entry of a shared log is broken")

// eachShared calls add with each event of an entry.
func eachShared(b []byte, add func(k kind, data []byte, text [2]int) error) error {
	for len(b) > 0 {
		k := kind(b[0])
		b = b[1:]
		var n [3]int
		for i := range n {
			v, size := binary.Uvarint(b)
			if size <= 0 || v > uint64(len(b)) {
				return errEntry
			}
			n[i], b = int(v), b[size:]
		}
		if k > failEvent || n[2] > len(b) || n[0] > n[1] || n[1] > n[2] {
			return errEntry
		}
		if err := add(k, b[:n[2]], [2]int{n[0], n[1]}); err != nil {
			return err
		}
		b = b[n[2]:]
	}
	return nil
}

// beat says that this replica is alive, and stops what other replicas were told to stop, until ctx ends.
func (g *Generations) beat(ctx context.Context) {
	place := ""
	for {
		_ = g.opts.Shared.Set(ctx, beatOf(g.node), "1", aliveFor) // tried again soon
		entries, last, err := g.opts.Shared.Read(ctx, stopsOf(g.node), place)
		if err == nil {
			place = last
		}
		for _, entry := range entries {
			var s stop
			if json.Unmarshal(entry, &s) == nil {
				_ = g.Stop(s.Tenant, s.ID) // or it has ended
			}
		}
		if sleep(ctx, beatEvery); ctx.Err() != nil {
			// Who follows an answer of this replica need not wait to know that there will be no more.
			_ = g.opts.Shared.Set(context.WithoutCancel(ctx), beatOf(g.node), "", time.Millisecond)
			return
		}
	}
}

// endSharing lets what has ended be shared to its end, for a moment, and stops.
func (g *Generations) endSharing() {
	shared := make(chan struct{})
	go func() {
		defer close(shared)
		g.sharing.Wait()
	}()
	timer := time.NewTimer(shareAgain)
	defer timer.Stop()
	select {
	case <-shared:
	case <-timer.C:
	}
	g.cancel()
	<-shared
	g.beating.Wait()
}

// A stop is an entry of a replica's stops.
type stop struct {
	Tenant tenants.ID `json:"tenant"`
	ID     string     `json:"id"`
}

// stopElsewhere asks the replica that has a generation to stop it.
func (g *Generations) stopElsewhere(ctx context.Context, tenant tenants.ID, id string) error {
	entries, _, err := g.opts.Shared.Read(ctx, logOf(tenant, id), "")
	if err != nil {
		return unavailable(err)
	}
	var m meta
	if len(entries) == 0 || json.Unmarshal(entries[0], &m) != nil {
		return notFound()
	}
	err = g.opts.Shared.Append(ctx, stopsOf(m.Node), 0, encoded(stop{tenant, id}), time.Minute)
	if err != nil {
		return unavailable(err)
	}
	return nil
}

func unavailable(err error) error {
	p := problem.New(http.StatusServiceUnavailable, "unavailable", "Where the answer is kept cannot be reached.").Because(err)
	p.RetryAfter = time.Second
	return p
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
