package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"atrium/tenants"
)

func TestRedisStartsFromTheLocalCopy(t *testing.T) {
	server, dir := startRedis(t), t.TempDir()
	s := server.open(t, RedisOptions{Copy: dir})
	mustPut(t, s, plan("a", "one"), tenants.Match{})
	mustPut(t, s, plan("b", "gone\xff"), tenants.Match{})
	texts(t, s)
	mustPut(t, s, plan("a", "two"), tenants.Match{})
	if err := s.Delete(t.Context(), tenants.KindPlans, "b", tenants.Match{}, "bob"); err != nil {
		t.Fatal(err)
	}
	texts(t, s)
	server.stop()

	again := server.open(t, RedisOptions{Copy: dir})
	start := time.Now()
	if diff := cmp.Diff(map[string]string{"plans/a": "two@2"}, texts(t, again)); diff != "" {
		t.Error(diff)
	}
	if took := time.Since(start); took > patience {
		t.Errorf("a start without Redis took %s", took)
	}
	if text := again.Degraded(); !strings.Contains(text, "local copy") {
		t.Errorf("degraded: %q", text)
	}
	_, err := again.Put(t.Context(), plan("a", "three"), tenants.Match{}, "alice")
	if !errors.Is(err, tenants.ErrUnavailable) {
		t.Errorf("put without Redis: %v, want ErrUnavailable", err)
	}

	// Another Redis, without those documents, comes up at the address: what it has is the truth, not the copy.
	if !server.start(t) {
		t.Fatal("redis-server does not start again")
	}
	mustPut(t, server.open(t, RedisOptions{}), plan("c", "new"), tenants.Match{})
	eventually(t, "the documents of Redis", func() bool {
		return cmp.Equal(map[string]string{"plans/c": "new@1"}, texts(t, again)) && again.Degraded() == ""
	})
}

func TestRedisStartsWithNothing(t *testing.T) {
	server := startRedis(t)
	server.stop()
	s := server.open(t, RedisOptions{Copy: t.TempDir()})
	if got := texts(t, s); len(got) != 0 {
		t.Errorf("found %v", got)
	}
	if text := s.Degraded(); !strings.Contains(text, "no local copy") {
		t.Errorf("degraded: %q", text)
	}
}

func TestRedisStalled(t *testing.T) {
	server := startRedis(t)
	s := server.open(t, RedisOptions{})
	mustPut(t, s, plan("a", "one"), tenants.Match{})
	texts(t, s)
	server.pause(t)
	defer server.resume(t)
	start := time.Now()
	if _, err := s.Load(t.Context()); !errors.Is(err, tenants.ErrUnavailable) {
		t.Errorf("load: %v, want ErrUnavailable", err)
	}
	if took := time.Since(start); took > 2*redisTimeout {
		t.Errorf("a stalled Redis held Load for %s", took)
	}
	if text := s.Degraded(); !strings.Contains(text, "does not answer") {
		t.Errorf("degraded: %q", text)
	}
	server.resume(t)
	eventually(t, "recovery", func() bool {
		_, err := s.Load(t.Context())
		return err == nil && s.Degraded() == ""
	})
}

func TestRedisGetsBackWhatItLost(t *testing.T) {
	server := startRedis(t)
	a, b := server.open(t, RedisOptions{}), server.open(t, RedisOptions{})
	mustPut(t, a, plan("a", "one"), tenants.Match{})
	mustPut(t, a, plan("gone", "x"), tenants.Match{})
	texts(t, b) // b knows of a document that is deleted later
	mustPut(t, a, plan("a", "two"), tenants.Match{})
	if err := a.Delete(t.Context(), tenants.KindPlans, "gone", tenants.Match{}, "bob"); err != nil {
		t.Fatal(err)
	}
	texts(t, a)

	client := server.dial()
	defer release(client)
	if err := client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"plans/a": "two@2"}
	var both sync.WaitGroup // in whatever order
	both.Go(func() { texts(t, b) })
	both.Go(func() { texts(t, a) })
	both.Wait()
	for _, s := range []*Redis{a, b, server.open(t, RedisOptions{})} {
		if diff := cmp.Diff(want, texts(t, s)); diff != "" {
			t.Error(diff)
		}
	}
	// Revisions go on where they were.
	if saved := mustPut(t, b, plan("a", "three"), tenants.Match{Revision: 2}); saved.Revision != 3 {
		t.Errorf("revision %d, want 3", saved.Revision)
	}
}

// TestRedisChangeAfterFlush: the first change after a flush must not pass for the only document.
func TestRedisChangeAfterFlush(t *testing.T) {
	server := startRedis(t)
	s := server.open(t, RedisOptions{})
	mustPut(t, s, plan("a", "one"), tenants.Match{})
	texts(t, s)
	client := server.dial()
	defer release(client)
	if err := client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, plan("b", "two"), tenants.Match{})
	want := map[string]string{"plans/a": "one@1", "plans/b": "two@1"}
	if diff := cmp.Diff(want, texts(t, server.open(t, RedisOptions{}))); diff != "" {
		t.Error(diff)
	}
}

