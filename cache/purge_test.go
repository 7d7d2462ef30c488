package cache

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"
)

func tagged(tags ...string) Policy {
	return Policy{TTL: time.Hour, Stale: time.Hour, StaleIfError: 2 * time.Hour, Tags: tags}
}

func TestPurge(t *testing.T) {
	for _, tt := range []struct {
		name  string
		purge Purge
		want  map[string]State // by key, of the first request after the purge
	}{
		{"by tag", Purge{Tags: []string{"order:1"}}, map[string]State{"a": Miss, "b": Hit, "c": Miss, "d": Hit}},
		{"softly", Purge{Tags: []string{"order:1"}, Soft: true}, map[string]State{"a": Stale, "b": Hit, "c": Stale, "d": Hit}},
		{"by several tags", Purge{Tags: []string{"order:2", "nothing"}}, map[string]State{"a": Hit, "b": Miss, "c": Miss, "d": Hit}},
		{"all", Purge{All: true}, map[string]State{"a": Miss, "b": Miss, "c": Miss, "d": Miss}},
		{"all softly", Purge{All: true, Soft: true}, map[string]State{"a": Stale, "b": Stale, "c": Stale, "d": Stale}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, u := open(t, Options{}), &upstream{}
				requests := map[string]Request{
					"a": request("a", tagged("order:1")), "b": request("b", tagged("order:2")),
					"c": request("c", tagged("order:2", "order:1")), "d": request("d", tagged()),
				}
				other := Request{Key: NewKey("globex", []byte("a")), Policy: tagged("order:1")}
				requests["other"] = other
				for _, r := range requests {
					_, _ = c.Fetch(t.Context(), r, u.fill)
				}
				if err := c.Purge(t.Context(), "acme", tt.purge); err != nil {
					t.Fatal(err)
				}
				tt.want["other"] = Hit
				for name, want := range tt.want {
					r, err := c.Fetch(t.Context(), requests[name], u.fill)
					if err != nil || r.State != want {
						t.Errorf("%s: %v %v, want %v", name, r.State, err, want)
					}
				}
				synctest.Wait()
				for name, r := range requests {
					if r, err := c.Fetch(t.Context(), r, u.fill); err != nil || r.State != Hit {
						t.Errorf("%s, refilled: %v %v", name, r.State, err)
					}
				}
			})
		})
	}
}

func TestPurgeThatNamesNothing(t *testing.T) {
	c := open(t, Options{})
	for _, p := range []Purge{{}, {All: true, Tags: []string{"a"}}, {Tags: make([]string, MaxTags+1)}} {
		if err := c.Purge(t.Context(), "acme", p); !errors.Is(err, ErrPurge) {
			t.Errorf("%+v: %v", p, err)
		}
	}
	if err := c.Purge(t.Context(), "", Purge{All: true}); !errors.Is(err, ErrPurge) {
		t.Errorf("no tenant: %v", err)
	}
}

// What a purge overtakes is given to who asked before it, and to nobody after; with tags known before or after the fill.
func TestPurgeOvertakesAFill(t *testing.T) {
	for _, late := range []bool{false, true} {
		t.Run("late="+strconv.FormatBool(late), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, u := open(t, Options{}), &upstream{delay: time.Second}
				policy := tagged("order:1")
				req := request("a", policy)
				if late {
					req.Policy.Tags = nil
					u.answer = func(n int64) Answer {
						a := storable(200, strconv.FormatInt(n, 10))
						a.Policy = &policy
						return a
					}
				}
				first := make(chan Result, 1)
				go func() {
					r, _ := c.Fetch(context.WithoutCancel(t.Context()), req, u.fill)
					first <- r
				}()
				time.Sleep(500 * time.Millisecond)
				if err := c.Purge(t.Context(), "acme", Purge{Tags: []string{"order:1"}}); err != nil {
					t.Fatal(err)
				}
				if late { // it cannot be known that this flight has the tag: whoever boards it gets what it finds
					time.Sleep(501 * time.Millisecond)
				}
				expect(t, c, req, u, want{"2", Miss, ""})
				if r := <-first; string(r.Body) != "1" || r.Stored {
					t.Errorf("the first got %s, stored %v", r.Body, r.Stored)
				}
				expect(t, c, req, u, want{"2", Hit, ""})
			})
		})
	}
}

