package http1_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// BenchmarkGet is an answer of 1 KB over loopback, read to its end, beside net/http's client; the server's share is the
// same for both.
func BenchmarkGet(b *testing.B) {
	answer := "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Sat, 21 Nov 2026 10:00:00 GMT\r\nContent-Length: " +
		strconv.Itoa(1024) + "\r\n\r\n" + strings.Repeat("a", 1024)
	peer := newPeer(b, answeringRaw(answer))
	standard := &http.Transport{MaxIdleConnsPerHost: 8}
	defer standard.CloseIdleConnections()
	for _, client := range []struct {
		name string
		rt   http.RoundTripper
	}{{"http1", transport(b, options())}, {"net-http", standard}} {
		b.Run(client.name, func(b *testing.B) {
			b.ReportAllocs()
			req := request(b, http.MethodGet, peer.url, "")
			buffer := make([]byte, 2048)
			for b.Loop() {
				resp, err := client.rt.RoundTrip(req)
				if err != nil {
					b.Fatal(err)
				}
				if n, err := io.ReadFull(resp.Body, buffer); n != 1024 {
					b.Fatal(n, err)
				}
				_ = resp.Body.Close()
			}
		})
	}
}

// answeringRaw costs next to nothing: a read and a write for each request.
func answeringRaw(text string) func(int64, net.Conn, *bufio.Reader) {
	return func(_ int64, c net.Conn, _ *bufio.Reader) {
		buffer, answer := make([]byte, 4096), []byte(text)
		for n := 0; ; {
			m, err := c.Read(buffer[n:])
			if err != nil {
				return
			}
			if n += m; !bytes.HasSuffix(buffer[:n], []byte("\r\n\r\n")) {
				continue
			}
			n = 0
			if _, err := c.Write(answer); err != nil {
				return
			}
		}
	}
}
