package sessions

import (
	"context"
	"crypto/sha256"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"atrium/cache"
	"atrium/cache/redistest"
)

func key(tenant, kind, id string) Key {
	return Key{Tenant: tenant, Kind: kind, ID: sha256.Sum256([]byte(id))}
}

func must[T any](t *testing.T) func(v T, err error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// stores are all implementations: what holds for one holds for the other.
func stores(t *testing.T, check func(t *testing.T, s Store)) {
	t.Run("memory", func(t *testing.T) { check(t, NewMemory(nil)) })
	t.Run("redis", func(t *testing.T) {
		client, err := cache.Connect("redis://" + redistest.Start(t).Addr + "/0?timeout=2s&dialTimeout=2s")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = client.Close() }()
		check(t, NewRedis(client))
	})
}

func TestARecordIsItsTenantsAndKindsAlone(t *testing.T) {
	stores(t, func(t *testing.T, s Store) {
		ctx, mine := t.Context(), key("acme", "session", "1")
		if err := s.Put(ctx, mine, []byte("secret"), time.Minute); err != nil {
			t.Fatal(err)
		}
		for _, other := range []Key{key("globex", "session", "1"), key("acme", "login", "1"), key("acme", "session", "2")} {
			if got := must[[]byte](t)(s.Get(ctx, other, time.Minute)); got != nil {
				t.Errorf("%v finds %q", other, got)
			}
			if ok := must[bool](t)(s.Replace(ctx, other, []byte("x"), time.Minute)); ok {
				t.Errorf("%v was replaced and is not there", other)
			}
			if got := must[[]byte](t)(s.Get(ctx, other, time.Minute)); got != nil {
				t.Errorf("replacing made %v", other)
			}
		}
		if got := must[[]byte](t)(s.Get(ctx, mine, time.Minute)); string(got) != "secret" {
			t.Errorf("found %q", got)
		}
		if ok := must[bool](t)(s.Replace(ctx, mine, []byte("newer"), time.Minute)); !ok {
			t.Error("it is there and was not replaced")
		}
		if got := must[[]byte](t)(s.Take(ctx, mine)); string(got) != "newer" {
			t.Errorf("took %q", got)
		}
		if got := must[[]byte](t)(s.Get(ctx, mine, time.Minute)); got != nil {
			t.Errorf("taken and still there: %q", got)
		}
	})
}

func TestOnlyOneTakesARecord(t *testing.T) {
	stores(t, func(t *testing.T, s Store) {
		k := key("acme", "login", "1")
		if err := s.Put(t.Context(), k, []byte("v"), time.Minute); err != nil {
			t.Fatal(err)
		}
		var took atomic.Int32
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if v, err := s.Take(context.WithoutCancel(t.Context()), k); err == nil && v != nil {
					took.Add(1)
				}
			})
		}
		all.Wait()
		if took.Load() != 1 {
			t.Errorf("%d took it", took.Load())
		}
	})
}

func TestALockHasOneHolder(t *testing.T) {
	stores(t, func(t *testing.T, s Store) {
		ctx, k := t.Context(), key("acme", "session", "1")
		unlock, ok, err := s.Lock(ctx, k, time.Minute)
		if err != nil || !ok {
			t.Fatalf("a free lock: %v, %v", ok, err)
		}
		if _, ok, _ := s.Lock(ctx, k, time.Minute); ok {
			t.Fatal("two hold it")
		}
		unlock(ctx)
		again, ok, _ := s.Lock(ctx, k, time.Minute)
		if !ok {
			t.Fatal("it was not given back")
		}
		unlock(ctx) // whose time is over opens nobody else's
		if _, ok, _ := s.Lock(ctx, k, time.Minute); ok {
			t.Error("who held it before opened it")
		}
		again(ctx)
	})
}

func TestARecordLivesFromItsLastUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ctx, k := NewMemory(nil), t.Context(), key("acme", "session", "1")
		_ = s.Put(ctx, k, []byte("v"), time.Hour)
		for range 5 {
			time.Sleep(59 * time.Minute)
			if v, _ := s.Get(ctx, k, time.Hour); v == nil {
				t.Fatal("used within its life and gone")
			}
		}
		time.Sleep(time.Hour)
		if v, _ := s.Get(ctx, k, time.Hour); v != nil {
			t.Fatal("idle for its life and still there")
		}
		if ok, _ := s.Replace(ctx, k, []byte("v"), time.Hour); ok {
			t.Fatal("a record that ended came back")
		}
	})
}

func TestMemoryIsBoundedAndFair(t *testing.T) {
	s, ctx := NewMemory(nil), t.Context()
	size := recordOverhead + 100
	s.perTenant, s.all = 10*size, 15*size
	kept := key("globex", "session", "kept")
	_ = s.Put(ctx, kept, make([]byte, 100), time.Hour)
	for i := range 1000 {
		_ = s.Put(ctx, key("acme", "login", string(rune(i))), make([]byte, 100), time.Hour)
		if len(s.records) > 11 || s.bytes > s.all {
			t.Fatalf("%d records of %d bytes", len(s.records), s.bytes)
		}
	}
	if v, _ := s.Get(ctx, kept, time.Hour); v == nil {
		t.Error("one tenant's flood displaced another tenant's session")
	}
	if v, _ := s.Get(ctx, key("acme", "login", string(rune(999))), time.Hour); v == nil {
		t.Error("the latest went, not the oldest")
	}
	for i := range 100 {
		_ = s.Put(ctx, key("tenant"+string(rune(i)), "session", "x"), make([]byte, 100), time.Hour)
	}
	if s.bytes > s.all || len(s.groups) > 15 || s.used.Len() != len(s.records) {
		t.Errorf("%d bytes, %d groups, %d of %d records", s.bytes, len(s.groups), s.used.Len(), len(s.records))
	}
}
