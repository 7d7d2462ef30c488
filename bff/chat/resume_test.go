package chat_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"atrium/bff/chat"
	"atrium/tenants"
)

// frames cuts a stream into its events.
func frames(body string) []string {
	return strings.SplitAfter(strings.TrimSuffix(body, "\n\n")+"\n\n", "\n\n")[:strings.Count(body, "\n\n")]
}

// An answer of every kind of event.
var rich = `data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"","reasoning":"Hm"}}]}` + "\n\n" +
	chunk("Hel") + chunk("lo") + chunk("\\n\\u00e9") + finish("stop") + usage + done

// A late viewer sees the same bytes, and one that resumes sees exactly what it has not: nothing lost, nothing doubled.
func TestReplayAndResume(t *testing.T) {
	for _, d := range chat.Dialects() {
		for _, text := range []string{rich, chunk("Hel") + chunk("lo")} {
			t.Run(string(d), func(t *testing.T) {
				g := newGenerations(t, chat.Options{})
				live := ask(t.Context(), g, "/assistant?dialect="+string(d), hi, chat.Call{Models: []*chat.Model{model(says(text))}}).wait()
				id := live.header.Get(chat.Header)
				if got := look(t.Context(), g, id, "", nil).wait(); got.String() != live.String() {
					t.Errorf("the replay is\n%s\nnot\n%s", got, live)
				}
				all := frames(live.text())
				for n := range all {
					want := strings.Join(all[n:], "")
					byQuery := look(t.Context(), g, id, "?after="+strconv.Itoa(n), nil).wait()
					byHeader := look(t.Context(), g, id, "", map[string]string{"Last-Event-ID": strconv.Itoa(n)}).wait()
					if byQuery.text() != want || byHeader.text() != want {
						t.Errorf("after %d: %q and %q, want %q", n, byQuery.text(), byHeader.text(), want)
					}
					if hasID := strings.HasPrefix(all[n], "id: "+strconv.Itoa(n+1)+"\n") || strings.Contains(all[n],
						"\nid: "); hasID != (d != chat.OpenAI) {
						t.Errorf("frame %d: %q", n+1, all[n])
					}
				}
				if end := look(t.Context(), g, id, "?after="+strconv.Itoa(len(all)), nil).wait(); end.status != http.StatusNoContent {
					t.Errorf("after the end:\n%s", end)
				}
			})
		}
	}
}

// A viewer that comes while the answer is being given sees its start and then the rest, in whatever dialect.
func TestManyViewers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := &upstream{play: func(_ context.Context, _ int, w io.Writer) {
			for _, word := range frames(hello) {
				time.Sleep(time.Second)
				_, _ = io.WriteString(w, word)
			}
		}}
		g := newGenerations(t, chat.Options{})
		first := ask(t.Context(), g, "/assistant", hi, chat.Call{Models: []*chat.Model{model(u)}})
		first.until(t, "Hel")
		id := first.header.Get(chat.Header)
		second := look(t.Context(), g, id, "", nil)
		third := look(t.Context(), g, id, "?dialect=openai&after=1", nil)
		if got := first.wait().String(); second.wait().String() != got {
			t.Errorf("second saw\n%s\nfirst\n%s", second, got)
		}
		if want := chunk("lo") + finish("stop") + done; third.wait().text() != want {
			t.Errorf("third saw %q, want %q", third.text(), want)
		}
	})
}

