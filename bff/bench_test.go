package bff_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// connections are kept alive by the benchmarks' client; each has one request under way.
const connections = 32

// BenchmarkRequest is a whole request over loopback HTTP, beside code written by hand that gives the same answer. Of each:
//
//	cpu-us/req   CPU time of the serving process, user and system
//	allocs/op    allocations of the serving process, and B/op
//	x            cpu-us/req of atrium in units of the other's: the median of rounds that take turns
//
// ns/op is the time between answers while client, server and upstreams share the machine.
func BenchmarkRequest(b *testing.B) {
	up := startRole(b, "upstreams")
	urls := make([]string, len(up.addresses))
	for i, address := range up.addresses {
		urls[i] = "http://" + address
	}
	atrium, byHand, gin := startRole(b, "atrium", urls...), startRole(b, "handwritten", urls...), startRole(b, "gin", urls...)
	for _, pair := range []struct {
		name, otherName string
		other           *process
		path            string
	}{
		{"view-of-three-upstreams", "net-http-by-hand", byHand, "/page/42"},
		{"cached-view", "gin-same-bytes", gin, "/cached/42"},
		{"proxy-1KB", "net-http-ReverseProxy", byHand, "/raw/42"},
	} {
		subject, other := newLoad(b, atrium, pair.path), newLoad(b, pair.other, pair.path)
		sameAnswers(b, subject, other)
		b.Run(pair.name+"/atrium", func(b *testing.B) { compare(b, subject, other) })
		b.Run(pair.name+"/"+pair.otherName, func(b *testing.B) { compare(b, other, nil) })
		subject.close()
		other.close()
	}
}

