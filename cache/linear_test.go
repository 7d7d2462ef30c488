package cache

import (
	"context"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"atrium/cache/redistest"
)

// history knows which version of the content a reader must see at least.
type history struct {
	mu     sync.Mutex
	purges []struct {
		version int64
		node    int
		at      time.Time
	}
}

func (h *history) purged(version int64, node int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.purges = append(h.purges, struct {
		version int64
		node    int
		at      time.Time
	}{version, node, time.Now()})
}

// floor is the newest version whose purge has returned on the node itself, or elsewhere more than the delay ago.
func (h *history) floor(node int, delay time.Duration) (v int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range h.purges {
		if p.node == node || time.Since(p.at) > delay {
			v = max(v, p.version)
		}
	}
	return v
}

// 11: after a purge has returned, nothing older is served: on its replica at once, elsewhere a second later; with slow
// fills, tags known late, and a replica that hears no messages.
func Test11PurgeLinearizability(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, "--user", "deaf", "on", "nopass", "~*", "+@all", "resetchannels")
	nodes := []*Cache{
		replica(t, s.PatientURL(), Options{Budget: time.Second}), replica(t, s.PatientURL(), Options{Budget: time.Second}),
		replica(t, "redis://deaf:x@"+s.Addr+"?timeout=5s&dialTimeout=5s", Options{Budget: time.Second}),
	}
	const keys = 4
	var versions [keys]atomic.Int64
	var histories [keys]history
	var reads atomic.Int64
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()

	read := func(node, key int, late bool) {
		policy := Policy{TTL: 200 * time.Millisecond, Stale: 50 * time.Millisecond, Tags: []string{"k:" + strconv.Itoa(key)}}
		req := request(strconv.Itoa(key), policy)
		if late {
			req = request("late "+strconv.Itoa(key), policy)
			req.Policy.Tags = nil
		}
		floor := histories[key].floor(node, 1050*time.Millisecond)
		r, err := nodes[node].Fetch(ctx, req, func(context.Context, *Entry) (Answer, error) {
			v := versions[key].Load() // what the upstream answers is as of now...
			time.Sleep(rand.N(20 * time.Millisecond))
			a := storable(200, strconv.FormatInt(v, 10))
			a.Policy = &policy
			return a, nil
		})
		if err != nil {
			return
		}
		got, _ := strconv.ParseInt(string(r.Body), 10, 64)
		// A flight that began before the purge may be boarded when only its answer names the tag.
		if got < floor && (!late || r.State != Miss) {
			t.Errorf("node %d key %d: version %d (%v %s) after %d was purged", node, key, got, r.State, r.Layer, floor)
		}
		reads.Add(1)
	}
	var wg sync.WaitGroup
	for n := range 9 {
		wg.Go(func() {
			for ctx.Err() == nil {
				read(n%3, rand.IntN(keys), n >= 6)
				time.Sleep(rand.N(2 * time.Millisecond))
			}
		})
	}
	for n := range 2 { // the deaf one cannot publish either: it only reads
		wg.Go(func() {
			for ctx.Err() == nil {
				key := rand.IntN(keys)
				v := versions[key].Add(1)
				if err := nodes[n].Purge(ctx, "acme", Purge{Tags: []string{"k:" + strconv.Itoa(key)}}); err == nil {
					histories[key].purged(v, n)
				}
				time.Sleep(rand.N(60 * time.Millisecond))
			}
		})
	}
	wg.Wait()
	t.Logf("%d reads", reads.Load())
	if reads.Load() < 500 {
		t.Errorf("only %d reads: nothing was shown", reads.Load())
	}
}
