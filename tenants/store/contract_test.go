package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"atrium/tenants"
)

// eachStore runs a test against both stores. Each call of open returns another store over the same documents.
func eachStore(t *testing.T, test func(t *testing.T, open func() tenants.Store)) {
	t.Run("folder", func(t *testing.T) {
		dir, data := t.TempDir(), t.TempDir()
		test(t, func() tenants.Store {
			f, err := OpenFolder(dir, FolderOptions{Data: data})
			if err != nil {
				t.Fatal(err)
			}
			return f
		})
	})
	t.Run("redis", func(t *testing.T) {
		server := startRedis(t)
		test(t, func() tenants.Store { return server.open(t, RedisOptions{}) })
	})
}

func plan(name, text string) tenants.Document {
	return tenants.Document{Kind: tenants.KindPlans, Name: name, Text: []byte(text)}
}

func mustPut(t *testing.T, s tenants.Store, doc tenants.Document, m tenants.Match) tenants.Document {
	t.Helper()
	saved, err := s.Put(t.Context(), doc, m, "alice")
	if err != nil {
		t.Fatalf("put %s: %v", doc.Key(), err)
	}
	return saved
}

// texts returns the documents of a store by key.
func texts(t *testing.T, s tenants.Store) map[string]string {
	t.Helper()
	docs, err := s.Load(t.Context())
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	all := map[string]string{}
	for _, doc := range docs {
		all[doc.Key()] = fmt.Sprintf("%s@%d", doc.Text, doc.Revision)
	}
	return all
}

func TestStoreKeepsWhatIsPut(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() tenants.Store) {
		s := open()
		if got := texts(t, s); len(got) != 0 {
			t.Fatalf("a new store has %v", got)
		}
		for key, text := range map[string]string{
			"text": "streams: 1\n", "empty": "", "binary": "\x00\xff\n\nä\r\n", "json": `{"streams": 2}`,
		} {
			saved := mustPut(t, s, plan(key, text), tenants.Match{})
			if saved.Revision != 1 || string(saved.Text) != text || time.Since(saved.Modified) > time.Minute {
				t.Errorf("put %q returned %+v", text, saved)
			}
			if want := tenants.DefaultPath(tenants.KindPlans, key, []byte(text)); saved.Path != want {
				t.Errorf("path %s, want %s", saved.Path, want)
			}
		}
		want := map[string]string{
			"plans/text": "streams: 1\n@1", "plans/empty": "@1", "plans/binary": "\x00\xff\n\nä\r\n@1",
			"plans/json": `{"streams": 2}@1`,
		}
		if diff := cmp.Diff(want, texts(t, s)); diff != "" {
			t.Errorf("the store that put: %s", diff)
		}
		if diff := cmp.Diff(want, texts(t, open())); diff != "" {
			t.Errorf("a store opened later: %s", diff)
		}
	})
}

func TestStoreComparesRevisions(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() tenants.Store) {
		s := open()
		mustPut(t, s, plan("a", "1"), tenants.Match{Absent: true})
		mustPut(t, s, plan("a", "2"), tenants.Match{Revision: 1})
		refused := []struct {
			name string
			doc  tenants.Document
			m    tenants.Match
		}{
			{"an old revision", plan("a", "x"), tenants.Match{Revision: 1}},
			{"a revision to come", plan("a", "x"), tenants.Match{Revision: 3}},
			{"absent, but there", plan("a", "x"), tenants.Match{Absent: true}},
			{"a revision of nothing", plan("b", "x"), tenants.Match{Revision: 1}},
		}
		for _, c := range refused {
			if _, err := s.Put(t.Context(), c.doc, c.m, "eve"); !errors.Is(err, tenants.ErrConflict) {
				t.Errorf("%s: %v, want ErrConflict", c.name, err)
			}
		}
		if err := s.Delete(t.Context(), tenants.KindPlans, "a", tenants.Match{Revision: 1}, "eve"); !errors.Is(err, tenants.ErrConflict) {
			t.Errorf("delete an old revision: %v, want ErrConflict", err)
		}
		if diff := cmp.Diff(map[string]string{"plans/a": "2@2"}, texts(t, s)); diff != "" {
			t.Errorf("what was refused has changed something: %s", diff)
		}
	})
}

