package bff_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// raw sends bytes that no client library would, and returns the answer to them; none within ten seconds ends the test.
func (h *harness) raw(text string) answer {
	h.t.Helper()
	conn, err := new(net.Dialer).DialContext(h.t.Context(), "tcp", strings.TrimPrefix(h.public, "http://"))
	must(h.t, err)
	defer conn.Close()
	must(h.t, conn.SetDeadline(time.Now().Add(10*time.Second)))
	_, err = io.WriteString(conn, text)
	must(h.t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	must(h.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	must(h.t, err)
	return answer{status: resp.StatusCode, header: resp.Header, body: string(body)}
}

// TestHostileRequests holds that requests which no client library sends are answered at once, by what they did wrong.
func TestHostileRequests(t *testing.T) {
	docs := documents()
	docs["apis/shop.yaml"] = chatAPI
	h := start(t, new(crm), docs)
	const post = "POST %s HTTP/1.1\r\nHost: acme.localhost\r\nX-API-Key: key-of-acme\r\nContent-Type: application/json\r\n%s"
	get := func(path string) string { return "GET " + path + " HTTP/1.1\r\nHost: acme.localhost\r\n\r\n" }
	const (
		endless = "Content-Length: 99999999999\r\n\r\n{\"messages\":"
		chunk   = "Transfer-Encoding: chunked\r\n\r\nZZ\r\nhello\r\n0\r\n\r\n"
	)
	tests := []struct {
		name, request string
		status        int
		code, pointer string
	}{
		{"a view's body without end", fmt.Sprintf(post, "/orders", endless), 413, "payload-too-large", ""},
		{"a chat's body without end", fmt.Sprintf(post, "/chat", endless), 413, "payload-too-large", ""},
		{"a view's body in bad chunks", fmt.Sprintf(post, "/orders", chunk), 400, "invalid-request", ""},
		{"a chat's body in bad chunks", fmt.Sprintf(post, "/chat", chunk), 400, "invalid-request", ""},
		{"control character", get("/customers/1%007"), 400, "invalid-request", "/path/id"},
		{"no text", get("/customers/%ff%fe"), 400, "invalid-request", "/path/id"},
		{"escape in the query", get("/customers/17?limit=%zz"), 400, "invalid-request", "/query"},
		{"separator in the query", get("/customers/17?limit=1;limit=2"), 400, "invalid-request", "/query"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := h.raw(tt.request)
			p := a.problem(t)
			if a.status != tt.status || p.Code != tt.code {
				t.Errorf("status %d, code %s, want %d, %s: %s", a.status, p.Code, tt.status, tt.code, a.body)
			}
			if tt.pointer != "" && (len(p.Errors) != 1 || p.Errors[0].Pointer != tt.pointer) {
				t.Errorf("the errors are %+v, want one at %s", p.Errors, tt.pointer)
			}
		})
	}
}

// TestHeadAndOptionsWorkEverywhere holds that what can be read has a HEAD, and every path that exists an OPTIONS.
func TestHeadAndOptionsWorkEverywhere(t *testing.T) {
	docs := documents()
	docs["apis/shop.yaml"] = chatAPI
	h := start(t, new(crm), docs)
	tests := []struct {
		path, allow string
		head        int
		contentType string
	}{
		{"/customers/17", "GET, HEAD, OPTIONS", 200, "application/json"},
		{"/orders", "OPTIONS, POST", 405, "application/problem+json"},
		{"/chat", "OPTIONS, POST", 405, "application/problem+json"},
		{"/-/openapi.json", "GET, HEAD, OPTIONS", 200, "application/json"},
		{"/v1/models", "GET, HEAD, OPTIONS", 200, "application/json"},
		{"/-/generations/none", "DELETE, GET, HEAD, OPTIONS", 404, "application/problem+json"},
		{"/-/healthz", "GET, HEAD, OPTIONS", 200, "application/json"},
		{"/-/readyz", "GET, HEAD, OPTIONS", 200, "application/json"},
		{"/nothing", "", 404, "application/problem+json"},
	}
	for _, tt := range tests {
		a := h.do(http.MethodHead, tt.path, "", "X-Tenant", "acme")
		if a.status != tt.head || a.body != "" || a.header.Get("Content-Type") != tt.contentType {
			t.Errorf("HEAD %s: %d %s %q, want %d %s", tt.path, a.status, a.header.Get("Content-Type"), a.body, tt.head, tt.contentType)
		}
		a = h.do(http.MethodOptions, tt.path, "", "X-Tenant", "acme")
		if allow := sortedList(a.header.Get("Allow")); tt.allow != "" && (a.status != 204 || allow != tt.allow || a.body != "") {
			t.Errorf("OPTIONS %s: %d, Allow %q, body %q, want %q", tt.path, a.status, allow, a.body, tt.allow)
		}
	}
	for _, path := range []string{"/-/healthz", "/-/readyz"} {
		if a := h.do(http.MethodPost, path, ""); a.problem(t).Code != "method-not-allowed" || a.header.Get("Allow") == "" {
			t.Errorf("POST %s: %d %s", path, a.status, a.body)
		}
	}
}
