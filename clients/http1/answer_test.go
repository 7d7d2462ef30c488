package http1_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"atrium/clients/http1"
)

const plain = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

func TestAnswersThatAreRefused(t *testing.T) {
	ok := "HTTP/1.1 200 OK\r\n"
	chunked := ok + "Transfer-Encoding: chunked\r\n\r\n"
	for name, answer := range map[string]string{
		"two equal lengths":            ok + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok",
		"two lengths":                  ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\nok",
		"lengths in a list":            ok + "Content-Length: 2, 2\r\n\r\nok",
		"a signed length":              ok + "Content-Length: +2\r\n\r\nok",
		"a negative length":            ok + "Content-Length: -2\r\n\r\nok",
		"a hexadecimal length":         ok + "Content-Length: 0x2\r\n\r\nok",
		"an empty length":              ok + "Content-Length:\r\n\r\nok",
		"a length beyond all":          ok + "Content-Length: 99999999999999999999\r\n\r\nok",
		"a length and a coding":        ok + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
		"an unknown coding":            ok + "Transfer-Encoding: gzip\r\n\r\nok",
		"two codings":                  ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"a list of codings":            ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"a coding in HTTP/1.0":         "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"a folded line":                ok + "X-A: b\r\n c\r\nContent-Length: 2\r\n\r\nok",
		"a bare line feed":             "HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
		"a bare line feed in a field":  ok + "X-A: b\nContent-Length: 2\r\n\r\nok",
		"a bare carriage return":       ok + "X-A: b\rContent-Length: 9\r\nContent-Length: 2\r\n\r\nok",
		"a zero byte":                  ok + "X-A: b\x00c\r\nContent-Length: 2\r\n\r\nok",
		"a delete character":           ok + "X-A: b\x7f\r\nContent-Length: 2\r\n\r\nok",
		"a space before the colon":     ok + "Content-Length : 2\r\n\r\nok",
		"a space before a name":        ok + " Content-Length: 2\r\n\r\nok",
		"no name":                      ok + ": 2\r\n\r\nok",
		"no colon":                     ok + "Content-Length\r\n\r\nok",
		"a name with a letter too far": ok + "X-\xc3\xa4: 2\r\nContent-Length: 2\r\n\r\nok",
		"another protocol":             "SSH-2.0-OpenSSH_9.9\r\n",
		"another version":              "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"a version too far":            "HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"a lower-case protocol":        "http/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"a status of two digits":       "HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok",
		"a status of four digits":      "HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok",
		"a status below all":           "HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nok",
		"a status that is no number":   "HTTP/1.1 2x0 OK\r\nContent-Length: 2\r\n\r\nok",
		"a control character in it":    "HTTP/1.1 200 O\x01K\r\nContent-Length: 2\r\n\r\nok",
		"an empty line first":          "\r\n" + plain,
		"nothing but an empty line":    "\r\n\r\n",
		"a switch of protocols":        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + plain,
		"an interim answer of a size":  "HTTP/1.1 103 Early Hints\r\nContent-Length: 2\r\n\r\nno" + plain,
		"interim answers without end":  strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 20) + plain,
		"a head beyond its bound":      ok + "X-A: " + strings.Repeat("a", 40<<10) + "\r\nContent-Length: 2\r\n\r\nok",
		"heads beyond their bound": strings.Repeat("HTTP/1.1 103 Early Hints\r\nX-A: "+strings.Repeat("a", 9<<10)+"\r\n\r\n", 4) +
			plain,
		"fields beyond their number": ok + strings.Repeat("A:\r\n", 1100) + "Content-Length: 2\r\n\r\nok",

		"a chunk without a size":           chunked + "\r\nok\r\n0\r\n\r\n",
		"a chunk's size with a sign":       chunked + "+2\r\nok\r\n0\r\n\r\n",
		"a chunk's size with a prefix":     chunked + "0x2\r\nok\r\n0\r\n\r\n",
		"a chunk's size with a space":      chunked + "2 \r\nok\r\n0\r\n\r\n",
		"a chunk's size beyond all":        chunked + "fffffffffffffffff\r\nok\r\n0\r\n\r\n",
		"a chunk longer than its size":     chunked + "1\r\nok\r\n0\r\n\r\n",
		"a chunk ended by a line feed":     chunked + "2\r\nok\n0\r\n\r\n",
		"a size ended by a line feed":      chunked + "2\nok\r\n0\r\n\r\n",
		"a line feed hidden in extensions": chunked + "2;a\nX\r\nok\r\n0\r\n\r\n",
		"a carriage return in extensions":  chunked + "2;a\rX\r\nok\r\n0\r\n\r\n",
		"an extension beyond its bound":    chunked + "2;" + strings.Repeat("a", 12<<10) + "\r\nok\r\n0\r\n\r\n",
		"nothing but extensions":           chunked + strings.Repeat("1;"+strings.Repeat("a", 2<<10)+"\r\nx\r\n", 20) + "0\r\n\r\n",
		"a broken trailer":                 chunked + "2\r\nok\r\n0\r\nno field\r\n\r\n",
		"a trailer beyond its bound":       chunked + "0\r\n" + strings.Repeat("A: "+strings.Repeat("a", 2<<10)+"\r\n", 20) + "\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			peer := newPeer(t, answering(answer, keepOpen)) // it waits: what is wrong must be seen without an end
			tr := transport(t, options())
			_, text, err := fetch(tr, request(t, http.MethodGet, peer.url, ""))
			if !errors.Is(err, http1.ErrMalformed) {
				t.Fatalf("got %q, %v", text, err)
			}
			_, _, _ = fetch(tr, request(t, http.MethodGet, peer.url, ""))
			if peer.accepted.Load() != 2 {
				t.Errorf("%d connections: one served again", peer.accepted.Load())
			}
		})
	}
}

