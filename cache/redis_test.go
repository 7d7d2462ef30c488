package cache

import (
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"atrium/cache/redistest"

	"github.com/google/go-cmp/cmp"
)

// replica returns a cache with a client of its own on the server.
func replica(t testing.TB, url string, opts Options) *Cache {
	t.Helper()
	client, err := Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	opts.Redis = client
	return open(t, opts)
}

// eventually waits for what happens in the background, and fails when it does not within the time.
func eventually(t testing.TB, within time.Duration, what string, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !f(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", within, what)
		}
	}
}

// inRedis waits until an entry has arrived there.
func inRedis(t testing.TB, s *redistest.Server, k Key) {
	t.Helper()
	eventually(t, time.Second, "the entry is in redis", func() bool { return s.Do("EXISTS", k.String()) == ":1\r\n" })
}

func TestRedisServesOtherReplicas(t *testing.T) {
	s := redistest.Start(t)
	a, b, u := replica(t, s.URL(), Options{}), replica(t, s.URL(), Options{}), &upstream{}
	u.answer = func(int64) Answer {
		answer := storable(http.StatusOK, `{"a":1}`)
		answer.Entry.Header = http.Header{"Content-Type": {"application/json"}}
		return answer
	}
	req := request("a", tagged("order:1"))
	first := expect(t, a, req, u, want{`{"a":1}`, Miss, ""})
	inRedis(t, s, req.Key)
	second := expect(t, b, req, u, want{`{"a":1}`, Hit, ""})
	if second.Layer != "redis" || u.calls.Load() != 1 {
		t.Errorf("from %q with %d calls", second.Layer, u.calls.Load())
	}
	first.Stored, second.Stored = true, true
	a1, b1 := *first.Entry, *second.Entry
	a1.Stored = b1.Stored // the same to a microsecond
	if diff := cmp.Diff(a1, b1); diff != "" {
		t.Errorf("the replicas differ: %s", diff)
	}
	if r := expect(t, b, req, u, want{`{"a":1}`, Hit, ""}); r.Layer != "memory" {
		t.Errorf("then from %q", r.Layer)
	}
	if state, _ := replica(t, s.URL(), Options{}).Peek(t.Context(), req.Key); state != Hit {
		t.Errorf("a third replica peeks %v", state)
	}
}

// 06: one upstream call for four replicas at once; a holder of the lock that died costs a moment.
func Test06ClusterStampede(t *testing.T) {
	s := redistest.Start(t)
	u := &upstream{delay: 100 * time.Millisecond}
	var replicas []*Cache
	for range 4 {
		replicas = append(replicas, replica(t, s.PatientURL(), Options{Budget: time.Second}))
	}
	run := func(req Request) {
		var wg sync.WaitGroup
		for _, c := range replicas {
			wg.Go(func() {
				if n := len(crowd(t, c, req, u, 250)); n != 1 {
					t.Errorf("%d different answers", n)
				}
			})
		}
		wg.Wait()
	}
	run(request("a", tagged()))
	if n := u.calls.Load(); n != 1 {
		t.Errorf("%d calls for four replicas", n)
	}
	req := request("b", tagged())
	s.Do("SET", req.Key.lock(), "somebody who died", "PX", "60000")
	start := time.Now()
	if _, err := replicas[0].Fetch(t.Context(), req, u.fill); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > lockPatience+u.delay+500*time.Millisecond {
		t.Errorf("a dead holder cost %v", took)
	}
}

// 08: one refresh in the cluster, and nobody waits for it.
func Test08OneRefreshInTheCluster(t *testing.T) {
	s := redistest.Start(t)
	u := &upstream{}
	a, b := replica(t, s.PatientURL(), Options{Budget: time.Second}), replica(t, s.PatientURL(), Options{Budget: time.Second})
	req := request("a", Policy{TTL: 300 * time.Millisecond, Stale: time.Hour})
	expect(t, a, req, u, want{"1", Miss, ""})
	inRedis(t, s, req.Key)
	expect(t, b, req, u, want{"1", Hit, ""})
	time.Sleep(350 * time.Millisecond)
	u.delay = 100 * time.Millisecond
	for range 20 {
		expect(t, a, req, u, want{"1", Stale, "swr"})
		expect(t, b, req, u, want{"1", Stale, "swr"})
	}
	eventually(t, 2*time.Second, "both have what one of them fetched", func() bool {
		ra, _ := a.Fetch(t.Context(), req, u.fill)
		rb, _ := b.Fetch(t.Context(), req, u.fill)
		return string(ra.Body) == "2" && string(rb.Body) == "2"
	})
	if n := u.calls.Load(); n != 2 {
		t.Errorf("%d calls", n)
	}
}

// 20: what is in Redis but is no entry is a miss, and is replaced.
func Test20ForeignValuesInRedis(t *testing.T) {
	s := redistest.Start(t)
	a, b, u := replica(t, s.URL(), Options{}), replica(t, s.URL(), Options{}), &upstream{}
	req := request("a", tagged())
	s.Do("SET", req.Key.String(), "not an entry")
	expect(t, a, req, u, want{"1", Miss, ""})
	inRedis(t, s, req.Key)
	expect(t, b, req, u, want{"1", Hit, ""})
	other := request("b", tagged())
	s.Do("COPY", req.Key.String(), other.Key.String())
	expect(t, b, other, u, want{"2", Miss, ""})
	if n := b.shelf.corrupt.Load(); n != 1 {
		t.Errorf("%d corrupt values counted", n)
	}
}

// A Redis that is full stores nothing, and is not taken for one that is gone.
func TestFullRedis(t *testing.T) {
	s := redistest.Start(t, "--maxmemory", "1", "--maxmemory-policy", "noeviction")
	c, u := replica(t, s.URL(), Options{}), &upstream{}
	for n := range 20 {
		r, err := c.Fetch(t.Context(), request(strconv.Itoa(n), tagged("x")), u.fill)
		if err != nil || !r.Stored {
			t.Fatalf("fetch %d: stored %v, %v", n, r.Stored, err)
		}
	}
	expect(t, c, request("0", tagged("x")), u, want{"1", Hit, ""})
	if !c.Up() {
		t.Error("error replies opened the breaker")
	}
}

// 19: a replica whose clock is wrong ages entries like the others.
func Test19ClockSkew(t *testing.T) {
	s := redistest.Start(t)
	skewed := Options{Now: func() time.Time { return time.Now().Add(5 * time.Minute) }}
	a, b, u := replica(t, s.URL(), Options{}), replica(t, s.URL(), skewed), &upstream{}
	for n, pair := range [][2]*Cache{{a, b}, {b, a}} {
		req := request(strconv.Itoa(n), Policy{TTL: time.Minute})
		expect(t, pair[0], req, u, want{strconv.Itoa(n + 1), Miss, ""})
		inRedis(t, s, req.Key)
		if r := expect(t, pair[1], req, u, want{strconv.Itoa(n + 1), Hit, ""}); r.Age > time.Second || r.TTL < 59*time.Second {
			t.Errorf("age %v, ttl %v", r.Age, r.TTL)
		}
	}
}
