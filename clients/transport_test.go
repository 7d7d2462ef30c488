package clients_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"atrium/clients"

	"go.opentelemetry.io/otel/baggage"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/net/dns/dnsmessage"
)

func get(ctx context.Context, rt http.RoundTripper, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", err
	}
	resp, err := rt.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}

func server(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func transport(t *testing.T, o clients.Options) *clients.Transport {
	t.Helper()
	tr := clients.NewTransport(o)
	t.Cleanup(tr.Close)
	return tr
}

func TestGuardedCallToPrivateAddress(t *testing.T) {
	reached := false
	s := server(t, func(http.ResponseWriter, *http.Request) { reached = true })
	tr := transport(t, clients.Options{})
	_, err := get(t.Context(), tr.RoundTripper(true), s.URL)
	if kindOf(t, err) != clients.Address || !strings.Contains(err.Error(), "--allow-private-upstreams") {
		t.Errorf("got %v", err)
	}
	if reached {
		t.Error("the server was reached")
	}
	for name, rt := range map[string]http.RoundTripper{
		"an operator's address": tr.RoundTripper(false),
		"all allowed":           transport(t, clients.Options{AllowAll: true}).RoundTripper(true),
		"this one allowed": transport(t, clients.Options{
			AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		}).RoundTripper(true),
	} {
		if _, err := get(t.Context(), rt, s.URL); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestGuardedCallDoesNotReuseAnOpenConnection(t *testing.T) {
	s := server(t, func(http.ResponseWriter, *http.Request) {})
	tr := transport(t, clients.Options{})
	if _, err := get(t.Context(), tr.RoundTripper(false), s.URL); err != nil {
		t.Fatal(err)
	}
	if _, err := get(t.Context(), tr.RoundTripper(true), s.URL); err == nil {
		t.Error("the guarded call went through the connection of the other")
	}
}

// TestRebinding resolves a name to a public address first and to a private one from then on. What counts is what is
// dialled.
func TestRebinding(t *testing.T) {
	reached := false
	s := server(t, func(http.ResponseWriter, *http.Request) { reached = true })
	_, port, err := net.SplitHostPort(strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	resolver := stubResolver(t, func() [4]byte {
		if asked.Add(1) == 1 {
			return [4]byte{93, 184, 216, 34}
		}
		return [4]byte{127, 0, 0, 1}
	})
	if addrs, err := resolver.LookupNetIP(t.Context(), "ip4", "evil.example."); err != nil || addrs[0].IsLoopback() {
		t.Fatalf("a check before dialling would see %v, %v", addrs, err)
	}
	tr := transport(t, clients.Options{Resolver: resolver})
	_, err = get(t.Context(), tr.RoundTripper(true), "http://evil.example.:"+port)
	if kindOf(t, err) != clients.Address {
		t.Errorf("got %v", err)
	}
	if reached {
		t.Error("the private server was reached")
	}
}

// stubResolver answers every question for an IPv4 address with what answer returns.
func stubResolver(t *testing.T, answer func() [4]byte) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buffer := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			if reply := dnsReply(buffer[:n], answer); reply != nil {
				_, _ = conn.WriteTo(reply, from)
			}
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-done })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp4", conn.LocalAddr().String())
	}}
}

func dnsReply(question []byte, answer func() [4]byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(question) != nil || len(m.Questions) != 1 {
		return nil
	}
	m.Response, m.Additionals = true, nil
	if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class},
			Body:   &dnsmessage.AResource{A: answer()},
		}}
	}
	reply, err := m.Pack()
	if err != nil {
		return nil
	}
	return reply
}

func TestUnreachable(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	s.Close()
	_, err := get(t.Context(), transport(t, clients.Options{}).RoundTripper(false), s.URL)
	if kindOf(t, err) != clients.Unreachable {
		t.Errorf("got %v", err)
	}
}

func TestSpansAndPropagation(t *testing.T) {
	var seen http.Header
	s := server(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "short and stout")
	})
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	ctx, parent := provider.Tracer("test").Start(t.Context(), "parent")
	member, err := baggage.NewMember("tenant", "acme")
	if err != nil {
		t.Fatal(err)
	}
	bag, err := baggage.New(member)
	if err != nil {
		t.Fatal(err)
	}
	ctx = baggage.ContextWithBaggage(ctx, bag)
	ctx = clients.NewContext(ctx, clients.Labels{Upstream: "crm", Operation: "getTea", Template: "/tea/{id}", Resends: 1})
	text, err := get(ctx, transport(t, clients.Options{}).RoundTripper(false), s.URL+"/tea/1?key=SECRET")
	if err != nil || text != "short and stout" {
		t.Fatal(text, err)
	}
	parent.End()
	span := recorder.Ended()[0]
	if span.Name() != "GET /tea/{id}" || span.SpanKind() != trace.SpanKindClient {
		t.Errorf("span %s of kind %v", span.Name(), span.SpanKind())
	}
	if span.Parent().SpanID() != parent.SpanContext().SpanID() {
		t.Error("the span has another parent")
	}
	facts := map[string]string{}
	for _, a := range span.Attributes() {
		facts[string(a.Key)] = a.Value.String()
	}
	for key, want := range map[string]string{
		"http.response.status_code": "418", "error.type": "418", "url.template": "/tea/{id}", "atrium.upstream": "crm",
		"atrium.operation": "getTea", "http.request.resend_count": "1", "url.full": s.URL + "/tea/1",
	} {
		if facts[key] != want {
			t.Errorf("%s is %q, want %q", key, facts[key], want)
		}
	}
	if want := span.SpanContext().SpanID().String(); !strings.Contains(seen.Get("Traceparent"), want) {
		t.Errorf("traceparent %q does not name span %s", seen.Get("Traceparent"), want)
	}
	if seen.Get("Baggage") != "" {
		t.Errorf("baggage travels: %q", seen.Get("Baggage"))
	}
}

func TestFailedTripEndsItsSpan(t *testing.T) {
	recorder := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))
	ctx, parent := provider.Tracer("test").Start(t.Context(), "parent")
	defer parent.End()
	_, err := get(ctx, transport(t, clients.Options{}).RoundTripper(true), "http://127.0.0.1:1")
	if err == nil || len(recorder.Ended()) != 1 {
		t.Fatalf("%v, %d spans", err, len(recorder.Ended()))
	}
	for _, a := range recorder.Ended()[0].Attributes() {
		if a.Key == "error.type" && a.Value.String() != "address" {
			t.Errorf("error.type %s", a.Value.String())
		}
	}
}

func TestRequestIsLeftAsItWas(t *testing.T) {
	s := server(t, func(http.ResponseWriter, *http.Request) {})
	provider := sdktrace.NewTracerProvider()
	ctx, span := provider.Tracer("test").Start(t.Context(), "parent")
	defer span.End()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := transport(t, clients.Options{}).RoundTripper(false).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if len(req.Header) != 0 {
		t.Errorf("headers were added to the caller's request: %v", req.Header)
	}
}

func TestClassify(t *testing.T) {
	if clients.Classify(t.Context(), nil) != nil {
		t.Error("nil is no error")
	}
	known := &clients.Error{Kind: clients.Contract}
	if clients.Classify(t.Context(), known) != known {
		t.Error("an *Error is what it is")
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	late, stop := context.WithTimeout(t.Context(), 0)
	defer stop()
	for want, ctx := range map[clients.Kind]context.Context{
		clients.Canceled: gone, clients.Timeout: late, clients.Unreachable: t.Context(),
	} {
		if got := clients.Classify(ctx, errors.New("x")).Kind; got != want {
			t.Errorf("%v, want %v", got, want)
		}
	}
}
