package view

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"atrium/clients"
	"atrium/tenants/document"
)

// A fakeAnswer is what the fake caller says to a call.
type fakeAnswer struct {
	Body       json.RawMessage `json:"body"`
	After      string          `json:"after"`
	Outcome    string          `json:"outcome"`
	AgeSeconds int             `json:"age"`
	Status     int             `json:"status"` // an error status
	Error      string          `json:"error"`  // a kind of failure besides status
	RetryAfter int             `json:"retryAfter"`
	Problem    json.RawMessage `json:"problem"`
	Forwarded  bool            `json:"forwarded"`
	Deaf       bool            `json:"deaf"` // does not mind its context
	Panic      string          `json:"panic"`
}

// A fakeCaller answers from a table: by the whole call, else by its operation.
type fakeCaller struct {
	answers map[string]fakeAnswer
	start   time.Time

	mu      sync.Mutex
	calls   []string
	running int
	most    int
	broken  []string
}

// Broken implements Witness.
func (f *fakeCaller) Broken(_ context.Context, s *Step, b *Breach) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken = append(f.broken, s.Call()+": "+b.Error())
}

func newFakeCaller(answers map[string]fakeAnswer) *fakeCaller {
	return &fakeCaller{answers: answers, start: time.Now()}
}

// describeCall writes a call as upstream.operation name=value...
func describeCall(c *Call) string {
	var b strings.Builder
	b.WriteString(c.Step.Call())
	for i, p := range c.Step.Operation.Params {
		if v := c.Args.Params[i]; v != nil {
			fmt.Fprintf(&b, " %s=%s", p.Name, v)
		}
	}
	if c.Args.Body != nil {
		fmt.Fprintf(&b, " body=%s", c.Args.Body)
	}
	for _, name := range slices.Sorted(keysOf(c.Args.Header)) {
		fmt.Fprintf(&b, " %s: %s", name, strings.Join(c.Args.Header[name], ", "))
	}
	if len(c.Tags) > 0 {
		fmt.Fprintf(&b, " tags=%s", strings.Join(c.Tags, ","))
	}
	return b.String()
}

func keysOf(h http.Header) func(func(string) bool) {
	return func(yield func(string) bool) {
		for name := range h {
			if !yield(name) {
				return
			}
		}
	}
}

func (f *fakeCaller) Call(ctx context.Context, c *Call) (*Answer, error) {
	call := describeCall(c)
	f.mu.Lock()
	f.calls = append(f.calls, fmt.Sprintf("%s %s", time.Since(f.start), call))
	f.running++
	f.most = max(f.most, f.running)
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		f.running--
		f.mu.Unlock()
	}()
	answer, ok := f.answers[call]
	if !ok {
		answer, ok = f.answers[c.Step.Call()]
	}
	if !ok {
		return nil, fmt.Errorf("no answer for %s", call)
	}
	if err := answer.wait(ctx, c); err != nil {
		return nil, err
	}
	return answer.give(c)
}

func (a *fakeAnswer) wait(ctx context.Context, c *Call) error {
	if a.Panic != "" {
		panic(a.Panic)
	}
	if a.After == "" {
		return nil
	}
	d, err := document.ParseDuration(a.After)
	if err != nil {
		return err
	}
	if a.Deaf {
		ctx = context.WithoutCancel(ctx)
	}
	select {
	case <-time.After(time.Duration(d)):
		return nil
	case <-ctx.Done():
		kind := clients.Canceled
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			kind = clients.Timeout
		}
		return &clients.Error{Kind: kind, Upstream: c.Step.Upstream, Operation: c.Step.Operation.ID, Err: ctx.Err()}
	}
}

func (a *fakeAnswer) give(c *Call) (*Answer, error) {
	failure := &clients.Error{
		Upstream: c.Step.Upstream, Operation: c.Step.Operation.ID, Status: a.Status,
		RetryAfter: time.Duration(a.RetryAfter) * time.Second, Problem: a.Problem, Forwarded: a.Forwarded,
	}
	if a.Status >= 300 {
		failure.Kind = clients.Status
		return nil, failure
	}
	if a.Error != "" {
		for kind := clients.Unreachable; kind <= clients.Request; kind++ {
			if kind.String() == a.Error {
				failure.Kind = kind
				return nil, failure
			}
		}
		return nil, errors.New(a.Error)
	}
	outcome := OK
	if a.Outcome != "" {
		outcome = Outcome(slices.Index(outcomes[:], a.Outcome))
	}
	body := []byte(a.Body)
	if body == nil {
		body = null
	}
	return &Answer{Body: body, Status: 200, Outcome: outcome, Age: time.Duration(a.AgeSeconds) * time.Second}, nil
}

// goroutine names the goroutine that calls it.
func goroutine() string {
	line, _, _ := strings.Cut(string(debug.Stack()), "[")
	return line
}

// alike answers every call with the same JSON.
type alike string

func (a alike) Call(context.Context, *Call) (*Answer, error) { return &Answer{Body: []byte(a)}, nil }