func TestStoreOneOfManyWins(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() tenants.Store) {
		s := open()
		mustPut(t, s, plan("a", "first"), tenants.Match{})
		var won, lost atomic.Int32
		var racing sync.WaitGroup
		for i := range 16 {
			racing.Go(func() {
				_, err := s.Put(t.Context(), plan("a", name(i)), tenants.Match{Revision: 1}, "racer")
				switch {
				case err == nil:
					won.Add(1)
				case errors.Is(err, tenants.ErrConflict):
					lost.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		racing.Wait()
		if won.Load() != 1 || lost.Load() != 15 {
			t.Errorf("%d won and %d lost, want 1 and 15", won.Load(), lost.Load())
		}
	})
}

func TestStoreDeletes(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() tenants.Store) {
		s := open()
		if err := s.Delete(t.Context(), tenants.KindPlans, "a", tenants.Match{}, "bob"); !errors.Is(err, tenants.ErrNotFound) {
			t.Errorf("delete nothing: %v, want ErrNotFound", err)
		}
		mustPut(t, s, plan("a", "1"), tenants.Match{})
		if err := s.Delete(t.Context(), tenants.KindPlans, "a", tenants.Match{Revision: 1}, "bob"); err != nil {
			t.Fatal(err)
		}
		if err := s.Delete(t.Context(), tenants.KindPlans, "a", tenants.Match{}, "bob"); !errors.Is(err, tenants.ErrNotFound) {
			t.Errorf("delete twice: %v, want ErrNotFound", err)
		}
		if got := texts(t, open()); len(got) != 0 {
			t.Errorf("after the deletion there is %v", got)
		}
		// A revision never comes back: whoever holds an old one must not match the new document.
		if saved := mustPut(t, s, plan("a", "again"), tenants.Match{Absent: true}); saved.Revision != 3 {
			t.Errorf("revision %d after a deletion, want 3", saved.Revision)
		}
	})
}

func TestStoreRemembersHistory(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() tenants.Store) {
		s := open()
		if _, err := s.History(t.Context(), tenants.KindPlans, "a"); !errors.Is(err, tenants.ErrNotFound) {
			t.Errorf("history of nothing: %v, want ErrNotFound", err)
		}
		mustPut(t, s, plan("a", "one"), tenants.Match{})
		mustPut(t, s, plan("a", "two\xff"), tenants.Match{})
		if err := s.Delete(t.Context(), tenants.KindPlans, "a", tenants.Match{}, "bob"); err != nil {
			t.Fatal(err)
		}
		s = open()
		history, err := s.History(t.Context(), tenants.KindPlans, "a")
		if err != nil {
			t.Fatal(err)
		}
		for i := range history {
			if time.Since(history[i].Modified) > time.Minute {
				t.Errorf("modified %s", history[i].Modified)
			}
			history[i].Modified = time.Time{}
		}
		want := []tenants.Revision{{Revision: 3, By: "bob", Deleted: true}, {Revision: 2, By: "alice"}, {Revision: 1, By: "alice"}}
		if diff := cmp.Diff(want, history); diff != "" {
			t.Errorf("history: %s", diff)
		}
		doc, err := s.At(t.Context(), tenants.KindPlans, "a", 2)
		if err != nil || string(doc.Text) != "two\xff" || doc.Revision != 2 || doc.Key() != "plans/a" {
			t.Errorf("at 2: %+v, %v", doc, err)
		}
		for _, revision := range []int64{0, 3, 4} {
			if _, err := s.At(t.Context(), tenants.KindPlans, "a", revision); !errors.Is(err, tenants.ErrNotFound) {
				t.Errorf("at %d: %v, want ErrNotFound", revision, err)
			}
		}
	})
}

func TestStoreBoundsHistory(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() tenants.Store) {
		s := open()
		for i := range keepRevisions + 20 {
			mustPut(t, s, plan("a", name(i)), tenants.Match{Revision: int64(i)})
		}
		history, err := s.History(t.Context(), tenants.KindPlans, "a")
		if err != nil || len(history) != keepRevisions || history[0].Revision != keepRevisions+20 {
			t.Fatalf("%d revisions, newest %v; %v", len(history), history[0], err)
		}
		if _, err := s.At(t.Context(), tenants.KindPlans, "a", 20); !errors.Is(err, tenants.ErrNotFound) {
			t.Errorf("the oldest that is gone: %v, want ErrNotFound", err)
		}
		if doc, err := s.At(t.Context(), tenants.KindPlans, "a", 21); err != nil || string(doc.Text) != name(20) {
			t.Errorf("the oldest that is kept: %q, %v", doc.Text, err)
		}
	})
}

