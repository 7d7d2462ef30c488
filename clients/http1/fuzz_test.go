package http1_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A script is a connection to a server that sends the same bytes whatever it is asked, and hangs up.
type script struct {
	net.Conn
	in   *bytes.Reader
	step int // bytes of a read
}

func (s *script) Write(p []byte) (int, error) { return len(p), nil }

func (s *script) Read(p []byte) (int, error) { return s.in.Read(p[:min(len(p), s.step)]) }

func (s *script) Close() error { return nil }

// FuzzAnswer holds what this client reads against what net/http reads of the same bytes: an answer that it accepts is
// the same answer, and it keeps no connection on which anything is left.
func FuzzAnswer(f *testing.F) {
	ok := "HTTP/1.1 200 OK\r\n"
	for _, answer := range []string{
		plain, ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nok",
		"HTTP/1.1 204 \r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n" + plain, plain + plain,
		ok + "Transfer-Encoding: chunked\r\nTrailer: A\r\n\r\n2;x=y\r\nok\r\n0\r\nA: b\r\n\r\n",
		ok + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok", ok + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		ok + "X-A: b\r\n c\r\n\r\nok", ok + "x-a: 1\r\nX-A:2\t\r\nPragma: no-cache\r\nConnection: close\r\n\r\nok",
		ok + "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
		ok + "Content-Length: 9\r\n\r\nok", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
	} {
		f.Add([]byte(answer), uint16(1), false)
		f.Add([]byte(answer), uint16(4096), true)
	}
	f.Fuzz(func(t *testing.T, answer []byte, step uint16, head bool) {
		method := http.MethodGet
		if head {
			method = http.MethodHead
		}
		req := request(t, method, "http://a.example", "")
		req.Header.Set("Accept-Encoding", "identity")
		served := &script{in: bytes.NewReader(answer), step: int(step)%4096 + 1}
		dials := 0
		o := options()
		o.Dial = func(context.Context, string, string) (net.Conn, error) { dials++; return served, nil }
		tr := transport(t, o)
		resp, text, err := fetch(tr, req)
		if err != nil {
			return // stricter is welcome
		}
		wanted, wantedText, rest, err := read(answer, req)
		if err != nil {
			t.Fatalf("accepted what net/http does not (%v): %v %q", err, resp, text)
		}
		same(t, resp, wanted)
		if text != wantedText {
			t.Fatalf("read %q, net/http %q", text, wantedText)
		}
		served.in.Reset([]byte(plain))
		if _, _, err := fetch(tr, req); err != nil && dials == 1 {
			t.Fatalf("the next answer on the connection: %v", err)
		}
		if dials == 1 && (rest != 0 && int(step)%4096+1 >= len(answer) || resp.Close) {
			t.Fatalf("a connection was kept with %d bytes left, close %v", rest, resp.Close)
		}
	})
}

// read is the oracle: net/http, with interim answers skipped as its transport does.
func read(answer []byte, req *http.Request) (resp *http.Response, text string, rest int, err error) {
	in := bufio.NewReader(bytes.NewReader(answer))
	for {
		if resp, err = http.ReadResponse(in, req); err != nil {
			return nil, "", 0, err
		}
		defer resp.Body.Close()
		if resp.StatusCode >= http.StatusOK {
			break
		}
	}
	body, err := io.ReadAll(resp.Body)
	left, _ := io.ReadAll(in)
	return resp, string(body), len(left), err
}

func same(t *testing.T, got, want *http.Response) {
	t.Helper()
	type facts struct {
		Status, Proto string
		Code          int
		Length        int64
		Close         bool
		Coding        string
		Header        http.Header
	}
	of := func(r *http.Response) facts {
		return facts{r.Status, r.Proto, r.StatusCode, r.ContentLength, r.Close, strings.Join(r.TransferEncoding, ","), r.Header}
	}
	if diff := cmp.Diff(of(want), of(got)); diff != "" {
		t.Fatalf("net/http reads otherwise:\n%s", diff)
	}
}
