package store

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"atrium/tenants"
)

// openFleet opens a replica whose folder holds one plan with the text.
func openFleet(t *testing.T, server *redisServer, text string) *Fleet {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "plans"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "plans", "small.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	folder, err := OpenFolder(dir, FolderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return NewFleet(server.open(t, RedisOptions{Copy: t.TempDir()}), folder, slog.New(slog.DiscardHandler))
}

func TestFleetServesWhatRedisHolds(t *testing.T) {
	server := startRedis(t)
	first := openFleet(t, server, "streams: 1")
	if got := texts(t, first)["plans/small"]; !strings.HasPrefix(got, "streams: 1@") {
		t.Errorf("the folder was not imported: %q", got)
	}
	second := openFleet(t, server, "streams: 2")
	if got := texts(t, second)["plans/small"]; !strings.HasPrefix(got, "streams: 1@") {
		t.Errorf("a folder won over Redis: %q", got)
	}
	mustPut(t, second, plan("small", "streams: 3"), tenants.Match{})
	if got := texts(t, first)["plans/small"]; !strings.HasPrefix(got, "streams: 3@") {
		t.Errorf("the other replica's change is not seen: %q", got)
	}
}

func TestFleetServesItsFolderUntilRedisComes(t *testing.T) {
	server := startRedis(t)
	server.stop()
	f := openFleet(t, server, "streams: 1")
	if got := texts(t, f)["plans/small"]; !strings.HasPrefix(got, "streams: 1@") || !strings.Contains(f.Degraded(), "the folder is served") {
		t.Errorf("without Redis it serves %q and says %q", got, f.Degraded())
	}
	ctx, stop := context.WithCancel(t.Context())
	changed := make(chan struct{}, 100)
	var watching sync.WaitGroup
	watching.Go(func() { _ = f.Watch(ctx, func() { changed <- struct{}{} }) })
	<-changed
	if !server.start(t) {
		t.Fatal("redis-server does not start again")
	}
	<-changed
	eventually(t, "the folder is imported", func() bool { _ = texts(t, f); return f.Degraded() == "" && f.imported.Load() })
	stop()
	watching.Wait()
	other := openFleet(t, server, "streams: 9")
	if got := texts(t, other)["plans/small"]; !strings.HasPrefix(got, "streams: 1@") {
		t.Errorf("Redis holds %q", got)
	}
}
