package clients_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"atrium/clients"

	"github.com/google/go-cmp/cmp"
)

// failing returns a try that fails with each of the errors in turn and then succeeds, and counts itself.
func failing(count *int, errs ...error) func(context.Context) error {
	return func(context.Context) error {
		*count++
		if *count <= len(errs) {
			return errs[*count-1]
		}
		return nil
	}
}

func status(code int, retryAfter time.Duration) error {
	return &clients.Error{Kind: clients.Status, Status: code, RetryAfter: retryAfter}
}

func kindOf(t *testing.T, err error) clients.Kind {
	t.Helper()
	e, ok := errors.AsType[*clients.Error](err)
	if !ok {
		t.Fatalf("%v is no *clients.Error", err)
	}
	return e.Kind
}

func TestRetry(t *testing.T) {
	unreachable := &clients.Error{Kind: clients.Unreachable, Err: errors.New("reset")}
	again := clients.Call{Repeat: true}
	hurried := clients.Call{Repeat: true, Timeout: 5 * time.Second}
	for name, test := range map[string]struct {
		call  clients.Call
		errs  []error
		tries int
		fails bool
		took  [2]time.Duration // at least and at most
	}{
		"succeeds at once": {call: again, tries: 1},
		"succeeds the third time": {
			call: again, errs: []error{unreachable, status(503, 0)}, tries: 3,
			took: [2]time.Duration{75 * time.Millisecond, 150 * time.Millisecond},
		},
		"gives up after three": {
			call: again, errs: []error{unreachable, unreachable, unreachable}, tries: 3, fails: true,
			took: [2]time.Duration{75 * time.Millisecond, 150 * time.Millisecond},
		},
		"writes are not repeated": {errs: []error{unreachable}, tries: 1, fails: true},
		"404 is an answer":        {call: again, errs: []error{status(404, 0)}, tries: 1, fails: true},
		"500 is no passing state": {call: again, errs: []error{status(500, 0)}, tries: 1, fails: true},
		"waits as long as asked": {
			call: hurried, errs: []error{status(429, 2*time.Second)}, tries: 2,
			took: [2]time.Duration{2 * time.Second, 2050 * time.Millisecond},
		},
		"gives up at once when asked to wait past the deadline": {
			call: hurried, errs: []error{status(429, 6*time.Second)}, tries: 1, fails: true,
		},
		"gives up at once when asked to wait for ages": {
			call: again, errs: []error{status(503, time.Hour)}, tries: 1, fails: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gate := clients.NewGate(clients.GateOptions{Upstream: "shop"})
				start, tries := time.Now(), 0
				test.call.Operation = "listOrders"
				err := gate.Do(t.Context(), test.call, failing(&tries, test.errs...))
				if tries != test.tries || (err != nil) != test.fails {
					t.Errorf("%d tries, error %v; want %d tries, failure %v", tries, err, test.tries, test.fails)
				}
				if took := time.Since(start); took < test.took[0] || took > test.took[1] {
					t.Errorf("took %v, want %v", took, test.took)
				}
				e, ok := errors.AsType[*clients.Error](err)
				if ok && (e.Upstream != "shop" || e.Operation != "listOrders") {
					t.Errorf("the error names %s.%s", e.Upstream, e.Operation)
				}
			})
		})
	}
}

func TestRetryNeverOutlivesTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := clients.NewGate(clients.GateOptions{Attempts: 100, Failures: -1})
		start, tries := time.Now(), 0
		err := gate.Do(t.Context(), clients.Call{Repeat: true, Timeout: 3 * time.Second}, func(ctx context.Context) error {
			tries++
			select {
			case <-ctx.Done():
				return clients.Classify(ctx, ctx.Err())
			case <-time.After(400 * time.Millisecond):
				return status(503, 0)
			}
		})
		if took := time.Since(start); took > 3*time.Second || tries < 2 {
			t.Errorf("%d tries took %v", tries, took)
		}
		if err == nil {
			t.Error("no error")
		}
	})
}

func TestCallerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		gate := clients.NewGate(clients.GateOptions{Attempts: 10})
		time.AfterFunc(20*time.Millisecond, cancel)
		tries := 0
		err := gate.Do(ctx, clients.Call{Repeat: true, Timeout: time.Minute}, func(ctx context.Context) error {
			tries++
			<-ctx.Done()
			return clients.Classify(ctx, ctx.Err())
		})
		if kindOf(t, err) != clients.Canceled || tries != 1 {
			t.Errorf("%d tries: %v", tries, err)
		}
	})
}

