package http1_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// closing answers once per connection, as if it were to be kept, and hangs up when the next request comes.
func closing(requests *atomic.Int64, last func(net.Conn)) func(int64, net.Conn, *bufio.Reader) {
	return func(_ int64, c net.Conn, in *bufio.Reader) {
		for first := true; ; first = false {
			req, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, req.Body)
			requests.Add(1)
			if !first {
				last(c)
				return
			}
			_, _ = io.WriteString(c, plain)
		}
	}
}

func TestSecondTry(t *testing.T) {
	begin := func(c net.Conn) { _, _ = io.WriteString(c, "H") }
	reset := func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }
	nothing := func(net.Conn) {}
	for name, test := range map[string]struct {
		method, body, key string
		last              func(net.Conn)
		again             bool
	}{
		"GET":              {"GET", "", "", nothing, true},
		"GET, reset":       {"GET", "", "", reset, true},
		"GET with a body":  {"GET", "text", "", nothing, true},
		"PUT":              {"PUT", "text", "", nothing, true},
		"POST":             {"POST", "text", "", nothing, false},
		"POST with a key":  {"POST", "text", "k", nothing, true},
		"PATCH":            {"PATCH", "text", "", nothing, false},
		"after first byte": {"GET", "", "", begin, false},
	} {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int64
			peer := newPeer(t, closing(&requests, test.last))
			tr := transport(t, options())
			if _, _, err := fetch(tr, request(t, http.MethodGet, peer.url, "")); err != nil {
				t.Fatal(err)
			}
			req := request(t, test.method, peer.url, test.body)
			if test.key != "" {
				req.Header.Set("Idempotency-Key", test.key)
			}
			_, text, err := fetch(tr, req)
			sent := requests.Load() - 1
			if again := err == nil && text == "ok" && sent == 2; again != test.again || !again && (err == nil || sent != 1) {
				t.Errorf("sent %d times: %q, %v", sent, text, err)
			}
		})
	}
	t.Run("not on a fresh connection", func(t *testing.T) {
		peer := newPeer(t, answering("", hangUp))
		if _, _, err := fetch(transport(t, options()), request(t, http.MethodGet, peer.url, "")); err == nil || peer.accepted.Load() != 1 {
			t.Errorf("%v, %d connections", err, peer.accepted.Load())
		}
	})
}

// What a server does to an idle connection is seen before the next request goes out, which then needs no second try.
func TestIdleConnectionsAreChecked(t *testing.T) {
	for name, disturb := range map[string]func(c net.Conn){
		"closed":       func(c net.Conn) { _ = c.Close() },
		"an answer to": func(c net.Conn) { _, _ = io.WriteString(c, strings.Replace(plain, "ok", "no", 1)) },
	} {
		t.Run(name, func(t *testing.T) {
			disturbed, do := make(chan struct{}), make(chan struct{})
			peer := newPeer(t, func(n int64, c net.Conn, in *bufio.Reader) {
				answering(plain, func() bool {
					if n == 1 {
						<-do
						disturb(c)
						close(disturbed)
					}
					return true
				})(n, c, in)
			})
			tr := transport(t, options())
			if _, _, err := fetch(tr, request(t, http.MethodGet, peer.url, "")); err != nil {
				t.Fatal(err)
			}
			close(do)
			<-disturbed
			_, text, err := fetch(tr, request(t, http.MethodPost, peer.url, "text")) // not one to be repeated
			if err != nil || text != "ok" || peer.accepted.Load() != 2 {
				t.Errorf("got %q, %v, %d connections", text, err, peer.accepted.Load())
			}
		})
	}
}

