package http1_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"atrium/clients/http1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// refuser is the other RoundTripper where every request is for this client.
type refuser struct{}

var errOtherwise = errors.New("sent otherwise")

func (refuser) RoundTrip(*http.Request) (*http.Response, error) { return nil, errOtherwise }

func options() http1.Options {
	return http1.Options{
		Dial: new(net.Dialer).DialContext, Otherwise: refuser{}, HeaderBytes: 32 << 10, IdleTimeout: time.Minute,
		IdlePerHost: 8, IdleInAll: 64, OpenPerHost: 16,
	}
}

func transport(t testing.TB, o http1.Options) *http1.Transport {
	t.Helper()
	transport := http1.New(o)
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// A peer is a server that does to each connection what a test says.
type peer struct {
	url      string
	accepted atomic.Int64
}

func newPeer(t testing.TB, serve func(n int64, c net.Conn, in *bufio.Reader)) *peer {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{url: "http://" + listener.Addr().String()}
	all, hangUp := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			n := p.accepted.Add(1)
			context.AfterFunc(all, func() { _ = c.Close() })
			go func() {
				defer c.Close()
				serve(n, c, bufio.NewReader(c))
			}()
		}
	}()
	t.Cleanup(func() { hangUp(); _ = listener.Close(); <-done })
	return p
}

// answering reads requests and writes the same bytes for each, then does what after says; false hangs up.
func answering(text string, after func() bool) func(int64, net.Conn, *bufio.Reader) {
	return func(_ int64, c net.Conn, in *bufio.Reader) {
		for {
			req, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, req.Body)
			if _, err := io.WriteString(c, text); err != nil || !after() {
				return
			}
		}
	}
}

func keepOpen() bool { return true }
func hangUp() bool   { return false }

func request(t testing.TB, method, url, body string) *http.Request {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, reader)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// fetch reads an answer to its end.
func fetch(rt http.RoundTripper, req *http.Request) (*http.Response, string, error) {
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp, string(text), err
}
