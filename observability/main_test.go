package observability

import (
	"bytes"
	"context"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start returns telemetry that reads env and logs into the returned buffer.
func start(t testing.TB, env map[string]string, change func(*Options)) (*Telemetry, *logBuffer) {
	t.Helper()
	log := &logBuffer{}
	opts := Options{Version: "1.2.3", Getenv: func(k string) string { return env[k] }, LogOutput: log}
	if change != nil {
		change(&opts)
	}
	telemetry, err := New(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := telemetry.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return telemetry, log
}

// logBuffer is a bytes.Buffer for several goroutines.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// requests returns instruments of telemetry.
func requests(t testing.TB, telemetry *Telemetry) *Requests {
	t.Helper()
	q, err := NewRequests(telemetry.Meter("test"))
	if err != nil {
		t.Fatal(err)
	}
	return q
}