func TestRedisWatchTellsOfRecovery(t *testing.T) {
	server := startRedis(t)
	server.stop()
	s := server.open(t, RedisOptions{})
	texts(t, s)
	ctx, stop := context.WithCancel(t.Context())
	changed := make(chan struct{}, 100)
	var watching sync.WaitGroup
	watching.Go(func() { _ = s.Watch(ctx, func() { changed <- struct{}{} }) })
	<-changed
	if !server.start(t) {
		t.Fatal("redis-server does not start again")
	}
	select {
	case <-changed:
	case <-time.After(patience):
		t.Error("the recovery was not reported")
	}
	stop()
	watching.Wait()
}

func TestRedisIgnoresABrokenCopy(t *testing.T) {
	dir := t.TempDir()
	c, err := openCopy(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]redisRecord{
		"plans/a": {head: head{Revision: 1, Path: "plans/a.yaml"}, text: []byte("one")},
		"plans/b": {head: head{Revision: 4, Path: "plans/b.yaml"}, text: []byte("two")},
	}
	if err := c.keep("epoch", all); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, copyName)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(whole); i += 3 {
		broken := append(append([]byte{}, whole[:i]...), '?')
		if i%2 == 0 { // else torn
			broken = append(broken, whole[i+1:]...)
		}
		if err := os.WriteFile(path, broken, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := openCopy(dir)
		if err != nil {
			t.Fatalf("byte %d: %v", i, err)
		}
		got, err := c.read()
		if err != nil {
			t.Fatalf("byte %d: %v", i, err)
		}
		for key, rec := range got {
			if string(rec.text) != string(all[key].text) || rec.head != all[key].head {
				t.Fatalf("byte %d: %s is %+v", i, key, rec)
			}
		}
		if err := c.keep("epoch", all); err != nil {
			t.Fatalf("byte %d: %v", i, err)
		}
		c, err = openCopy(dir)
		if err != nil || len(c.revisions) != 2 {
			t.Fatalf("byte %d: the copy was not mended: %v, %v", i, c.revisions, err)
		}
	}
}

func TestImportBringsWhatIsMissing(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() tenants.Store) {
		s := open()
		mustPut(t, s, plan("there", "theirs"), tenants.Match{})
		mustPut(t, s, plan("deleted", "x"), tenants.Match{})
		if err := s.Delete(t.Context(), tenants.KindPlans, "deleted", tenants.Match{}, "bob"); err != nil {
			t.Fatal(err)
		}
		docs := []tenants.Document{
			plan("there", "ours"), plan("deleted", "ours"), plan("new", "ours"),
			{Kind: tenants.KindPlans, Name: "faulty", Fault: "is a pipe"},
			{Kind: tenants.KindTenants, Name: "BAD"},
		}
		for _, want := range []int{1, 0} { // the second time there is nothing to do
			if n, err := Import(t.Context(), docs, s, "import"); n != want || err != nil {
				t.Errorf("imported %d, %v, want %d", n, err, want)
			}
		}
		want := map[string]string{"plans/there": "theirs@1", "plans/new": "ours@1"}
		if diff := cmp.Diff(want, texts(t, s)); diff != "" {
			t.Error(diff)
		}
	})
}

// TestRedisCluster: whatever a script touches is in one slot.
func TestRedisCluster(t *testing.T) {
	server := startRedis(t, "--cluster-enabled", "yes")
	node := server.dial()
	defer release(node)
	if err := node.Do(t.Context(), "CLUSTER", "ADDSLOTSRANGE", 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a cluster that is ok", func() bool {
		info, _ := node.ClusterInfo(t.Context()).Result()
		return strings.Contains(info, "cluster_state:ok")
	})
	client := redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: []string{server.address}, ContextTimeoutEnabled: true, DisableIdentity: true,
	})
	s, err := NewRedis(client, RedisOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := errors.Join(s.Close(), client.Close()); err != nil {
			t.Error(err)
		}
	}()
	mustPut(t, s, plan("a", "one"), tenants.Match{Absent: true})
	mustPut(t, s, plan("b", "two"), tenants.Match{})
	mustPut(t, s, plan("a", "three"), tenants.Match{Revision: 1})
	if err := s.Delete(t.Context(), tenants.KindPlans, "b", tenants.Match{}, "bob"); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"plans/a": "three@2"}
	if diff := cmp.Diff(want, texts(t, s)); diff != "" {
		t.Error(diff)
	}
	if doc, err := s.At(t.Context(), tenants.KindPlans, "a", 1); err != nil || string(doc.Text) != "one" {
		t.Errorf("at 1: %q, %v", doc.Text, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	changed := make(chan struct{}, 100)
	var watching sync.WaitGroup
	watching.Go(func() { _ = s.Watch(ctx, func() { changed <- struct{}{} }) })
	for range 2 { // at the start, and at the first look
		<-changed
	}
	mustPut(t, s, plan("c", "four"), tenants.Match{})
	select {
	case <-changed:
	case <-time.After(patience):
		t.Error("the change was not reported")
	}
	stop()
	watching.Wait()
	if err := node.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	want["plans/c"] = "four@1"
	if diff := cmp.Diff(want, texts(t, s)); diff != "" {
		t.Errorf("after a flush: %s", diff)
	}
}