func TestAnswersThatAreRead(t *testing.T) {
	for name, test := range map[string]struct {
		method, answer string
		status         int
		body           string
		again          bool // the connection serves the next call
	}{
		"plain":               {"GET", plain, 200, "ok", true},
		"no reason":           {"GET", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", 200, "ok", true},
		"an error":            {"GET", "HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nno", 503, "no", true},
		"a body for a HEAD":   {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n", 200, "", true},
		"chunks for a HEAD":   {"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 200, "", true},
		"none":                {"GET", "HTTP/1.1 204 No Content\r\n\r\n", 204, "", true},
		"none, said twice":    {"GET", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", 204, "", true},
		"none, of a length":   {"GET", "HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n", 204, "", false},
		"not modified":        {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 20\r\n\r\n", 304, "", true},
		"empty":               {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "", true},
		"interim answers":     {"GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + plain, 200, "ok", true},
		"the last":            {"GET", "HTTP/1.1 200 OK\r\nConnection: x , CLOSE\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false},
		"HTTP/1.0":            {"GET", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false},
		"HTTP/1.0, kept":      {"GET", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", 200, "ok", true},
		"more than asked for": {"GET", plain + plain, 200, "ok", false},
		"more after none":     {"GET", "HTTP/1.1 204 No Content\r\n\r\n" + plain, 204, "", false},
		"chunks": {
			"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n1;x=\"y\"\r\no\r\n001\r\nk\r\n0\r\nX-T: u\r\n\r\n", 200, "ok", true,
		},
		"chunks and more": {"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + plain, 200, "", false},
		"a long one": {
			"GET", "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("a", 100000), 200, strings.Repeat("a", 100000), true,
		},
		"long chunks": {
			"GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("C350\r\n"+strings.Repeat("a", 50000)+"\r\n", 2) +
				"0\r\n\r\n", 200, strings.Repeat("a", 100000), true,
		},
		"a long head": {
			"GET", "HTTP/1.1 200 OK\r\nX-A: " + strings.Repeat("a", 20<<10) + "\r\nContent-Length: 2\r\n\r\nok", 200, "ok", true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			peer := newPeer(t, answering(test.answer, keepOpen))
			tr := transport(t, options())
			for range 2 {
				resp, text, err := fetch(tr, request(t, test.method, peer.url, ""))
				if err != nil || resp.StatusCode != test.status || text != test.body {
					t.Fatalf("got %v, %.20q, %v", resp, text, err)
				}
			}
			if again := peer.accepted.Load() == 1; again != test.again {
				t.Errorf("the connection served again: %v, want %v", again, test.again)
			}
		})
	}
}

func TestAnswersThatBreakOff(t *testing.T) {
	for name, answer := range map[string]string{
		"nothing":             "",
		"in the status line":  "HTTP/1.1 2",
		"in the head":         "HTTP/1.1 200 OK\r\nContent-",
		"after interim":       "HTTP/1.1 100 Continue\r\n\r\n",
		"in the body":         "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok",
		"in a chunk":          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nok",
		"after a chunk":       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
		"before the trailer":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n",
		"in the trailer":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-A: b\r\n",
		"in a chunk's ending": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			peer := newPeer(t, answering(answer, hangUp))
			_, text, err := fetch(transport(t, options()), request(t, http.MethodGet, peer.url, ""))
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("got %q, %v", text, err)
			}
		})
	}
	t.Run("without a length the end is the end", func(t *testing.T) {
		peer := newPeer(t, answering("HTTP/1.1 200 OK\r\n\r\nok", hangUp))
		resp, text, err := fetch(transport(t, options()), request(t, http.MethodGet, peer.url, ""))
		if err != nil || text != "ok" || resp.ContentLength != -1 || !resp.Close {
			t.Errorf("got %q, %v", text, err)
		}
	})
}

func TestAnswerByteByByte(t *testing.T) {
	answer := "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\nA: b\r\n\r\n"
	peer := newPeer(t, func(_ int64, c net.Conn, in *bufio.Reader) {
		for {
			if _, err := http.ReadRequest(in); err != nil {
				return
			}
			for i := range len(answer) {
				if _, err := io.WriteString(c, answer[i:i+1]); err != nil {
					return
				}
			}
		}
	})
	tr := transport(t, options())
	for range 20 {
		if _, text, err := fetch(tr, request(t, http.MethodGet, peer.url, "")); err != nil || text != "ok" {
			t.Fatalf("got %q, %v", text, err)
		}
	}
	if peer.accepted.Load() != 1 {
		t.Errorf("%d connections", peer.accepted.Load())
	}
}
