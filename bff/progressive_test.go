package bff_test

import (
	"bufio"
	"context"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

const progressiveRoutes = `
  GET /progressive/{id}:
    steps:
      customer: { call: crm.getCustomer, with: { id: "${path.id}" } }
      orders: { call: crm.listOrders, with: { customer: "${path.id}" } }
    response:
      brand: "${tenant.vars.brand}"
      orders: { $each: "o in ${orders.items}", id: "${o.id}", total: "${o.total}" }
      name: "${customer.name}"
  GET /progressive-cached/{id}:
    steps:
      customer: { call: crm.getCustomer, with: { id: "${path.id}" } }
    cache: { ttl: 1m, tags: ["customer:${path.id}"] }
    response: { name: "${customer.name}", seen: "${customer.seen}" }
`

func progressiveDocuments() map[string]string {
	docs := maps.Clone(documents())
	docs["apis/shop.yaml"] += progressiveRoutes
	return docs
}

// An events is a stream that is read event by event.
type events struct {
	t    *testing.T
	resp *http.Response
	r    *bufio.Reader
}

func (h *harness) events(ctx context.Context, t *testing.T, path string) *events {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.public+path, http.NoBody)
	must(t, err)
	req.Header.Set("X-Tenant", "acme")
	req.Header.Set("Accept", "text/event-stream")
	resp, err := h.client.Do(req)
	must(t, err)
	t.Cleanup(func() { _ = resp.Body.Close() })
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Fatalf("status %d, Content-Type %q", resp.StatusCode, got)
	}
	return &events{t: t, resp: resp, r: bufio.NewReader(resp.Body)}
}

// next reads one event as NAME DATA; "" at the end.
func (e *events) next() string {
	e.t.Helper()
	var lines []string
	for {
		line, err := e.r.ReadString('\n')
		if err == io.EOF && line == "" && lines == nil {
			return ""
		}
		must(e.t, err)
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			return strings.Join(lines, " ")
		}
		_, value, _ := strings.Cut(line, ": ")
		lines = append(lines, value)
	}
}

func (e *events) want(wanted ...string) {
	e.t.Helper()
	for _, want := range wanted {
		if got := e.next(); got != want {
			e.t.Fatalf("the event is\n%s, want\n%s", got, want)
		}
	}
}

func TestProgressiveView(t *testing.T) {
	up := new(crm)
	h := start(t, up, progressiveDocuments())
	plain := h.get("/progressive/17")
	if plain.status != http.StatusOK || !slices.Contains(plain.header.Values("Vary"), "Accept") {
		t.Fatalf("status %d, Vary %q: %s", plain.status, plain.header.Values("Vary"), plain.body)
	}
	release := make(chan struct{})
	up.instead("/orders", func(w http.ResponseWriter, _ *http.Request) {
		<-release
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"items":[{"id":"o-1","total":12.50},{"id":"o-2","total":1e400}]}`)
	})
	e := h.events(t.Context(), t, "/progressive/17")
	e.want(`part {"path":"/brand","value":"ACME"}`, `part {"path":"/name","value":"Customer 17 of acme"}`)
	close(release)
	e.want(`part {"path":"/orders","value":[{"id":"o-1","total":12.50},{"id":"o-2","total":1e400}]}`, "done "+plain.body, "")
	if e.resp.Header.Get("X-Accel-Buffering") != "no" || e.resp.Header.Get("Etag") != "" || e.resp.Header.Get("X-Trace-Id") == "" {
		t.Errorf("the headers are %v", e.resp.Header)
	}
}

func TestProgressiveFailures(t *testing.T) {
	up := new(crm)
	h := start(t, up, progressiveDocuments())
	release := make(chan struct{})
	up.instead("/orders", func(w http.ResponseWriter, _ *http.Request) {
		<-release
		http.Error(w, "secret of the upstream", http.StatusInternalServerError)
	})
	if a := h.get("/progressive/missing", "Accept", "text/event-stream"); a.problem(t).Status != http.StatusNotFound {
		t.Errorf("a failure before the first part: %d %s", a.status, a.body)
	}
	e := h.events(t.Context(), t, "/progressive/17")
	e.want(`part {"path":"/brand","value":"ACME"}`, `part {"path":"/name","value":"Customer 17 of acme"}`)
	close(release)
	failure := e.next()
	for _, want := range []string{`error {"type":"urn:atrium:problem:`, `"status":502`, `"detail":"Step orders: `, `"traceId":"`} {
		if !strings.Contains(failure, want) {
			t.Errorf("the event is %s, want it to hold %s", failure, want)
		}
	}
	if strings.Contains(failure, "secret") {
		t.Errorf("the event shows the upstream's words: %s", failure)
	}
	e.want("")
	if log := h.log.String(); !strings.Contains(log, `"error":"step orders: crm.listOrders: status 500`) {
		t.Errorf("the log does not say what went wrong: %s", log)
	}
}

func TestProgressiveCachedView(t *testing.T) {
	up := new(crm)
	h := start(t, up, progressiveDocuments())
	first := h.events(t.Context(), t, "/progressive-cached/17")
	parts := []string{
		`part {"path":"/name","value":"Customer 17 of acme"}`, `part {"path":"/seen","value":9007199254740993}`,
	}
	const whole = `done {"name":"Customer 17 of acme","seen":9007199254740993}`
	first.want(append(slices.Clone(parts), whole, "")...)
	second := h.events(t.Context(), t, "/progressive-cached/17")
	second.want(whole, "")
	if got := second.resp.Header.Get("Cache-Status"); !strings.HasPrefix(got, "atrium; hit; ttl=") || second.resp.Header.Get("Age") == "" {
		t.Errorf("a hit has Cache-Status %q, Age %q", got, second.resp.Header.Get("Age"))
	}
	if got := first.resp.Header.Get("Cache-Status"); !strings.Contains(got, "fwd=") {
		t.Errorf("a miss has Cache-Status %q", got)
	}
	if a := h.get("/progressive-cached/17"); "done "+a.body != whole || up.calls.Load() != 1 {
		t.Errorf("the plain answer is %s after %d calls", a.body, up.calls.Load())
	}
}

func TestProgressiveClientLeaves(t *testing.T) {
	up := new(crm)
	h := start(t, up, progressiveDocuments())
	arrived, left := make(chan struct{}), make(chan struct{})
	up.instead("/orders", func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
		close(left)
	})
	ctx, leave := context.WithCancel(t.Context())
	e := h.events(ctx, t, "/progressive/17")
	e.want(`part {"path":"/brand","value":"ACME"}`)
	<-arrived // a call that was never sent could not be seen to end
	leave()
	select {
	case <-left:
	case <-time.After(10 * time.Second):
		t.Error("the call goes on after the client has left")
	}
}

func TestAcceptDecidesBetweenEventsAndJSON(t *testing.T) {
	h := start(t, new(crm), progressiveDocuments())
	for accept, want := range map[string]string{
		"text/event-stream":                          "text/event-stream",
		"application/json, text/event-stream;q=0.5":  "application/json",
		"text/event-stream, application/json;q=0.9":  "text/event-stream",
		"text/event-stream;q=0":                      "application/json",
		"*/*":                                        "application/json",
		"text/event-stream-of-mine":                  "application/json",
		"text/html, TEXT/EVENT-STREAM":               "application/json", // nobody writes it so
		"application/json;q=0.2,text/event-stream;;": "application/json",
	} {
		if got := h.get("/progressive/17", "Accept", accept).header.Get("Content-Type"); got != want {
			t.Errorf("%q is answered with %q, want %q", accept, got, want)
		}
	}
}