// A viewer that does not read is dropped in its own time. Nobody else notices.
func TestSlowViewer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := holds(chunk("Hel"))
		m := model(u)
		g := newGenerations(t, chat.Options{WriteTimeout: 20 * time.Second})
		first := ask(t.Context(), g, "/assistant", hi, chat.Call{Models: []*chat.Model{m}})
		first.until(t, "Hel")
		id, start := first.header.Get(chat.Header), time.Now()

		slow := newScreen()
		slow.stuck = true
		r := look(t.Context(), g, id, "", nil) // a second viewer that reads
		go func() {
			defer close(slow.done)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			if err != nil {
				t.Error(err)
				return
			}
			slow.err = g.ServeGeneration(slow, req, "acme", id)
		}()
		r.until(t, "Hel")
		if waited := time.Since(start); waited != 0 {
			t.Errorf("the second viewer waited %s", waited)
		}
		slow.wait()
		if waited := time.Since(start); waited > 21*time.Second || slow.err == nil || !slow.aborted {
			t.Errorf("the slow viewer was dropped after %s, error %v, aborted %v", waited, slow.err, slow.aborted)
		}
		if len(u.ended) != 0 {
			t.Error("the generation ended with the slow viewer")
		}
		first.leave(errLeft)
		r.leave(errLeft)
		<-u.ended
	})
}

func TestOnDisconnect(t *testing.T) {
	back := 20 * time.Second
	tests := []struct {
		policy chat.OnDisconnect
		back   time.Duration // when a viewer comes back; 0 for never
		ended  time.Duration // when the upstream is let go
		status string
	}{
		{"", 0, 0, "failed"},
		{chat.Cancel, 0, 0, "failed"},
		{chat.Grace, 0, 30 * time.Second, "failed"},
		{chat.Grace, back, back + time.Second + 30*time.Second, "failed"}, // it stays for a second
		{chat.Finish, 0, time.Minute, "complete"},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			u := &upstream{ended: make(chan cause, 1), play: func(ctx context.Context, _ int, w io.Writer) {
				_, _ = io.WriteString(w, chunk("Hel"))
				select {
				case <-time.After(time.Minute):
					_, _ = io.WriteString(w, finish("stop"))
				case <-ctx.Done():
				}
			}}
			m := model(u)
			m.OnDisconnect, m.Timeouts.Idle = tt.policy, time.Hour
			g := newGenerations(t, chat.Options{})
			s := ask(t.Context(), g, "/assistant", hi, chat.Call{Models: []*chat.Model{m}})
			s.until(t, "Hel")
			id, start := s.header.Get(chat.Header), time.Now()
			s.leave(errLeft)
			if s.wait(); !errors.Is(s.err, errLeft) || !s.aborted {
				t.Errorf("%s: error %v, aborted %v", tt.policy, s.err, s.aborted)
			}
			if tt.back > 0 {
				time.Sleep(tt.back)
				again := look(t.Context(), g, id, "?after=1", nil)
				time.Sleep(time.Second)
				again.leave(errLeft)
				again.wait()
			}
			end := <-u.ended
			if took := time.Since(start); took != tt.ended || (tt.status == "complete") == (end.err != nil && !errors.Is(end.err,
				context.Canceled)) {
				t.Errorf("%s: upstream let go after %s by %v", tt.policy, took, end.err)
			}
			synctest.Wait()
			if got := look(t.Context(), g, id, "", map[string]string{"Accept": "application/jso" +
				"n"}).wait().text(); !strings.Contains(got, `"status":"`+tt.status+`"`) {
				t.Errorf("%s: %s", tt.policy, got)
			}
		})
	}
}

func TestLeavingBeforeTheFirstEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := holds("")
		g := newGenerations(t, chat.Options{})
		s := ask(t.Context(), g, "/assistant", hi, chat.Call{Models: []*chat.Model{model(u)}})
		synctest.Wait()
		s.leave(errLeft)
		if s.wait(); s.status != 499 || !errors.Is(s.err, errLeft) {
			t.Errorf("error %v\n%s", s.err, s)
		}
		synctest.Wait()
		if g.Open("acme") != 0 {
			t.Error("it is still running")
		}
	})
}

func stop(t *testing.T, g *chat.Generations, tenant tenants.ID, id string) *screen {
	t.Helper()
	return open(t.Context(), http.MethodDelete, "/-/generations/"+id, "", nil, func(w http.ResponseWriter, r *http.Request) error {
		return g.ServeStop(w, r, tenant, id)
	}).wait()
}

