package limit

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestHeaders(t *testing.T) {
	now := time.Unix(1000, 0)
	tenant := Limit{Name: "tenant", Quota: 600, Window: time.Minute, Remaining: 12, Reset: now.Add(29500 * time.Millisecond)}
	client := Limit{Name: "client", Quota: 60, Window: time.Minute, Remaining: 3, Reset: now.Add(time.Minute)}
	hour := Limit{Name: "tenant-3600", Quota: 9, Window: time.Hour, Remaining: 3, Reset: now.Add(2 * time.Hour)}
	spent := client
	spent.Remaining = 0
	for _, tt := range []struct {
		name string
		d    Decision
		want http.Header
	}{
		{"none", Decision{Allowed: true}, http.Header{}},
		{"one", Decision{Allowed: true, Limits: []Limit{tenant}, now: now}, http.Header{
			"Ratelimit": {`"tenant";r=12;t=30`}, "Ratelimit-Policy": {`"tenant";q=600;w=60`},
			"X-Ratelimit-Limit": {"600"}, "X-Ratelimit-Remaining": {"12"}, "X-Ratelimit-Reset": {"1030"},
		}},
		{"several: the tightest", Decision{Allowed: true, Limits: []Limit{tenant, client, hour}, now: now}, http.Header{
			"Ratelimit":         {`"tenant";r=12;t=30, "client";r=3;t=60, "tenant-3600";r=3;t=3600`},
			"Ratelimit-Policy":  {`"tenant";q=600;w=60, "client";q=60;w=60, "tenant-3600";q=9;w=3600`},
			"X-Ratelimit-Limit": {"9"}, "X-Ratelimit-Remaining": {"3"}, "X-Ratelimit-Reset": {"4600"},
		}},
		{"refused", Decision{Code: CodeClient, refused: 1, Limits: []Limit{tenant, spent}, now: now}, http.Header{
			"Ratelimit": {`"tenant";r=12;t=30, "client";r=0;t=60`}, "Ratelimit-Policy": {`"tenant";q=600;w=60, "client";q=60;w=60`},
			"X-Ratelimit-Limit": {"60"}, "X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {"1060"}, "Retry-After": {"60"},
		}},
	} {
		got := http.Header{}
		tt.d.WriteHeaders(got)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestTake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t, Options{})
		s := Subject{Client: "user:7", Requests: rates("5/1m"), PerClient: rates("3/1m")}
		for n := range 3 {
			d := l.Take(t.Context(), "acme", s, 1)
			if !d.Allowed || d.Err() != nil || d.Limits[0].Remaining != int64(4-n) || d.Limits[1].Remaining != int64(2-n) {
				t.Fatalf("request %d: %+v", n, d)
			}
		}
		time.Sleep(20 * time.Second)
		for range 10 { // a client over its limit takes nothing from its tenant
			d := l.Take(t.Context(), "acme", s, 1)
			var e *Exceeded
			if !errors.As(d.Err(), &e) || e.Code != CodeClient || e.RetryAfter != 40*time.Second || d.Limits[0].Remaining != 2 {
				t.Fatalf("%+v: %v", d, d.Err())
			}
			if got := e.Limit(); got != "3/1m requests per client" {
				t.Errorf("it says %q", got)
			}
		}
		s.Client = "user:8"
		l.Take(t.Context(), "acme", s, 1)
		l.Take(t.Context(), "acme", s, 1)
		if d := l.Take(t.Context(), "acme", s, 1); d.Code != CodeRequests {
			t.Errorf("the tenant's limit: %+v", d)
		}
		if d := l.Take(t.Context(), "globex", s, 1); !d.Allowed {
			t.Errorf("another tenant: %+v", d)
		}
		if u := l.Usage(t.Context(), "acme", nil); u.Requests != (RequestUsage{Count: 16, Limited: 11}) {
			t.Errorf("usage %+v", u)
		}
		time.Sleep(40 * time.Second)
		if d := l.Take(t.Context(), "acme", s, 1); !d.Allowed {
			t.Errorf("the next window: %+v", d)
		}
	})
}

func TestChangedPlanHoldsAtOnce(t *testing.T) {
	l := open(t, Options{})
	for range 5 {
		l.Take(t.Context(), "acme", Subject{Requests: rates("5/1m")}, 1)
	}
	if d := l.Peek(t.Context(), "acme", Subject{Requests: rates("5/1m")}); d.Allowed {
		t.Error("peek allows what take would refuse")
	}
	if d := l.Take(t.Context(), "acme", Subject{Requests: rates("10/1m")}, 1); !d.Allowed || d.Limits[0].Remaining != 4 {
		t.Errorf("a higher quota: %+v", d)
	}
	if d := l.Take(t.Context(), "acme", Subject{Requests: rates("6/1m")}, 1); d.Allowed {
		t.Errorf("a lower quota: %+v", d)
	}
}

// What is refused is not consumed: neither its cost, nor in the windows that would have let it pass.
func TestRefusedIsNotConsumed(t *testing.T) {
	l := open(t, Options{})
	s := Subject{Requests: rates("10/1m")}
	if d := l.Take(t.Context(), "acme", s, 8); !d.Allowed {
		t.Fatalf("%+v", d)
	}
	if d := l.Take(t.Context(), "acme", s, 8); d.Allowed || d.Limits[0].Remaining != 2 {
		t.Errorf("8 of 2: %+v", d)
	}
	if d := l.Take(t.Context(), "acme", s, 2); !d.Allowed {
		t.Errorf("2 of 2: %+v", d)
	}
	two := Subject{Requests: rates("100/1h", "2/1m")}
	for range 20 {
		l.Take(t.Context(), "globex", two, 1)
	}
	d := l.Peek(t.Context(), "globex", two)
	if d.Limits[0].Name != "tenant-3600" || d.Limits[0].Remaining != 98 || d.Limits[1].Name != "tenant-60" {
		t.Errorf("%+v", d.Limits)
	}
}

func TestNoLimits(t *testing.T) {
	l := open(t, Options{})
	d := l.Take(t.Context(), "acme", Subject{Client: "user:7"}, 1)
	if !d.Allowed || d.Err() != nil || len(d.Limits) != 0 {
		t.Errorf("%+v", d)
	}
}
