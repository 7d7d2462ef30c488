package view

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// The answers of the benchmark: a user of 909 bytes, a list of 20 items in 3 KB, and an object of 89 bytes.
var (
	benchUser = pad(`{"id":9007199254740993,"name":{"first":"Ada","last":"Lovelace"},"email":"ada@example.org",`+
		`"address":{"street":"12 St James's Square","city":"London","zip":"SW1Y 4JH","geo":{"lat":51.5072,"lng":-0.1276}},`+
		`"company":{"id":7,"name":"Analytical Engines","catchPhrase":"weaves algebraic patterns"},"active":true`, 909)
	benchItems = benchList(20, 3021)
	benchExtra = pad(`{"tier":"gold","points":1234567890`, 89)
)

// pad ends an object with a member that makes it n bytes long.
func pad(object string, n int) []byte {
	const more = `,"bio":"`
	return []byte(object + more + strings.Repeat("x", n-len(object)-len(more)-2) + `"}`)
}

func benchList(items, n int) []byte {
	var b strings.Builder
	b.WriteString(`{"items":[`)
	each := (n - len(`{"items":[]}`)) / items
	for i := range items {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(pad(fmt.Sprintf(`{"id":%d,"title":"order %d","total":%d.50,"status":"open"`, 1000+i, i, i), each-1))
	}
	b.WriteString("]}")
	return []byte(b.String())
}

const benchView = `routes:
  GET /bench/{id}:
    steps:
      user: { call: raw.get, with: { id: "${path.id}" } }
      orders: { call: raw.get, with: { id: "o${path.id}" } }
      extra: { call: raw.get, with: { id: "e${path.id}" } }
    response:
      id: ${person.id}
      first: ${person.name.first}
      last: ${person.name.last}
      email: ${person.email}
      city: ${person.address.city}
      lat: ${person.address.geo.lat}
      orders: { $each: "o in ${orders.items}", id: "${o.id}", title: "${o.title}", total: "${o.total}" }
      extra: ${extra}
`

// A benchCaller answers at once.
type benchCaller map[string]*Answer

func (b benchCaller) Call(_ context.Context, c *Call) (*Answer, error) { return b[c.Step.Name], nil }

func benchProgram(tb testing.TB) (*Program, benchCaller, *Request) {
	text := strings.ReplaceAll(benchView, "user:", "person:")
	return mustCompile(tb, text), benchCaller{
		"person": {Body: benchUser, Status: 200},
		"orders": {Body: benchItems, Status: 200},
		"extra":  {Body: benchExtra, Status: 200},
	}, &Request{Path: []string{"42"}, Now: time.Unix(1, 0)}
}

// BenchmarkProgram is the view program alone: bytes of three answers in, bytes of the response out.
func BenchmarkProgram(b *testing.B) {
	p, caller, request := benchProgram(b)
	in, mistakes := p.Bind(request)
	if len(mistakes) > 0 {
		b.Fatal(mistakes)
	}
	b.SetBytes(int64(len(benchUser) + len(benchItems) + len(benchExtra)))
	b.ReportAllocs()
	for b.Loop() {
		f := p.frame()
		if _, err := program(b.Context(), p, f, in, caller); err != nil {
			b.Fatal(err)
		}
		p.release(f)
	}
}

// program makes the response out of answers without running steps.
func program(ctx context.Context, p *Program, f *frame, in *Input, answers benchCaller) (*Result, error) {
	if err := p.take(f, in); err != nil {
		return nil, err
	}
	for _, pl := range p.plans {
		if err := p.set(f, pl.slot, answers[pl.step.Name].Body); err != nil {
			return nil, err
		}
	}
	r := &run{frame: f, p: p}
	return r.respond(ctx)
}

// BenchmarkRun is a whole view of three parallel steps whose calls take no time.
func BenchmarkRun(b *testing.B) {
	p, caller, request := benchProgram(b)
	in, mistakes := p.Bind(request)
	if len(mistakes) > 0 {
		b.Fatal(mistakes)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Run(b.Context(), in, caller); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBind is what checking a request costs.
func BenchmarkBind(b *testing.B) {
	p, _, request := benchProgram(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, mistakes := p.Bind(request); len(mistakes) > 0 {
			b.Fatal(mistakes)
		}
	}
}

// BenchmarkCompile is what saving a document costs for each view.
func BenchmarkCompile(b *testing.B) {
	ops := loadOperations(b)
	text := strings.ReplaceAll(benchView, "user:", "person:")
	b.ReportAllocs()
	for b.Loop() {
		if _, issues := compileText(b, ops, text); len(issues) > 0 {
			b.Fatal(issues)
		}
	}
}

func TestProgramAllocatesLittle(t *testing.T) {
	p, caller, request := benchProgram(t)
	in, mistakes := p.Bind(request)
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	if len(benchUser) != 909 || len(benchItems) < 2990 || len(benchExtra) != 89 {
		t.Fatalf("the answers are %d, %d and %d bytes", len(benchUser), len(benchItems), len(benchExtra))
	}
	ctx, f := t.Context(), p.frame() // not from the pool, which the race detector empties at random
	allocs := testing.AllocsPerRun(100, func() {
		if _, err := program(ctx, p, f, in, caller); err != nil {
			t.Fatal(err)
		}
	})
	if most := 3.0; allocs > most { // the body, the Result and the run
		t.Errorf("a view of path holes allocates %.0f times, want at most %.0f", allocs, most)
	}
}