func TestStop(t *testing.T) {
	want := map[chat.Dialect]string{
		chat.Text: "event: error\nid: 2\ndata: {\"error\":{\"code\":\"stopped\",\"message\":\"The answer was stopped.\"}}\n\n",
		chat.OpenAI: "data: {\"error\":{\"message\":\"The answer was stopped.\",\"type\":\"server_error\"," +
			"\"code\":\"stopped\",\"param\":null}}\n\ndata: [DONE]\n\n",
		chat.UI: "id: 5\ndata: {\"type\":\"text-end\",\"id\":\"1\"}\n\nid: 6\ndata: {\"type\":\"abort\"}\n\nid: 7\ndata: [DONE]\n\n",
	}
	for d, end := range want {
		synctest.Test(t, func(t *testing.T) {
			u := holds(chunk("Hel"))
			g := newGenerations(t, chat.Options{})
			s := ask(t.Context(), g, "/assistant?dialect="+string(d), hi, chat.Call{Models: []*chat.Model{model(u)}})
			s.until(t, "Hel")
			id := s.header.Get(chat.Header)
			if other := stop(t, g, "globex", id); other.status != http.StatusNotFound {
				t.Errorf("another tenant: %s", other)
			}
			if got := stop(t, g, "acme", id); got.status != http.StatusNoContent {
				t.Errorf("stop: %s", got)
			}
			<-u.ended
			if got := s.wait().text(); !strings.HasSuffix(got, end) || s.aborted {
				t.Errorf("%s: %q", d, got)
			}
			if again := stop(t, g, "acme", id); again.status != http.StatusNoContent {
				t.Errorf("stop again: %s", again)
			}
		})
	}
}

func TestWhatATenantDoesNotHave(t *testing.T) {
	g := newGenerations(t, chat.Options{})
	s := ask(t.Context(), g, "/assistant", hi, chat.Call{Tenant: "globex", Models: []*chat.Model{model(says(hello))}}).wait()
	id := s.header.Get(chat.Header)
	for _, id := range []string{id, "gen_x", ""} {
		for _, header := range []map[string]string{nil, {"Accept": "application/json"}} {
			got := look(t.Context(), g, id, "", header).wait()
			if got.status != http.StatusNotFound || !errors.Is(got.err, chat.ErrNotFound) || strings.Contains(got.String(), "Hel") {
				t.Errorf("%q: %s", id, got)
			}
		}
	}
	for _, query := range []string{"?after=x", "?after=-1", "?dialect=latin"} {
		s := open(t.Context(), http.MethodGet, "/"+query, "", nil, func(w http.ResponseWriter, r *http.Request) error {
			return g.ServeGeneration(w, r, "globex", id)
		}).wait()
		if s.status != http.StatusBadRequest || !strings.Contains(s.text(), `"pointer":"/query/`) {
			t.Errorf("%s: %s", query, s)
		}
	}
}

func TestJSON(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGenerations(t, chat.Options{})
		answer := func(u *upstream) string {
			s := ask(t.Context(), g, "/assistant", hi, chat.Call{Models: []*chat.Model{model(u)}})
			s.until(t, "Hel")
			synctest.Wait()
			id := s.header.Get(chat.Header)
			got := look(t.Context(), g, id, "", map[string]string{"Accept": "application/json"}).wait().text()
			s.leave(errLeft)
			s.wait()
			return strings.ReplaceAll(got, id, "GEN")
		}
		const head = `{"id":"GEN","status":"`
		tests := map[string]*upstream{
			`complete","created":"2000-01-01T00:00:00Z","model":"m-1","content":"Hello\né","reasoning":"Hm",` +
				`"finishReason":"stop","usage":{"inputTokens":7,"outputTokens":2}}`: says(rich),
			`running","created":"2000-01-01T00:00:00Z",` +
				`"content":"Hel"}`: holds(chunk("Hel")),
			`failed","created":"2000-01-01T00:00:00Z","content":"Hel","error":{"code":"upstream-contract",` +
				`"message":"The answer broke off."}}`: says(chunk("Hel")),
		}
		for want, u := range tests {
			if diff := cmp.Diff(head+want, answer(u)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
	})
}

