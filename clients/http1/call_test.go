package http1_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRequestsArriveAsNetHTTPSendsThem(t *testing.T) {
	type seen struct {
		Method, Target, Host, Body string
		Length                     int64
		Header                     http.Header
	}
	var got seen
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		got = seen{r.Method, r.RequestURI, r.Host, string(text), r.ContentLength, r.Header}
	}))
	defer s.Close()
	standard := new(http.Transport)
	defer standard.CloseIdleConnections()
	lean := transport(t, options())
	for name, build := range map[string]func() *http.Request{
		"GET":         func() *http.Request { return request(t, "GET", s.URL+"/a%2fb/ü?q=1&r=%20", "") },
		"no path":     func() *http.Request { return request(t, "GET", s.URL+"?q", "") },
		"HEAD":        func() *http.Request { return request(t, "HEAD", s.URL, "") },
		"DELETE":      func() *http.Request { return request(t, "DELETE", s.URL, "") },
		"POST":        func() *http.Request { return request(t, "POST", s.URL, `{"a":1}`) },
		"empty POST":  func() *http.Request { return request(t, "POST", s.URL, "") },
		"empty PATCH": func() *http.Request { return request(t, "PATCH", s.URL, "") },
		"another method": func() *http.Request {
			return request(t, "REPORT", s.URL, strings.Repeat("a", 16<<10))
		},
		"headers": func() *http.Request {
			req := request(t, "GET", s.URL, "")
			req.Header = http.Header{"X-A": {"1", "2"}, "Cookie": {"a=b"}, "User-Agent": {"x"}, "Content-Length": {"9"}, "Host": {"no"}}
			req.Host = "other.example"
			return req
		},
		"no agent": func() *http.Request {
			req := request(t, "GET", s.URL, "")
			req.Header.Set("User-Agent", "")
			return req
		},
		"an encoding of its own": func() *http.Request {
			req := request(t, "GET", s.URL, "")
			req.Header.Set("Accept-Encoding", "br")
			return req
		},
		"a range": func() *http.Request {
			req := request(t, "GET", s.URL, "")
			req.Header.Set("Range", "bytes=0-1")
			return req
		},
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := fetch(standard, build()); err != nil {
				t.Fatal(err)
			}
			want := got
			got = seen{}
			if _, _, err := fetch(lean, build()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRequestsThatAreNotSent(t *testing.T) {
	peer := newPeer(t, answering(plain, keepOpen))
	tr := transport(t, options())
	for name, change := range map[string]func(r *http.Request){
		"a value with a line":  func(r *http.Request) { r.Header.Set("X-A", "b\r\nX-C: d") },
		"a value with a zero":  func(r *http.Request) { r.Header.Set("X-A", "b\x00") },
		"a name with a space":  func(r *http.Request) { r.Header["X A"] = []string{"b"} },
		"a name with a line":   func(r *http.Request) { r.Header["X-A: b\r\nX-C"] = []string{"d"} },
		"a query with a space": func(r *http.Request) { r.URL.RawQuery = "a b" },
		"a query with a line":  func(r *http.Request) { r.URL.RawQuery = "a HTTP/1.1\r\nX-A: b" },
		"a body too short":     func(r *http.Request) { r.ContentLength++ },
		"a body too long":      func(r *http.Request) { r.ContentLength-- },
	} {
		t.Run(name, func(t *testing.T) {
			req := request(t, http.MethodPost, peer.url, "body")
			change(req)
			if _, _, err := fetch(tr, req); err == nil || errors.Is(err, errOtherwise) || peer.accepted.Load() != 0 {
				t.Errorf("%v, %d connections", err, peer.accepted.Load())
			}
		})
	}
}

func TestRequestsForTheOther(t *testing.T) {
	tr := transport(t, options())
	for name, change := range map[string]func(r *http.Request){
		"TLS":                        func(r *http.Request) { r.URL.Scheme = "https" },
		"an upgrade":                 func(r *http.Request) { r.Header.Set("Upgrade", "websocket") },
		"an option of connections":   func(r *http.Request) { r.Header.Set("Connection", "close") },
		"a header of another case":   func(r *http.Request) { r.Header["content-length"] = []string{"9"} },
		"a coding":                   func(r *http.Request) { r.Header.Set("Transfer-Encoding", "chunked") },
		"an expectation":             func(r *http.Request) { r.Header.Set("Expect", "100-continue") },
		"a last one":                 func(r *http.Request) { r.Close = true },
		"a tunnel":                   func(r *http.Request) { r.Method = http.MethodConnect },
		"a body of unknown length":   func(r *http.Request) { r.ContentLength = -1 },
		"a body that comes but once": func(r *http.Request) { r.GetBody = nil },
		"a long body":                func(r *http.Request) { r.ContentLength = 1 << 20 },
		"a host that is no ASCII":    func(r *http.Request) { r.URL.Host = "ä.example" },
		"a host with a line":         func(r *http.Request) { r.Host = "a\r\nb" },
		"a zone":                     func(r *http.Request) { r.URL.Host = "[fe80::1%eth0]" },
	} {
		t.Run(name, func(t *testing.T) {
			req := request(t, http.MethodPost, "http://127.0.0.1:1", "body")
			change(req)
			if _, _, err := fetch(tr, req); !errors.Is(err, errOtherwise) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestCallsEndWithTheirContext(t *testing.T) {
	head := "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n"
	for name, answer := range map[string]string{
		"before the head": "", "in the head": head, "in the body": head + "\r\nok",
		"in a chunk":     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nok",
		"without an end": "HTTP/1.1 200 OK\r\n\r\nok",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wrote := make(chan struct{}, 1)
			peer := newPeer(t, answering(answer, func() bool { wrote <- struct{}{}; return true }))
			tr := transport(t, options())
			gone := errors.New("the caller is gone")
			ctx, cancel := context.WithCancelCause(t.Context())
			go func() { <-wrote; cancel(gone) }()
			start := time.Now()
			_, text, err := fetch(tr, request(t, http.MethodGet, peer.url, "").WithContext(ctx))
			if !errors.Is(err, gone) || time.Since(start) > 5*time.Second {
				t.Errorf("got %q, %v after %v", text, err, time.Since(start))
			}
			_, _, err = fetch(tr, request(t, http.MethodGet, peer.url, "").WithContext(ctx))
			if !errors.Is(err, gone) || peer.accepted.Load() != 1 {
				t.Errorf("a call after its end: %v, %d connections", err, peer.accepted.Load())
			}
		})
	}
	t.Run("deadline", func(t *testing.T) {
		peer := newPeer(t, answering("", keepOpen))
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, _, err := fetch(transport(t, options()), request(t, http.MethodGet, peer.url, "").WithContext(ctx))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("after the answer", func(t *testing.T) { // what has been read is the caller's
		peer := newPeer(t, answering(plain, keepOpen))
		tr := transport(t, options())
		ctx, cancel := context.WithCancel(t.Context())
		resp, err := tr.RoundTrip(request(t, http.MethodGet, peer.url, "").WithContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		text, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || string(text) != "ok" {
			t.Errorf("got %q, %v", text, err)
		}
		if _, _, err := fetch(tr, request(t, http.MethodGet, peer.url, "")); err != nil || peer.accepted.Load() != 1 {
			t.Errorf("the next: %v, %d connections", err, peer.accepted.Load())
		}
	})
}

func TestBodyIsNobodysAfterClose(t *testing.T) {
	answer := "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"
	t.Run("unread", func(t *testing.T) {
		peer := newPeer(t, answering(answer, keepOpen))
		tr := transport(t, options())
		for range 2 {
			resp, err := tr.RoundTrip(request(t, http.MethodGet, peer.url, ""))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := resp.Body.Read(make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			_, _ = resp.Body.Close(), resp.Body.Close()
			if n, err := resp.Body.Read(make([]byte, 1)); n != 0 || !errors.Is(err, http.ErrBodyReadAfterClose) {
				t.Errorf("read after Close: %d bytes, %v", n, err)
			}
		}
		if peer.accepted.Load() != 2 {
			t.Error("a connection with an unread answer served again")
		}
	})
	t.Run("while it is read", func(t *testing.T) {
		peer := newPeer(t, answering(answer, keepOpen))
		resp, err := transport(t, options()).RoundTrip(request(t, http.MethodGet, peer.url, ""))
		if err != nil {
			t.Fatal(err)
		}
		first := make(chan struct{})
		go func() { <-first; _ = resp.Body.Close() }()
		_, err = resp.Body.Read(make([]byte, 2))
		close(first)
		for err == nil {
			_, err = resp.Body.Read(make([]byte, 2))
		}
		if !errors.Is(err, http.ErrBodyReadAfterClose) {
			t.Errorf("got %v", err)
		}
	})
}

func TestGzip(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = io.WriteString(w, strings.Repeat("text ", 9000))
	_ = w.Close()
	fields := "Content-Encoding: gzip\r\nContent-Length: "
	answer := func(b []byte) string { return fmt.Sprintf("HTTP/1.1 200 OK\r\n%s%d\r\n\r\n%s", fields, len(b), b) }
	for name, test := range map[string]struct {
		answer string
		err    error
	}{
		"whole":     {answer(packed.Bytes()), nil},
		"truncated": {answer(packed.Bytes()[:40]), io.ErrUnexpectedEOF},
		"no gzip":   {answer([]byte("this is not compressed at all")), gzip.ErrHeader},
		"corrupt":   {answer(append(bytes.Clone(packed.Bytes()[:packed.Len()-8]), "12345678"...)), gzip.ErrChecksum},
	} {
		t.Run(name, func(t *testing.T) {
			peer := newPeer(t, answering(test.answer, keepOpen))
			tr := transport(t, options())
			for range 2 { // the second with what the first left
				resp, text, err := fetch(tr, request(t, http.MethodGet, peer.url, ""))
				if !errors.Is(err, test.err) || test.err == nil && text != strings.Repeat("text ", 9000) {
					t.Fatalf("got %.20q, %v, want %v", text, err, test.err)
				}
				if !resp.Uncompressed || resp.ContentLength != -1 || len(resp.Header) != 0 {
					t.Errorf("got %v", resp)
				}
			}
			if peer.accepted.Load() != 1 {
				t.Errorf("%d connections", peer.accepted.Load())
			}
		})
	}
	t.Run("asked for by the caller", func(t *testing.T) {
		peer := newPeer(t, answering(answer(packed.Bytes()), keepOpen))
		req := request(t, http.MethodGet, peer.url, "")
		req.Header.Set("Accept-Encoding", "gzip")
		resp, text, err := fetch(transport(t, options()), req)
		if err != nil || text != packed.String() || resp.Uncompressed || resp.Header.Get("Content-Encoding") != "gzip" {
			t.Errorf("got %v, %v", resp, err)
		}
	})
}

// A server that answers early and reads no further ends the call at once.
func TestEarlyAnswer(t *testing.T) {
	peer := newPeer(t, func(_ int64, c net.Conn, in *bufio.Reader) {
		_, _ = in.ReadString('\n')
		_, _ = io.WriteString(c, "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno")
		_, _ = io.Copy(io.Discard, in)
	})
	resp, text, err := fetch(transport(t, options()), request(t, http.MethodPost, peer.url, strings.Repeat("a", 16<<10)))
	if err != nil || resp.StatusCode != http.StatusRequestEntityTooLarge || text != "no" {
		t.Errorf("got %v, %q, %v", resp, text, err)
	}
}