func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := clients.NewGate(clients.GateOptions{Failures: 3, Open: 10 * time.Second})
		call := func(err error) error {
			return gate.Do(t.Context(), clients.Call{}, func(context.Context) error { return err })
		}
		for range 10 { // what says nothing bad about the upstream leaves it closed
			for _, err := range []error{
				status(404, 0), status(429, 0), &clients.Error{Kind: clients.Canceled}, &clients.Error{Kind: clients.Address}, nil,
			} {
				_ = call(err)
			}
		}
		for range 3 {
			if kindOf(t, call(status(500, 0))) != clients.Status {
				t.Fatal("opened too early")
			}
		}
		err := call(nil)
		if kindOf(t, err) != clients.Open {
			t.Fatalf("not open: %v", err)
		}
		if e, _ := errors.AsType[*clients.Error](err); e.RetryAfter != 10*time.Second {
			t.Errorf("retry after %v, want 10s", e.RetryAfter)
		}
		time.Sleep(10 * time.Second)
		if kindOf(t, call(status(503, 0))) != clients.Status || kindOf(t, call(nil)) != clients.Open {
			t.Error("a failed probe does not open it again")
		}
		time.Sleep(10 * time.Second)
		if err := call(nil); err != nil {
			t.Errorf("the probe was refused: %v", err)
		}
		if err := call(nil); err != nil {
			t.Errorf("not closed after a good probe: %v", err)
		}
	})
}

func TestProbeWhoseCallerLeftDoesNotBlockTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := clients.NewGate(clients.GateOptions{Failures: 1, Open: time.Second})
		call := func(err error) error {
			return gate.Do(t.Context(), clients.Call{}, func(context.Context) error { return err })
		}
		_ = call(status(500, 0))
		time.Sleep(time.Second)
		_ = call(&clients.Error{Kind: clients.Canceled})
		time.Sleep(time.Second)
		if err := call(nil); err != nil {
			t.Errorf("still refused: %v", err)
		}
	})
}

func TestBreakerOff(t *testing.T) {
	gate := clients.NewGate(clients.GateOptions{Failures: -1})
	for range 50 {
		err := gate.Do(t.Context(), clients.Call{}, func(context.Context) error { return status(500, 0) })
		if kindOf(t, err) != clients.Status {
			t.Fatal(err)
		}
	}
}

func TestShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := clients.NewGate(clients.GateOptions{Concurrency: 2})
		var calls sync.WaitGroup
		var mu sync.Mutex
		running, most := 0, 0
		kinds := map[string]int{}
		for range 10 {
			calls.Go(func() {
				err := gate.Do(t.Context(), clients.Call{Timeout: 3500 * time.Millisecond}, func(context.Context) error {
					mu.Lock()
					running++
					most = max(most, running)
					mu.Unlock()
					time.Sleep(time.Second)
					mu.Lock()
					running--
					mu.Unlock()
					return nil
				})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					kinds["ok"]++
					return
				}
				kinds[kindOf(t, err).String()]++
				if e, _ := errors.AsType[*clients.Error](err); e.RetryAfter <= 0 {
					t.Error("no time to retry after")
				}
			})
		}
		calls.Wait()
		if most != 2 {
			t.Errorf("%d calls at once, want 2", most)
		}
		// Four rounds of two begin within the deadline, the other two calls wait until it.
		if diff := cmp.Diff(map[string]int{"ok": 8, "overloaded": 2}, kinds); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for value, want := range map[string]time.Duration{
			"": 0, "3": 3 * time.Second, "0": 0, "-1": 0, "soon": 0, "999999999": 24 * time.Hour, "99999999999999999999": 0,
			time.Now().Add(time.Minute).UTC().Format(http.TimeFormat):  time.Minute,
			time.Now().Add(-time.Minute).UTC().Format(http.TimeFormat): 0,
		} {
			if got := clients.RetryAfter(http.Header{"Retry-After": {value}}); got != want {
				t.Errorf("%s gives %v, want %v", strconv.Quote(value), got, want)
			}
		}
	})
}
