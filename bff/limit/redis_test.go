package limit

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"atrium/cache/redistest"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// 18: exactly the limit passes, however many ask at once and on however many replicas.
func Test18RedisIsExact(t *testing.T) {
	s := redistest.Start(t)
	o := Options{Budget: 5 * time.Second} // of a machine that runs other tests too
	a, b := replica(t, s.PatientURL(), o), replica(t, s.PatientURL(), o)
	if passed := hammer(t.Context(), Subject{Requests: rates("1000/1h")}, a, b); passed != 1000 {
		t.Errorf("%d passed, want 1000", passed)
	}
	d := a.Take(t.Context(), "acme", Subject{Requests: rates("1000/1h")}, 1)
	if d.Allowed || d.Local || d.Limits[0].Reset.Before(time.Now().Add(59*time.Minute)) {
		t.Errorf("%+v", d)
	}
	if u := b.Usage(t.Context(), "acme", nil); u.Requests.Count != 3200 {
		t.Errorf("usage %+v", u)
	}
}

func Test18ClusterIsExact(t *testing.T) {
	var hosts []string
	for _, n := range redistest.StartCluster(t) {
		hosts = append(hosts, n.Addr)
	}
	l := replica(t, "redis+cluster://"+strings.Join(hosts, ",")+"?timeout=5s&dialTimeout=5s", Options{Budget: 5 * time.Second})
	s := Subject{Client: "user:7", Requests: rates("1000/1h"), PerClient: rates("900/1h")}
	if passed := hammer(t.Context(), s, l); passed != 900 {
		t.Errorf("%d passed, want 900", passed)
	}
	if d := l.Peek(t.Context(), "acme", s); d.Local || d.Limits[0].Remaining != 100 {
		t.Errorf("%+v", d)
	}
	r, err := l.Reserve(t.Context(), "acme", rates("100/24h", "50/1h"), 50)
	if err != nil || r.shared == nil {
		t.Errorf("tokens: %v", err)
	}
}

// 18: killed in the middle, Redis takes no decision with it: no error, no panic, and about the limit in all.
func Test18RedisKilled(t *testing.T) {
	s := redistest.Start(t)
	ls := []*Limiter{replica(t, s.URL(), Options{}), replica(t, s.URL(), Options{})}
	for _, l := range ls {
		eventually(t, 10*time.Second, "both replicas are counted", func() bool {
			l.fleet.beat(t.Context())
			return l.fleet.alive.Load() == 2
		})
	}
	subject := Subject{Client: "user:7", Requests: rates("1000/1h"), PerClient: rates("100000/1h")}
	var passed, local, slow atomic.Int64
	for n := range 4000 {
		if n == 300 {
			s.Stop()
		}
		start := time.Now()
		d := ls[n%2].Take(t.Context(), "acme", subject, 1)
		if time.Since(start) > 20*time.Millisecond {
			slow.Add(1)
		}
		if d.Allowed {
			passed.Add(1)
		}
		if d.Local {
			local.Add(1)
		}
	}
	if n := passed.Load(); n < 900 || n > 1102 {
		t.Errorf("%d passed, of 1000", n)
	}
	if local.Load() < 3000 {
		t.Errorf("%d decisions were local", local.Load())
	}
	if slow.Load() > 100 {
		t.Errorf("%d decisions of 4000 took more than 20ms", slow.Load())
	}
	s.Start()
	eventually(t, 3*time.Second, "redis counts again", func() bool { return !ls[0].Take(t.Context(), "acme", subject, 1).Local })
}

func TestStartsWithoutRedis(t *testing.T) {
	s := redistest.Absent(t)
	l := replica(t, s.URL(), Options{})
	for n := range 10 {
		if d := l.Take(t.Context(), "acme", Subject{Requests: rates("5/1h")}, 1); d.Allowed != (n < 5) || !d.Local {
			t.Errorf("request %d: %+v", n, d)
		}
	}
	s.Start()
	eventually(t, 3*time.Second, "redis counts", func() bool {
		return !l.Take(t.Context(), "globex", Subject{Requests: rates("5000/1h")}, 1).Local
	})
}

func TestRedisRefunds(t *testing.T) {
	s := redistest.Start(t)
	l := replica(t, s.PatientURL(), Options{Budget: 5 * time.Second})
	two := Subject{Requests: rates("100/1h", "2/1m")}
	for range 20 {
		if d := l.Take(t.Context(), "acme", two, 1); d.Local {
			t.Fatal("redis did not answer")
		}
	}
	if d := l.Peek(t.Context(), "acme", two); d.Limits[0].Remaining != 98 || d.Limits[1].Remaining != 0 || d.Allowed {
		t.Errorf("%+v", d)
	}
	ten := Subject{Requests: rates("10/1h")}
	l.Take(t.Context(), "globex", ten, 8)
	l.Take(t.Context(), "globex", ten, 8)
	if d := l.Take(t.Context(), "globex", ten, 2); !d.Allowed || d.Local {
		t.Errorf("what was refused was consumed: %+v", d)
	}
}

// A client's name is not in Redis, the tenant is in every name, and no counter stays for ever.
func TestRedisNames(t *testing.T) {
	s := redistest.Start(t)
	l := replica(t, s.PatientURL(), Options{Budget: 5 * time.Second})
	l.Take(t.Context(), "acme", Subject{Client: "user:secretive", Requests: rates("5/1h"), PerClient: rates("5/1h")}, 1)
	_, _ = l.Reserve(t.Context(), "acme", rates("100/24h"), 10)
	_, _ = l.Acquire(t.Context(), "acme", 5)
	var names []string
	eventually(t, time.Second, "all names are there", func() bool {
		names = nil
		for word := range strings.FieldsSeq(s.Do("KEYS", "*")) {
			if strings.Contains(word, ":") && !strings.HasPrefix(word, "*") {
				names = append(names, word)
			}
		}
		return len(names) == 5
	})
	for _, name := range names {
		if !strings.HasPrefix(name, "b1:{acme}:") && name != nodesKey || strings.Contains(name, "secretive") {
			t.Errorf("a key is named %s", name)
		}
		if name != nodesKey && s.Do("PTTL", name) == ":-1\r\n" {
			t.Errorf("%s stays for ever", name)
		}
	}
}

func TestSpanHangsUnderTheRequest(t *testing.T) {
	s := redistest.Start(t)
	l := replica(t, s.PatientURL(), Options{Budget: 5 * time.Second})
	spans := tracetest.NewInMemoryExporter()
	ctx, root := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)).Tracer("test").Start(t.Context(), "request")
	l.Take(ctx, "acme", Subject{Requests: rates("1/1h")}, 1)
	l.Take(context.WithoutCancel(ctx), "acme", Subject{Requests: rates("1/1h")}, 1)
	got := spans.GetSpans()
	if len(got) != 2 || got[0].Name != "limit.take" || got[0].Parent.SpanID() != root.SpanContext().SpanID() {
		t.Errorf("spans %v", got)
	}
}
