package cache

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"atrium/cache/redistest"
)

// Everything works across the slots of a Cluster: entries, fill locks, epochs, messages and polls.
func TestCluster(t *testing.T) {
	var hosts []string
	nodes := redistest.StartCluster(t)
	for _, n := range nodes {
		hosts = append(hosts, n.Addr)
	}
	url := "redis+cluster://" + strings.Join(hosts, ",") + "?timeout=5s&dialTimeout=5s"
	a, b, u := replica(t, url, Options{Budget: time.Second}), replica(t, url, Options{Budget: time.Second}), &upstream{}
	const tenants = 12
	req := func(n int) Request {
		return Request{Key: NewKey("t"+strconv.Itoa(n), []byte("a")), Policy: tagged("x", "y")}
	}
	for n := range tenants {
		if _, err := a.Fetch(t.Context(), req(n), u.fill); err != nil {
			t.Fatal(err)
		}
	}
	for n := range tenants {
		eventually(t, 2*time.Second, "the other replica finds it in redis", func() bool {
			s, _ := b.Peek(t.Context(), req(n).Key)
			return s == Hit
		})
		if r, err := b.Fetch(t.Context(), req(n), u.fill); err != nil || r.Layer != "redis" {
			t.Errorf("tenant %d: %v from %q, %v", n, r.State, r.Layer, err)
		}
	}
	if got := u.calls.Load(); got != tenants {
		t.Errorf("%d calls for %d entries", got, tenants)
	}
	for n := range tenants {
		if err := a.Purge(t.Context(), "t"+strconv.Itoa(n), Purge{Tags: []string{"x"}}); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(1050 * time.Millisecond)
	for n := range tenants {
		if s, _ := b.Peek(t.Context(), req(n).Key); s != Miss {
			t.Errorf("tenant %d: the other replica still has it: %v", n, s)
		}
	}
	if !a.Up() || !b.Up() {
		t.Error("a healthy cluster opened the breaker")
	}
	nodes[0].Stop() // a third of the slots is gone, and nothing fails for it
	start := time.Now()
	for n := range tenants {
		if _, err := a.Fetch(t.Context(), req(n), u.fill); err != nil {
			t.Errorf("tenant %d, a node is gone: %v", n, err)
		}
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("%d fetches without a node took %v", tenants, took)
	}
}