// BenchmarkJSONByHand is what the code written by hand does with JSON for one view; BenchmarkProgram of bff/view is what a view does.
func BenchmarkJSONByHand(b *testing.B) {
	b.SetBytes(int64(len(personAnswer) + len(ordersAnswer) + len(extraAnswer)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := json.Marshal(expectedPage()); err != nil {
			b.Fatal(err)
		}
	}
}

// compare sends b.N requests in rounds, and as many to other in turn.
func compare(b *testing.B, subject, other *load) {
	const round = 1000
	subject.warm(b)
	if other != nil {
		other.warm(b)
	}
	var used usage
	var ratios []float64
	b.ReportAllocs()
	b.ResetTimer()
	for left := b.N; left > 0; left -= round {
		n := min(left, round)
		mine := subject.measure(b, n)
		used = used.plus(mine)
		if other != nil {
			b.StopTimer()
			ratios = append(ratios, float64(mine.CPU)/float64(max(1, other.measure(b, n).CPU)))
			b.StartTimer()
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(used.CPU.Nanoseconds())/1000/float64(b.N), "cpu-us/req")
	b.ReportMetric(float64(used.Allocs)/float64(b.N), "allocs/op")
	b.ReportMetric(float64(used.Bytes)/float64(b.N), "B/op")
	if len(ratios) > 0 {
		slices.Sort(ratios)
		b.ReportMetric(ratios[len(ratios)/2], "x")
	}
}

// sameAnswers keeps the comparison honest: both give the same JSON.
func sameAnswers(b *testing.B, loads ...*load) {
	b.Helper()
	var answers []any
	for _, l := range loads {
		var answer any
		must(b, json.Unmarshal(l.once(b), &answer))
		answers = append(answers, answer)
	}
	if diff := cmp.Diff(answers[0], answers[1]); diff != "" {
		b.Fatalf("the answers differ:\n%s", diff)
	}
}

// A load sends one request over and over.
type load struct {
	process *process
	request []byte
	conns   []*connection
	warmed  bool
}

type connection struct {
	net.Conn
	in *bufio.Reader
}

func newLoad(b *testing.B, p *process, path string) *load {
	b.Helper()
	l := &load{process: p, request: fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: bench.localhost\r\n\r\n", path)}
	for range connections {
		c, err := new(net.Dialer).DialContext(b.Context(), "tcp", p.addresses[0])
		must(b, err)
		l.conns = append(l.conns, &connection{Conn: c, in: bufio.NewReaderSize(c, 16<<10)})
	}
	return l
}

func (l *load) close() {
	for _, c := range l.conns {
		_ = c.Close()
	}
}

// warm brings caches, pools and connections to what they are under load; the benchmarks that run once need none of it.
func (l *load) warm(b *testing.B) {
	if b.N > 1 && !l.warmed {
		l.warmed = true
		must(b, l.send(2000))
	}
}

// measure sends n requests and returns what the process used for them.
func (l *load) measure(b *testing.B, n int) usage {
	b.Helper()
	before := l.process.usage()
	must(b, l.send(n))
	return l.process.usage().minus(before)
}

// send shares n requests among the connections.
func (l *load) send(n int) error {
	var left atomic.Int64
	left.Store(int64(n))
	errs := make([]error, len(l.conns))
	var working sync.WaitGroup
	for i, c := range l.conns[:min(n, len(l.conns))] {
		working.Go(func() {
			for errs[i] == nil && left.Add(-1) >= 0 {
				errs[i] = c.roundTrip(l.request, io.Discard)
			}
		})
	}
	working.Wait()
	return errors.Join(errs...)
}

func (l *load) once(b *testing.B) []byte {
	b.Helper()
	var body buffer
	must(b, l.conns[0].roundTrip(l.request, &body))
	return body
}

type buffer []byte

func (b *buffer) Write(p []byte) (int, error) {
	*b = append(*b, p...)
	return len(p), nil
}

func (c *connection) roundTrip(request []byte, body io.Writer) error {
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return err
	}
	if _, err := c.Write(request); err != nil {
		return err
	}
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	_, err = io.Copy(body, resp.Body)
	return err
}

// benchDocuments are served by the role atrium.
func benchDocuments(upstreams []string) map[string]string {
	return map[string]string{
		"specs/bench.yaml":   benchSpec,
		"apis/bench.yaml":    benchAPI,
		"plans/bench.yaml":   "requests: [\"1000000000/1m\"]\nperClient: [\"1000000000/1m\"]\n",
		"tenants/bench.yaml": fmt.Sprintf("api: bench\nplan: bench\nvars: { people: %q, orders: %q, extras: %q }\n", upstreams[0], upstreams[1], upstreams[2]),
	}
}

const benchAPI = `
upstreams:
  people: { spec: bench, baseUrl: "${vars.people}" }
  orders: { spec: bench, baseUrl: "${vars.orders}" }
  extras: { spec: bench, baseUrl: "${vars.extras}" }
routes:
  GET /page/{id}:
    steps: &steps
      person: { call: people.getPerson, with: { id: "${path.id}" } }
      orders: { call: orders.listOrders, with: { id: "${path.id}" } }
      extra: { call: extras.getExtra, with: { id: "${path.id}" } }
    response: &response
      id: ${person.id}
      first: ${person.name.first}
      last: ${person.name.last}
      email: ${person.email}
      city: ${person.address.city}
      lat: ${person.address.geo.lat}
      orders: { $each: "o in ${orders.items}", id: "${o.id}", title: "${o.title}", total: "${o.total}" }
      extra: ${extra}
  GET /cached/{id}:
    steps: *steps
    cache: { ttl: 1h }
    response: *response
  GET /raw/{path...}: { proxy: { upstream: people, strip: /raw } }
`

const benchSpec = `
openapi: 3.0.3
info: { title: Bench, version: "1" }
paths:
  /people/{id}:
    get:
      operationId: getPerson
      parameters: &id [{ name: id, in: path, required: true, schema: { type: string } }]
      responses: { "200": { description: ok, content: { application/json: { schema: { $ref: "#/components/schemas/Person" } } } } }
  /orders/{id}:
    get:
      operationId: listOrders
      parameters: *id
      responses: { "200": { description: ok, content: { application/json: { schema: { $ref: "#/components/schemas/Orders" } } } } }
  /extras/{id}:
    get:
      operationId: getExtra
      parameters: *id
      responses: { "200": { description: ok, content: { application/json: { schema: { type: object } } } } }
components:
  schemas:
    Person:
      type: object
      required: [id, name, email, address]
      properties:
        id: { type: integer, format: int64 }
        name: { type: object, required: [first, last], properties: { first: { type: string }, last: { type: string } } }
        email: { type: string }
        address:
          type: object
          required: [city, geo]
          properties:
            city: { type: string }
            geo: { type: object, required: [lat, lng], properties: { lat: { type: number }, lng: { type: number } } }
    Orders:
      type: object
      required: [items]
      properties:
        items:
          type: array
          items:
            type: object
            required: [id, title, total]
            properties: { id: { type: integer }, title: { type: string }, total: { type: number } }
`
