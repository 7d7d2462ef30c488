package cache

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"atrium/cache/redistest"

	"github.com/redis/go-redis/v9"
)

// lines is a log that goroutines may write.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestGuard(t *testing.T) {
	s := redistest.Start(t)
	client, err := Connect(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	var log lines
	g := NewGuard(client, GuardOptions{Log: slog.New(slog.NewTextHandler(&log, nil))})
	defer g.Close()
	ping := func(ctx context.Context) error {
		return g.Do(ctx, func(ctx context.Context, c redis.UniversalClient) error { return c.Ping(ctx).Err() })
	}

	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 {
		if err := g.Do(t.Context(), func(ctx context.Context, c redis.UniversalClient) error {
			return c.Do(ctx, "NOSUCHCOMMAND").Err()
		}); err == nil {
			t.Fatal("an unknown command succeeds")
		}
		if err := ping(gone); err == nil {
			t.Fatal("a cancelled call succeeds")
		}
	}
	if !g.Up() {
		t.Fatal("error replies and callers that left opened the breaker")
	}

	s.Pause()
	for range tripAfter {
		start := time.Now()
		if err := ping(t.Context()); err == nil {
			t.Fatal("a stalled server answers")
		}
		if took := time.Since(start); took > 20*defaultBudget {
			t.Errorf("a call took %v", took)
		}
	}
	if err := ping(t.Context()); !errors.Is(err, ErrUnavailable) || g.Up() {
		t.Errorf("after %d failures: %v", tripAfter, err)
	}
	s.Resume()
	eventually(t, 3*time.Second, "the breaker closes", g.Up)
	if err := ping(t.Context()); err != nil {
		t.Errorf("closed again: %v", err)
	}
	if said := log.String(); strings.Count(said, "does not answer") != 1 || strings.Count(said, "answers again") != 1 {
		t.Errorf("the log says\n%s", said)
	}
}
