package sse_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"atrium/bff/sse"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAppendEvent(t *testing.T) {
	tests := []struct{ id, name, data, want string }{
		{"", "", "x", "data: x\n\n"},
		{"7", "part", "x", "event: part\nid: 7\ndata: x\n\n"},
		{"", "", "a\r\nb\n", "data: a\ndata: b\ndata: \n\n"},
		{"", "", "", "data: \n\n"},
	}
	for _, tt := range tests {
		if got := string(sse.AppendEvent([]byte("before\n"), tt.id, tt.name, []byte(tt.data))); got != "before\n"+tt.want {
			t.Errorf("%q", got)
		}
	}
}

// recorder is a client that notes each flushed write with the time since the start.
type recorder struct {
	*httptest.ResponseRecorder
	start  time.Time
	writes []string
	fails  error
}

func (r *recorder) Write(p []byte) (int, error) {
	if r.fails != nil {
		return 0, r.fails
	}
	r.writes = append(r.writes, time.Since(r.start).String()+" "+string(p))
	return len(p), nil
}

func TestHeartbeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := &recorder{ResponseRecorder: httptest.NewRecorder(), start: time.Now()}
		w := sse.NewWriter(rec, sse.Options{Heartbeat: 10 * time.Second, Beat: ": hb\n"})
		wake := make(chan struct{}, 1)
		time.AfterFunc(25*time.Second, func() { wake <- struct{}{} })
		if err := w.Open(); err != nil {
			t.Fatal(err)
		}
		if err := w.Wait(t.Context(), wake); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("data: x\n\n")); err != nil {
			t.Fatal(err)
		}
		left := errors.New("left")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(15*time.Second, func() { cancel(left) })
		if err := w.Wait(ctx, wake); !errors.Is(err, left) {
			t.Errorf("error %v", err)
		}
		want := "10s : hb\n|20s : hb\n|25s data: x\n\n|35s : hb\n"
		if got := strings.Join(rec.writes, "|"); got != want {
			t.Errorf("wrote %q, want %q", got, want)
		}
		rec.fails = io.ErrClosedPipe
		if err := w.Wait(t.Context(), wake); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("a heartbeat to nobody: %v", err)
		}
	})
}

// serve runs a handler on a real server, of HTTP/1.1 or HTTP/2, and returns its answer.
func serve(t *testing.T, protocol int, h func(http.ResponseWriter, *http.Request)) *http.Response {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(h))
	s.EnableHTTP2 = protocol == 2
	s.Config.WriteTimeout = time.Minute
	s.StartTLS()
	t.Cleanup(s.Close)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	if res.ProtoMajor != protocol {
		t.Fatalf("protocol %s", res.Proto)
	}
	return res
}

func TestEndAndAbort(t *testing.T) {
	for _, protocol := range []int{1, 2} {
		for _, abort := range []bool{false, true} {
			res := serve(t, protocol, func(rw http.ResponseWriter, _ *http.Request) {
				w := sse.NewWriter(rw, sse.Options{})
				_ = w.Open()
				_, _ = w.Write([]byte("data: x\n\n"))
				if abort {
					w.Abort()
				}
			})
			body, err := io.ReadAll(res.Body)
			if (err != nil) != abort || !abort && string(body) != "data: x\n\n" {
				t.Errorf("HTTP/%d, abort %v: %q, error %v", protocol, abort, body, err)
			}
			h := res.Header
			if h.Get("Content-Type") != "text/event-stream" || h.Get("Cache-Control") != "no-cache, no-transform" ||
				h.Get("X-Accel-Buffering") != "no" || h.Get("Content-Length") != "" || h.Get("Connection") != "" {
				t.Errorf("headers %v", h)
			}
		}
	}
}

func TestAbortWithoutDeadlinesPanics(t *testing.T) {
	defer func() {
		if p := recover(); p != http.ErrAbortHandler { //nolint:errorlint // the very value that net/http looks for
			t.Errorf("recovered %v", p)
		}
	}()
	sse.NewWriter(httptest.NewRecorder(), sse.Options{}).Abort()
}

// A client that does not read ends its own stream within the write timeout, and with it the handler.
func TestSlowClient(t *testing.T) {
	for _, protocol := range []int{1, 2} {
		failed := make(chan error, 1)
		serve(t, protocol, func(rw http.ResponseWriter, _ *http.Request) {
			w := sse.NewWriter(rw, sse.Options{WriteTimeout: 100 * time.Millisecond})
			err := w.Open()
			event := []byte("data: " + strings.Repeat("x", 1<<16) + "\n\n")
			for err == nil {
				_, err = w.Write(event)
			}
			failed <- err
		})
		if err := <-failed; err == nil {
			t.Errorf("HTTP/%d: no error", protocol)
		}
	}
}

// A server's read deadline, which the request has used up, must not end the stream.
func TestReadTimeoutOfTheServer(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w := sse.NewWriter(rw, sse.Options{Heartbeat: 20 * time.Millisecond})
		_ = w.Open()
		ctx, cancel := context.WithTimeout(r.Context(), 300*time.Millisecond)
		defer cancel()
		_ = w.Wait(ctx, nil)
		if r.Context().Err() == nil {
			_, _ = w.Write([]byte("data: still here\n\n"))
		}
	}))
	s.Config.ReadTimeout = 100 * time.Millisecond
	s.Start()
	defer s.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	res, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil || !strings.Contains(string(body), "still here") {
		t.Errorf("%q, error %v", body, err)
	}
}
