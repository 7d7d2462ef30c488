package view

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// A timedCaller takes as long as it is told for each step, and notes when calls begin.
type timedCaller struct {
	takes map[string]time.Duration
	start time.Time
	mu    sync.Mutex
	began map[string]time.Duration
	args  map[string][]byte
	open  int
}

func (c *timedCaller) Call(ctx context.Context, call *Call) (*Answer, error) {
	c.mu.Lock()
	c.began[call.Step.Name] = time.Since(c.start)
	c.args[call.Step.Name] = call.Args.Params[0]
	c.open++
	c.mu.Unlock()
	time.Sleep(c.takes[call.Step.Name]) // the bubble's time
	c.mu.Lock()
	c.open--
	c.mu.Unlock()
	return &Answer{Body: fmt.Appendf(nil, `{"id":%q}`, call.Step.Name), Status: 200}, ctx.Err()
}

// Each step begins the moment that the last of those it mentions has ended, and Run ends with the last of all.
func TestStepsBeginWhenTheirReferencesAreThere(t *testing.T) {
	ops := loadOperations(t)
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(rt, "steps")
		caller := &timedCaller{takes: map[string]time.Duration{}, began: map[string]time.Duration{}, args: map[string][]byte{}}
		want, args := map[string]time.Duration{}, map[string]string{}
		ends := make([]time.Duration, n)
		var steps []string
		var whole time.Duration
		for i := range n {
			name := fmt.Sprintf("s%d", i)
			var holes strings.Builder
			holes.WriteByte('x')
			for on := range i {
				if rapid.IntRange(0, 2).Draw(rt, "mentions") == 0 {
					fmt.Fprintf(&holes, "${s%d.id}", on)
					args[name] += fmt.Sprintf("s%d", on)
					want[name] = max(want[name], ends[on])
				}
			}
			caller.takes[name] = time.Duration(rapid.IntRange(0, 5).Draw(rt, "takes")) * time.Millisecond
			ends[i] = want[name] + caller.takes[name]
			whole = max(whole, ends[i])
			steps = append(steps, fmt.Sprintf("      %s: { call: crm.getCustomer, with: { id: %q } }\n", name, holes.String()))
		}
		shuffled := rapid.Permutation(steps).Draw(rt, "order")
		p, issues := compileText(rt, ops, "routes:\n  GET /x:\n    steps:\n"+strings.Join(shuffled, "")+"    response: true\n")
		if len(issues) > 0 {
			rt.Fatal(issues)
		}
		synctest.Test(t, func(t *testing.T) {
			caller.start = time.Now()
			in, _ := p.Bind(&Request{})
			if _, err := p.Run(t.Context(), in, caller); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(caller.start); took != whole {
				t.Errorf("took %s, want %s", took, whole)
			}
			if caller.open != 0 {
				t.Errorf("%d calls are still open", caller.open)
			}
			for i := range n {
				name := fmt.Sprintf("s%d", i)
				if caller.began[name] != want[name] {
					t.Errorf("%s began after %s, want %s", name, caller.began[name], want[name])
				}
				if got := string(caller.args[name]); got != fmt.Sprintf("%q", "x"+args[name]) {
					t.Errorf("%s was called with %s", name, got)
				}
			}
		})
	})
}

// A chain needs no goroutine: every call is made by the one that runs the view.
func TestAChainRunsOnOneGoroutine(t *testing.T) {
	p := mustCompile(t, `routes:
  GET /chain/{id}:
    steps:
      a: { call: crm.getCustomer, with: { id: "${path.id}" } }
      b: { call: crm.getCustomer, with: { id: "${a.id}" } }
      c: { call: crm.getCustomer, with: { id: "${b.id}" } }
    response: "${c.id}"
`)
	if p.parallel {
		t.Error("a chain is taken for parallel")
	}
	var stacks []string
	caller := callerFunc(func(context.Context, *Call) (*Answer, error) {
		stacks = append(stacks, goroutine())
		return &Answer{Body: []byte(`{"id":"x"}`)}, nil
	})
	in, _ := p.Bind(&Request{Path: []string{"1"}})
	if _, err := p.Run(t.Context(), in, caller); err != nil {
		t.Fatal(err)
	}
	if len(stacks) != 3 || len(slices.Compact(append(stacks, goroutine()))) != 1 {
		t.Errorf("calls were made on %v, the test runs on %s", stacks, goroutine())
	}
}