func TestStoreAuditsWithoutText(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() tenants.Store) {
		s := open()
		mustPut(t, s, plan("a", "hush"), tenants.Match{})
		mustPut(t, s, plan("a", "hush again"), tenants.Match{})
		mustPut(t, s, plan("b", "hush"), tenants.Match{})
		if err := s.Delete(t.Context(), tenants.KindPlans, "a", tenants.Match{}, "bob"); err != nil {
			t.Fatal(err)
		}
		s = open()
		var got []string
		before := int64(0)
		for range 3 { // pages of two
			events, err := s.Audit(t.Context(), before, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range events {
				got = append(got, fmt.Sprintf("%s %s %s/%s@%d", e.By, e.Action, e.Kind, e.Name, e.Revision))
				if time.Since(e.Time) > time.Minute {
					t.Errorf("event at %s", e.Time)
				}
				before = e.Sequence
			}
		}
		want := []string{"bob delete plans/a@3", "alice create plans/b@1", "alice update plans/a@2", "alice create plans/a@1"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("audit: %s", diff)
		}
	})
}

func TestStoreRefusesNames(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() tenants.Store) {
		s := open()
		for _, doc := range []tenants.Document{
			{Kind: tenants.KindPlans, Name: "../escape"},
			{Kind: tenants.KindPlans, Name: "a/b"},
			{Kind: tenants.KindPlans},
			{Kind: tenants.KindPlans, Name: ".hidden"},
			{Kind: tenants.KindPlans, Name: "a\x00"},
			{Kind: "secrets", Name: "a"},
			{Kind: tenants.KindTenants, Name: "Acme"},
			{Kind: tenants.KindTenants, Name: "-"},
		} {
			if _, err := s.Put(t.Context(), doc, tenants.Match{}, "eve"); !errors.Is(err, tenants.ErrName) {
				t.Errorf("put %q: %v, want ErrName", doc.Key(), err)
			}
			if err := s.Delete(t.Context(), doc.Kind, doc.Name, tenants.Match{}, "eve"); !errors.Is(err, tenants.ErrName) {
				t.Errorf("delete %q: %v, want ErrName", doc.Key(), err)
			}
		}
		large := plan("large", string(make([]byte, tenants.KindPlans.MaxText()+1)))
		if _, err := s.Put(t.Context(), large, tenants.Match{}, "eve"); !errors.Is(err, tenants.ErrTooLarge) {
			t.Errorf("put too much: %v, want ErrTooLarge", err)
		}
		if got := texts(t, s); len(got) != 0 {
			t.Errorf("what was refused is there: %v", got)
		}
	})
}

func TestStoreWatchSeesOthersChanges(t *testing.T) {
	eachStore(t, func(t *testing.T, open func() tenants.Store) {
		s, other := open(), open()
		texts(t, s)
		ctx, stop := context.WithCancel(t.Context())
		changed := make(chan struct{}, 100)
		var watching sync.WaitGroup
		watching.Go(func() {
			if err := s.Watch(ctx, func() { changed <- struct{}{} }); err != nil {
				t.Errorf("watch: %v", err)
			}
		})
		<-changed // at its start
		for i, doc := range []tenants.Document{plan("a", "1"), plan("b", "2"), plan("a", "3")} {
			saved := mustPut(t, other, doc, tenants.Match{})
			want := fmt.Sprintf("%s@%d", doc.Text, saved.Revision)
			deadline := time.After(patience)
			for texts(t, s)[doc.Key()] != want {
				select {
				case <-changed:
				case <-deadline:
					t.Fatalf("change %d was not seen", i)
				}
			}
		}
		stop()
		watching.Wait()
		if text := s.Degraded(); text != "" {
			t.Errorf("degraded: %s", text)
		}
	})
}
