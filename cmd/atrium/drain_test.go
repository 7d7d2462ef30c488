package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// lockedBuffer is output that is read while it is written.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// TestDemoEndsItsStreams holds that a stream that runs when the demo is told to stop comes to its end: the pretend model must outlive
// the server that asks it.
func TestDemoEndsItsStreams(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var out, log lockedBuffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{
			"demo", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--admin-token", "t", "--drain", "10s",
		}, &out, &log)
	}()
	address := regexp.MustCompile(`http://acme\.localhost(:\d+)/assistant`)
	var url string
	for range 500 {
		if found := address.FindStringSubmatch(out.String()); found != nil {
			url = "http://127.0.0.1" + found[1] + "/assistant"
			break
		}
		<-time.After(10 * time.Millisecond)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(
		`{"messages":[{"role":"user","content":"hi [fault slow@20]"}]}`))
	if err != nil {
		t.Fatalf("the demo says no address: %v\n%s%s", err, out.String(), log.String())
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Tenant", "acme")
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	first := make([]byte, 10)
	if _, err := io.ReadFull(resp.Body, first); err != nil {
		t.Fatal(err)
	}
	stop()
	rest, err := io.ReadAll(resp.Body)
	if err != nil || !strings.HasSuffix(string(rest), "data: [DONE]\n\n") {
		t.Errorf("the stream ended with %v and %q", err, rest[max(0, len(rest)-200):])
	}
	if code := <-ended; code != 0 {
		t.Errorf("the exit code is %d: %s", code, log.String())
	}
}