func TestNoMoreConnectionsThanAllowed(t *testing.T) {
	var open, most atomic.Int64
	peer := newPeer(t, func(n int64, c net.Conn, in *bufio.Reader) {
		now := open.Add(1)
		for was := most.Load(); now > was && !most.CompareAndSwap(was, now); was = most.Load() {
		}
		defer open.Add(-1)
		left := 5
		answering(plain, func() bool { left--; return left > 0 })(n, c, in)
	})
	o := options()
	o.OpenPerHost = 3
	tr := transport(t, o)
	var failed atomic.Int64
	var calls sync.WaitGroup
	for range 24 {
		calls.Go(func() {
			for i := range 20 {
				ctx, cancel := context.WithCancel(t.Context())
				if i%5 == 4 {
					cancel() // some give up
				}
				_, text, err := fetch(tr, request(t, http.MethodGet, peer.url, "").WithContext(ctx))
				if i%5 != 4 && (err != nil || text != "ok") {
					failed.Add(1)
				}
				cancel()
			}
		})
	}
	calls.Wait()
	if failed.Load() > 0 {
		t.Errorf("%d calls failed", failed.Load())
	}
	if most.Load() > 4 { // a server hears of an end a moment later
		t.Errorf("%d connections at once", most.Load())
	}
}

// pipes dials servers that live in memory; each answers with its number.
type pipes struct {
	mu     sync.Mutex
	dialed int
	open   map[int]bool
}

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dialed++
	n := p.dialed
	if p.open == nil {
		p.open = map[int]bool{}
	}
	p.open[n] = true
	go func() {
		number := strconv.Itoa(n)
		answer := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(number), number)
		answering(answer, keepOpen)(int64(n), server, bufio.NewReader(server))
		_ = server.Close()
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.open, n)
	}()
	return client, nil
}

func (p *pipes) count() int {
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.open)
}

func TestIdleConnectionsAreClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pipes
		o := options()
		o.Dial, o.IdlePerHost, o.IdleInAll = p.dial, 2, 5
		tr := transport(t, o)
		get := func(host string, want string) {
			t.Helper()
			if _, text, err := fetch(tr, request(t, http.MethodGet, "http://"+host, "")); err != nil || text != want {
				t.Errorf("got %q, %v, want %q", text, err, want)
			}
		}
		get("a.example", "1")
		time.Sleep(59 * time.Second)
		get("a.example", "1")
		get("b.example", "2")
		time.Sleep(59 * time.Second)
		get("b.example", "2")
		if p.count() != 2 {
			t.Errorf("%d connections, want both", p.count())
		}
		time.Sleep(2 * time.Second)
		if p.count() != 1 {
			t.Errorf("%d connections, want the used one", p.count())
		}
		get("a.example", "3")
		for i := range 10 {
			get(fmt.Sprintf("host%d.example", i), strconv.Itoa(4+i))
		}
		if p.count() != 5 {
			t.Errorf("%d connections idle, want 5", p.count())
		}
		tr.CloseIdleConnections()
		if p.count() != 0 {
			t.Errorf("%d connections after all were closed", p.count())
		}
		get("a.example", "14")
		time.Sleep(2 * time.Minute)
		if p.count() != 0 {
			t.Errorf("%d connections after their time", p.count())
		}
	})
}

func TestWaitForAConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pipes
		o := options()
		o.OpenPerHost = 1
		slow := make(chan struct{})
		o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			<-slow
			return p.dial(ctx, network, address)
		}
		tr := transport(t, o)
		var calls sync.WaitGroup
		for range 3 {
			calls.Go(func() {
				if _, text, err := fetch(tr, request(t, http.MethodGet, "http://a.example", "")); err != nil || text != "1" {
					t.Errorf("got %q, %v", text, err)
				}
			})
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _, err := fetch(tr, request(t, http.MethodGet, "http://a.example", "").WithContext(ctx))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		close(slow)
		calls.Wait()
		if p.dialed != 1 {
			t.Errorf("dialled %d times", p.dialed)
		}
		tr.CloseIdleConnections()
	})
}

func TestDialsThatFailFreeTheirPlace(t *testing.T) {
	o := options()
	o.OpenPerHost = 1
	refused := errors.New("refused")
	o.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, refused }
	tr := transport(t, o)
	for range 3 {
		if _, _, err := fetch(tr, request(t, http.MethodGet, "http://a.example", "")); !errors.Is(err, refused) {
			t.Errorf("got %v", err)
		}
	}
}