type callerFunc func(context.Context, *Call) (*Answer, error)

func (f callerFunc) Call(ctx context.Context, c *Call) (*Answer, error) { return f(ctx, c) }

const wide = `routes:
  GET /wide:
    steps:
      a: { call: shop.getStatus }
      b: { call: shop.listOffers }
      c: { each: "o in ${b.items}", call: shop.getStock, with: { sku: "${o.id}" }, optional: true }
    response: { a: "${a}", c: "${c}" }
`

// A panic on another goroutine would end the process: it comes out of Run, after all else has ended.
func TestAPanicComesOutOfRun(t *testing.T) {
	p := mustCompile(t, wide)
	for _, step := range []string{"a", "b", "c"} {
		t.Run(step, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				caller := callerFunc(func(ctx context.Context, c *Call) (*Answer, error) {
					if c.Step.Name == step {
						panic("boom in " + step)
					}
					select {
					case <-ctx.Done():
					case <-time.After(time.Second):
					}
					return &Answer{Body: []byte(`{"items":[{"id":"1"},{"id":"2"}]}`)}, nil
				})
				defer func() {
					got := fmt.Sprint(recover())
					if !strings.Contains(got, "boom in "+step) || !strings.Contains(got, "concurrency_test.go") {
						t.Errorf("recovered %.80s: want the panic with its stack", got)
					}
				}()
				in, _ := p.Bind(&Request{})
				_, err := p.Run(t.Context(), in, caller)
				t.Errorf("Run returned %v", err)
			})
		})
	}
}

// What a caller was given may be kept: caches refresh with it after the view has been answered.
func TestArgumentsOutliveTheRun(t *testing.T) {
	p := mustCompile(t, `routes:
  GET /args/{id}:
    steps:
      a: { call: crm.getCustomer, with: { id: "a ${path.id}", X-Region: "${path.id}" } }
    response: "Hello ${a.fullName}"
`)
	var kept []*Call
	var results []*Result
	run := func(id string) {
		in, _ := p.Bind(&Request{Path: []string{id}})
		result, err := p.Run(t.Context(), in, callerFunc(func(_ context.Context, c *Call) (*Answer, error) {
			kept = append(kept, c)
			return &Answer{Body: fmt.Appendf(nil, `{"fullName":%q}`, id)}, nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, result)
	}
	for i := range 20 {
		run(strings.Repeat(string(rune('a'+i)), 10))
	}
	for i, c := range kept {
		id := strings.Repeat(string(rune('a'+i)), 10)
		if got := bytes.Join(c.Args.Params, []byte(" ")); !bytes.Contains(got, []byte(`"a `+id+`"`)) {
			t.Errorf("the arguments of run %d have become %s", i, got)
		}
		if got := string(results[i].Body); got != `"Hello `+id+`"` {
			t.Errorf("the body of run %d has become %s", i, got)
		}
	}
}

// One Program serves many requests at once.
func TestProgramsAreShared(t *testing.T) {
	p := mustCompile(t, wide)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 50 {
				in, _ := p.Bind(&Request{})
				result, err := p.Run(t.Context(), in, callerFunc(func(_ context.Context, c *Call) (*Answer, error) {
					return &Answer{Body: fmt.Appendf(nil, `{"of":%d,"sku":"","level":1,"items":[{"id":"x%d"},{"id":"y"}]}`, i, i)}, nil
				}))
				if err != nil {
					t.Error(err)
					return
				}
				if strings.Count(string(result.Body), fmt.Sprintf(`"of":%d`, i)) != 3 {
					t.Errorf("run %d was answered %s", i, result.Body)
				}
			}
		})
	}
	wg.Wait()
}