// What has ended is kept for a while, and no more of it than a tenant may keep.
func TestKeeping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGenerations(t, chat.Options{Keep: time.Minute, KeepBytes: 2500})
		generation := func() string {
			s := ask(t.Context(), g, "/assistant", hi, chat.Call{Models: []*chat.Model{model(says(hello))}}).wait()
			synctest.Wait() // for it to be put away
			return s.header.Get(chat.Header)
		}
		there := func(id string) bool { return look(t.Context(), g, id, "", nil).wait().status == http.StatusOK }
		first, second := generation(), generation()
		if !there(first) || !there(second) {
			t.Fatal("they are gone at once")
		}
		time.Sleep(30 * time.Second)
		var last string
		for range 5 {
			last = generation()
		}
		if there(first) || !there(last) {
			t.Errorf("first there: %v, last there: %v", there(first), there(last))
		}
		time.Sleep(59 * time.Second)
		if !there(last) {
			t.Error("it was to be kept for a minute")
		}
		time.Sleep(2 * time.Second)
		if there(last) {
			t.Error("it was to be kept for a minute only")
		}
	})
}

func TestAnAnswerTooLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := &upstream{ended: make(chan cause, 1), play: func(ctx context.Context, _ int, w io.Writer) {
			for ctx.Err() == nil {
				_, _ = io.WriteString(w, chunk("Hello"))
			}
		}}
		g := newGenerations(t, chat.Options{MaxBytes: 10_000})
		s := ask(t.Context(), g, "/assistant", hi, chat.Call{Models: []*chat.Model{model(u)}}).wait()
		if !strings.Contains(s.text(), `{"error":{"code":"too-large","message":"The answer is too long."}}`) {
			t.Errorf("%s", s)
		}
		<-u.ended
	})
}

func TestUseChatResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u := holds(chunk("Hel"))
		m := model(u)
		m.OnDisconnect = chat.Grace
		g := newGenerations(t, chat.Options{})
		c := chat.Call{Tenant: "acme", Route: "POST /assistant", Owner: "ada", Models: []*chat.Model{m}}
		resume := func(c chat.Call, chatID string) *screen {
			return open(t.Context(), http.MethodGet, "/assistant/"+chatID+"/stream", "", nil, func(w http.ResponseWriter,
				r *http.Request,
			) error {
				return g.ServeResume(w, r, c, chatID)
			})
		}
		const body = `{"id":"chat-1","trigger":"submit-message","messages":[{"id":"m","role":"user","parts":[{"type":"text",` +
			`"text":"Hi"}]}]}`
		s := ask(t.Context(), g, "/assistant", body, c)
		s.until(t, "Hel")
		s.leave(errLeft)
		s.wait()

		again := resume(c, "chat-1")
		again.until(t, "Hel")
		if !strings.HasPrefix(again.text(), s.text()) {
			t.Errorf("resumed as\n%s\nafter\n%s", again, s)
		}
		other := c
		other.Owner = "eve"
		elsewhere := c
		elsewhere.Tenant = "globex"
		for name, s := range map[string]*screen{
			"unknown": resume(c, "chat-2"), "of another user": resume(other, "chat-1"),
			"of another tenant": resume(elsewhere, "chat-1"),
		} {
			if s.wait().status != http.StatusNoContent {
				t.Errorf("%s: %s", name, s)
			}
		}
		stop(t, g, "acme", again.header.Get(chat.Header))
		again.wait()
		if after := resume(c, "chat-1").wait(); after.status != http.StatusNoContent {
			t.Errorf("a stopped answer that was seen to its end: %s", after)
		}
	})
}