func TestLateTagsArePurgeable(t *testing.T) {
	c, u := open(t, Options{}), &upstream{}
	policy := tagged("order:7")
	u.answer = func(n int64) Answer {
		a := storable(200, strconv.FormatInt(n, 10))
		a.Policy = &policy
		return a
	}
	req := request("a", Policy{})
	expect(t, c, req, u, want{"1", Miss, ""})
	expect(t, c, req, u, want{"1", Hit, ""})
	_ = c.Purge(t.Context(), "acme", Purge{Tags: []string{"order:7"}})
	expect(t, c, req, u, want{"2", Miss, ""})
	expect(t, c, req, u, want{"2", Hit, ""})
}

func TestDrop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, u := open(t, Options{}), &upstream{}
		req := request("a", tagged("x"))
		expect(t, c, req, u, want{"1", Miss, ""})
		c.Drop("acme")
		if got := c.Usage("acme").Bytes; got != 0 {
			t.Errorf("%d bytes after Drop", got)
		}
		time.Sleep(3 * time.Second)
		if c.existing("acme") != nil {
			t.Error("the space of a dropped tenant stays")
		}
		expect(t, c, req, u, want{"2", Miss, ""})
		c.Drop("acme")
		expect(t, c, req, u, want{"3", Miss, ""}) // back at once
		time.Sleep(3 * time.Second)
		expect(t, c, req, u, want{"3", Hit, ""})
	})
}

// 17: a tenant that fills its memory takes none of another's.
func Test17NoisyNeighbour(t *testing.T) {
	const quota = 1 << 20
	c := open(t, Options{Quota: quota})
	quiet := &upstream{}
	for n := range 100 {
		r := Request{Key: NewKey("quiet", strconv.AppendInt(nil, int64(n), 10)), Policy: tagged()}
		_, _ = c.Fetch(t.Context(), r, quiet.fill)
	}
	noisy := &upstream{answer: func(int64) Answer { return storable(200, string(make([]byte, 4096))) }}
	for n := range 5_000 {
		r := Request{Key: NewKey("noisy", strconv.AppendInt(nil, int64(n), 10)), Policy: tagged()}
		_, _ = c.Fetch(t.Context(), r, noisy.fill)
	}
	if used := c.Usage("noisy").Bytes; used > quota*105/100 {
		t.Errorf("%d bytes with a quota of %d", used, quota)
	}
	for n := range 100 {
		r := Request{Key: NewKey("quiet", strconv.AppendInt(nil, int64(n), 10)), Policy: tagged()}
		if got, err := c.Fetch(t.Context(), r, quiet.fill); err != nil || got.State != Hit {
			t.Fatalf("key %d of the quiet tenant: %v %v", n, got.State, err)
		}
	}
	c.SetQuota("noisy", 64<<10)
	_, _ = c.Fetch(t.Context(), Request{Key: NewKey("noisy", []byte("one more")), Policy: tagged()}, noisy.fill)
	if used := c.Usage("noisy").Bytes; used > 64<<10 {
		t.Errorf("%d bytes after the quota shrank", used)
	}
}

func TestMemoryOfAllTenantsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options{Memory: 64 << 10})
		u := &upstream{answer: func(int64) Answer { return storable(200, string(make([]byte, 8192))) }}
		for n := range 20 {
			r := Request{Key: NewKey("t"+strconv.Itoa(n), []byte("a")), Policy: tagged()}
			_, _ = c.Fetch(t.Context(), r, u.fill)
			time.Sleep(1500 * time.Millisecond)
		}
		var total int64
		for n := range 20 {
			total += c.Usage("t" + strconv.Itoa(n)).Bytes
		}
		if total > 64<<10 || c.Usage("t19").Bytes == 0 {
			t.Errorf("%d bytes in all, %d of the latest", total, c.Usage("t19").Bytes)
		}
		time.Sleep(15 * time.Minute)
		if c.Usage("t19").Bytes != 0 {
			t.Error("an idle tenant keeps its memory")
		}
	})
}
