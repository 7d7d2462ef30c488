package auth_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"atrium/bff/auth"
	"atrium/bff/auth/issuertest"
	"atrium/bff/auth/sessions"
	"atrium/cache"
	"atrium/cache/redistest"
)

func TestManyRequestsAreOneRefresh(t *testing.T) {
	client, err := cache.Connect("redis://" + redistest.Start(t).Addr + "/0?timeout=5s&dialTimeout=5s")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	for name, store := range map[string]sessions.Store{"memory": nil, "redis": sessions.NewRedis(client)} {
		t.Run(name, func(t *testing.T) {
			s := setStage(t)
			guards := []*auth.Guard{s.guard}
			if store != nil { // several replicas
				guards = nil
				for range 3 {
					guards = append(guards, startReplica(t, s.clock, store).guard("acme", s.issuer.URL))
				}
			}
			s.signIn(guards[0], s.issuer)
			s.clock.pass(5 * time.Minute)
			s.issuer.Gate = make(chan struct{})
			var all sync.WaitGroup
			var mu sync.Mutex
			tokens := map[string]int{}
			for i := range 60 {
				r := s.request(http.MethodGet, "/")
				all.Go(func() {
					p, err := guards[i%len(guards)].Principal(context.WithoutCancel(t.Context()), r)
					if err != nil || p == nil {
						t.Errorf("signed out by a refresh: %v", err)
						return
					}
					mu.Lock()
					defer mu.Unlock()
					tokens[p.AccessToken()]++
				})
			}
			close(s.issuer.Gate)
			all.Wait()
			if s.issuer.Refreshes != 1 || len(tokens) != 1 || tokens[""] > 0 {
				t.Errorf("%d refreshes, tokens %v", s.issuer.Refreshes, tokens)
			}
		})
	}
}

func TestAReusedTokenEndsTheSession(t *testing.T) {
	s := setStage(t)
	s.signIn(s.guard, s.issuer)
	s.issuer.Steal() // somebody else used ours: what we hold is an older one
	s.clock.pass(5 * time.Minute)
	if got := s.me(s.guard); got != "" {
		t.Errorf("it is still %s", got)
	}
	if got := s.me(s.guard); got != "" || s.issuer.Refreshes != 1 {
		t.Errorf("it is %q after %d refreshes", got, s.issuer.Refreshes)
	}
}

func TestARefreshBringsNewClaims(t *testing.T) {
	s := setStage(t)
	s.signIn(s.guard, s.issuer)
	s.issuer.Claims = func(c jwt.MapClaims) { c["roles"] = []string{"admin"} }
	s.clock.pass(5 * time.Minute)
	if got := s.me(s.guard); !strings.Contains(got, `"roles":["admin"]`) {
		t.Errorf("it is %s", got)
	}
	s.clock.pass(5 * time.Minute)
	if got := s.me(s.guard); got == "" || s.issuer.Refreshes != 2 {
		t.Errorf("it is %q after %d refreshes: the new refresh token was not kept", got, s.issuer.Refreshes)
	}
	for name, change := range map[string]func(jwt.MapClaims){
		"somebody else":  func(c jwt.MapClaims) { c["sub"] = "user-18" },
		"another client": func(c jwt.MapClaims) { c["aud"] = "another" },
	} {
		s.issuer.Claims = nil
		s.signIn(s.guard, s.issuer)
		s.issuer.Claims = change
		s.clock.pass(5 * time.Minute)
		if got := s.me(s.guard); got != "" {
			t.Errorf("%s: it is %s", name, got)
		}
	}
}

func TestAnIssuerThatIsDownEndsNoSession(t *testing.T) {
	s := setStage(t)
	s.signIn(s.guard, s.issuer)
	s.clock.pass(5 * time.Minute)
	asked := 0
	s.issuer.Token = func(w http.ResponseWriter) bool {
		asked++
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	for range 5 {
		p, err := s.guard.Principal(t.Context(), s.request(http.MethodGet, "/"))
		if err != nil || p == nil || p.AccessToken() != "" {
			t.Fatalf("%v with token %q, %v", p, p.AccessToken(), err)
		}
	}
	if asked != 1 {
		t.Errorf("an issuer that fails was asked %d times at once", asked)
	}
	s.issuer.Token = nil
	s.clock.pass(6 * time.Second)
	if p, err := s.guard.Principal(t.Context(), s.request(http.MethodGet, "/")); err != nil || p.AccessToken() == "" {
		t.Errorf("it is up again: %v, %v", p, err)
	}
}

func TestSessionsEnd(t *testing.T) {
	s := setStage(t)
	s.issuer.Expires = 0 // no refreshes
	s.signIn(s.guard, s.issuer)
	s.clock.pass(59 * time.Minute)
	if s.me(s.guard) == "" {
		t.Fatal("ended before its time")
	}
	s.clock.pass(61 * time.Minute)
	if got := s.me(s.guard); got != "" {
		t.Errorf("idle for an hour and still %s", got)
	}
	s.signIn(s.guard, s.issuer)
	for range 14 {
		s.clock.pass(50 * time.Minute)
		if s.me(s.guard) == "" {
			t.Fatal("used and ended")
		}
	}
	s.clock.pass(30 * time.Minute)
	if got := s.me(s.guard); got != "" {
		t.Errorf("after twelve hours still %s", got)
	}
}

func TestWhoSignedOutIsNotBroughtBackByARefresh(t *testing.T) {
	s := setStage(t)
	s.signIn(s.guard, s.issuer)
	s.clock.pass(5 * time.Minute)
	s.issuer.Gate = make(chan struct{})
	began := make(chan struct{})
	s.issuer.Token = func(http.ResponseWriter) bool {
		select {
		case <-began:
		default:
			close(began)
		}
		return false
	}
	var refreshing sync.WaitGroup
	r := s.request(http.MethodGet, "/")
	refreshing.Go(func() {
		if p, err := s.guard.Principal(context.WithoutCancel(t.Context()), r); err != nil || p != nil {
			t.Errorf("%v, %v", p, err)
		}
	})
	<-began
	kept := s.cookies["__Host-session"]
	s.send(s.guard, http.MethodPost, "/-/auth/logout")
	close(s.issuer.Gate)
	refreshing.Wait()
	s.cookies["__Host-session"] = kept
	if got := s.me(s.guard); got != "" {
		t.Errorf("it is %s again", got)
	}
}

func TestNobodyIsSignedInWhileTheStoreIsGone(t *testing.T) {
	server := redistest.Start(t)
	client, err := cache.Connect("redis://" + server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	c := newClock()
	f := issuertest.Start(t, c.now)
	guard, b := startReplica(t, c, sessions.NewRedis(client)).guard("acme", f.URL), newBrowser(t)
	b.signIn(guard, f)
	server.Stop()
	resp := b.send(guard, http.MethodGet, "/-/auth/me")
	if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
		t.Errorf("%d", resp.StatusCode)
	}
	b.cookies = map[string]string{}
	if got := b.me(guard); got != "" {
		t.Errorf("who has no cookie is %s", got)
	}
}

func TestUpstreamsSeeNoCookieOfSignIn(t *testing.T) {
	for in, want := range map[string]string{
		"__Host-session=a": "", "x=1; __Host-session=a; y=2": "x=1; y=2", "x=1;y=2": "x=1;y=2",
		"__Host-login=a;x=1": "x=1", "__Host-sessions=a;x=__Host-session": "__Host-sessions=a;x=__Host-session",
	} {
		h := http.Header{"Cookie": {in}}
		auth.HideCookies(h)
		if got := h.Get("Cookie"); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}
