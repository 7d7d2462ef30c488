package chat_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"atrium/bff/chat"
)

// A failure is logged once: in the log line of the request that was told, else by the generation itself.
func TestFailuresAreLoggedOnce(t *testing.T) {
	for _, watched := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			u := &upstream{play: func(ctx context.Context, _ int, w io.Writer) {
				_, _ = io.WriteString(w, chunk("Hel"))
				select {
				case <-time.After(time.Second):
				case <-ctx.Done():
				}
			}}
			m := model(u)
			m.OnDisconnect = chat.Finish
			var lines bytes.Buffer
			g := newGenerations(t, chat.Options{Log: slog.New(slog.NewTextHandler(&lines, nil))})
			s := ask(t.Context(), g, "/assistant", hi, chat.Call{Models: []*chat.Model{m}})
			s.until(t, "Hel")
			if !watched {
				s.leave(errLeft)
			}
			s.wait()
			time.Sleep(2 * time.Second)
			synctest.Wait()
			logged := strings.Contains(lines.String(), "level=WARN") && strings.Contains(lines.String(), "finish reason")
			if logged == watched || watched != strings.Contains(s.err.Error(), "finish reason") {
				t.Errorf("watched %v: error %v, logged %q", watched, s.err, lines.String())
			}
		})
	}
}

func TestFallbacksAreLogged(t *testing.T) {
	var lines bytes.Buffer
	g := newGenerations(t, chat.Options{Log: slog.New(slog.NewTextHandler(&lines, nil))})
	ask(t.Context(), g, "/assistant", hi, chat.Call{Models: []*chat.Model{model(refuses(500, "", "{}")), model(says(hello))}}).wait()
	if got := lines.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "model failed, asking the next") {
		t.Errorf("logged %q", got)
	}
}
