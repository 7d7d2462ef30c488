package chat_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"atrium/bff/chat"
)

const hour = time.Hour

// drainFor drains with a deadline and checks how long that takes.
func drainFor(t *testing.T, g *chat.Generations, want, deadline string) {
	t.Helper()
	limit, err := time.ParseDuration(deadline)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	start := time.Now()
	g.Drain(ctx)
	if took := time.Since(start).String(); took != want {
		t.Errorf("drained in %s, want %s", took, want)
	}
}

// server serves a chat route over real connections.
func server(t *testing.T, g *chat.Generations, m *chat.Model, protocol int) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = g.ServeChat(w, r, chat.Call{Tenant: "acme", Models: []*chat.Model{m}})
	}))
	s.EnableHTTP2 = protocol == 2
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// When a client closes its connection the upstream's request ends at once, over HTTP/1.1 and HTTP/2.
func TestClientLeavesARealConnection(t *testing.T) {
	for _, protocol := range []int{1, 2} {
		u := holds(chunk("Hel"))
		g := newGenerations(t, chat.Options{})
		s := server(t, g, model(u), protocol)
		ctx, cancel := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, strings.NewReader(hi))
		if err != nil {
			t.Fatal(err)
		}
		res, err := s.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if res.ProtoMajor != protocol {
			t.Fatalf("protocol %s", res.Proto)
		}
		if _, err := io.ReadAtLeast(res.Body, make([]byte, 64), 10); err != nil {
			t.Fatal(err)
		}
		left := time.Now()
		cancel()
		<-u.ended
		if took := time.Since(left); took > 2*time.Second {
			t.Errorf("HTTP/%d: the upstream was let go after %s", protocol, took)
		}
		_ = res.Body.Close()
	}
}

// A broken answer ends the connection in a way that no client takes for the end; TestMain sees that nothing is left over.
func TestManyAborts(t *testing.T) {
	const clients, each = 10, 10
	u := holds(strings.Repeat(chunk("Hello"), 10))
	g := newGenerations(t, chat.Options{})
	s := server(t, g, model(u), 1)
	var running sync.WaitGroup
	for range clients {
		running.Go(func() {
			for range each {
				ctx, cancel := context.WithCancel(t.Context())
				req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, strings.NewReader(hi))
				if err != nil {
					t.Error(err)
				}
				res, err := s.Client().Do(req)
				if err != nil {
					t.Error(err)
					cancel()
					continue
				}
				_, _ = io.ReadAtLeast(res.Body, make([]byte, 4096), 100)
				cancel()
				_ = res.Body.Close()
			}
		})
	}
	running.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	g.Drain(ctx)
	if errors.Is(ctx.Err(), context.DeadlineExceeded) || g.Open("acme") != 0 {
		t.Errorf("%d generations are left", g.Open("acme"))
	}
}

// Draining lets answers end, then cuts viewers off: a text viewer is told, and no viewer takes it for the end.
func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := holds(chunk("Hel"))
		m := model(u)
		m.OnDisconnect, m.Timeouts.Idle = chat.Finish, hour
		g := newGenerations(t, chat.Options{Heartbeat: hour})
		text := ask(t.Context(), g, "/assistant", hi, chat.Call{Models: []*chat.Model{m}})
		openai := ask(t.Context(), g, "/assistant?dialect=openai", hi, chat.Call{Models: []*chat.Model{m}})
		text.until(t, "Hel")
		openai.until(t, "Hel")
		drainFor(t, g, "28s", "30s")
		const shutdown = "200 text/event-stream\nid: 1\ndata: {\"content\":\"Hel\"}\n\nevent: shutdown\ndata: {}\n\n<abort>\n"
		if got := text.wait().String(); got != shutdown {
			t.Errorf("text:\n%s", got)
		}
		if got := openai.wait().String(); got != "200 text/event-stream\n"+chunk("Hel")+"<abort>\n" {
			t.Errorf("openai:\n%s", got)
		}
		<-u.ended
		<-u.ended
		if !errors.Is(text.err, errors.Unwrap(openai.err)) {
			t.Errorf("errors %v, %v", text.err, openai.err)
		}
	})
}

func TestDrainWaitsNoLongerThanNeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGenerations(t, chat.Options{})
		ask(t.Context(), g, "/assistant", hi, chat.Call{Models: []*chat.Model{model(says(hello))}}).wait()
		drainFor(t, g, "0s", "30s")
	})
}

func TestDrainBeforeTheFirstEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGenerations(t, chat.Options{})
		s := ask(t.Context(), g, "/assistant", hi, chat.Call{Models: []*chat.Model{model(holds(""))}})
		synctest.Wait()
		drainFor(t, g, "9s", "10s")
		if s.wait().status != http.StatusServiceUnavailable {
			t.Errorf("%s", s)
		}
	})
}
