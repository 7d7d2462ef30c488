package chat_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"atrium/bff/chat"
	"atrium/bff/chat/fleet"
	"atrium/cache/redistest"
	"atrium/tenants"
)

// network is the way to a Redis as one replica has it.
type network struct {
	chat.Shared
	down  atomic.Bool // nothing arrives
	mute  atomic.Bool // everything arrives, and no answer comes back
	fails atomic.Int64
}

var errNetwork = errors.New("the network is down")

func (n *network) Append(ctx context.Context, name chat.Name, seq int64, entry []byte, life time.Duration) error {
	if n.down.Load() {
		n.fails.Add(1)
		return errNetwork
	}
	err := n.Shared.Append(ctx, name, seq, entry, life)
	if n.mute.Load() {
		n.fails.Add(1)
		return errNetwork
	}
	return err
}

func (n *network) Set(ctx context.Context, name chat.Name, value string, life time.Duration) error {
	if n.down.Load() {
		return errNetwork
	}
	return n.Shared.Set(ctx, name, value, life)
}

// replicas are two registries with one real Redis.
func replicas(t *testing.T, opts chat.Options) (a, b *chat.Generations, ofA *network) {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: redistest.Start(t).Addr})
	store := fleet.NewRedis(client, nil)
	t.Cleanup(func() {
		store.Close()
		_ = client.Close()
	})
	ofA = &network{Shared: store}
	opts.Shared = ofA
	a = newGenerations(t, opts)
	opts.Shared = store
	return a, newGenerations(t, opts), ofA
}

// paced is an upstream that says what it is handed.
func paced() (u *upstream, say chan<- string) {
	words := make(chan string)
	return &upstream{play: func(ctx context.Context, _ int, w io.Writer) {
		for {
			select {
			case word, more := <-words:
				if !more {
					return
				}
				_, _ = io.WriteString(w, word)
			case <-ctx.Done():
				return
			}
		}
	}}, words
}

// elsewhere gets a generation once it is known there.
func elsewhere(t *testing.T, g *chat.Generations, id string) *screen {
	t.Helper()
	asJSON := map[string]string{"Accept": "application/json"}
	for look(t.Context(), g, id, "", asJSON).wait().status == http.StatusNotFound {
		time.Sleep(time.Millisecond) // a real network's time
	}
	return look(t.Context(), g, id, "", nil)
}

func TestAnotherReplicaTellsTheSame(t *testing.T) {
	t.Parallel()
	a, b, _ := replicas(t, chat.Options{})
	u, say := paced()
	tool := dashboard(func(context.Context, []byte) ([]byte, error) { return []byte(`{"n":1}`), nil })
	first := ask(t.Context(), a, "/assistant?dialect=ui", hi, chat.Call{Models: []*chat.Model{model(u)}, Tools: []chat.Tool{tool}})
	say <- chunk("Let me see. ")
	first.until(t, "Let me see. ")
	id := first.header.Get(chat.Header)
	second := elsewhere(t, b, id)
	second.until(t, "Let me see. ")
	for _, event := range frames(strings.TrimPrefix(calls("get_dashboard", `{"id":"17"}`), chunk("Let me see. "))) {
		say <- event
	}
	close(say)
	first.until(t, "tool-output-available")
	first.leave(errLeft) // the second answer has no finish reason: the answer breaks off
	first.wait()
	second.wait()
	for _, d := range chat.Dialects() {
		here := look(t.Context(), a, id, "?dialect="+string(d), nil).wait()
		there := look(t.Context(), b, id, "?dialect="+string(d), nil).wait()
		if here.text() != there.text() || here.text() == "" || d == chat.UI && there.text() != second.text() {
			t.Errorf("%s: here\n%s\nthere\n%s", d, here, there)
		}
		all := frames(there.text())
		for n := range all {
			rest := look(t.Context(), b, id, fmt.Sprintf("?dialect=%s&after=%d", d, n), nil).wait()
			if rest.text() != strings.Join(all[n:], "") {
				t.Errorf("%s after %d: %s", d, n, rest)
			}
		}
		if end := look(t.Context(), b, id, fmt.Sprintf("?dialect=%s&after=%d", d, len(all)), nil).wait(); end.status != http.StatusNoContent {
			t.Errorf("after the end: %s", end)
		}
	}
	asJSON := map[string]string{"Accept": "application/json"}
	here, there := look(t.Context(), a, id, "", asJSON).wait().text(), look(t.Context(), b, id, "", asJSON).wait().text()
	if here != there || !strings.Contains(there, `"output":{"n":1}`) {
		t.Errorf("as JSON here\n%s\nthere\n%s", here, there)
	}
	stranger := open(t.Context(), http.MethodGet, "/", "", nil, func(w http.ResponseWriter, r *http.Request) error {
		return b.ServeGeneration(w, r, "globex", id)
	}).wait()
	if stranger.status != http.StatusNotFound {
		t.Errorf("another tenant sees %s", stranger)
	}
}

func TestStopFromAnotherReplica(t *testing.T) {
	t.Parallel()
	a, b, _ := replicas(t, chat.Options{})
	u := holds(chunk("Hel"))
	first := ask(t.Context(), a, "/assistant", hi, chat.Call{Models: []*chat.Model{model(u)}})
	first.until(t, "Hel")
	id := first.header.Get(chat.Header)
	second := elsewhere(t, b, id)
	stop := func(tenant tenants.ID) int {
		return open(t.Context(), http.MethodDelete, "/", "", nil, func(w http.ResponseWriter, r *http.Request) error {
			return b.ServeStop(w, r, tenant, id)
		}).wait().status
	}
	if got := stop("globex"); got != http.StatusNotFound {
		t.Errorf("another tenant's stop: %d", got)
	}
	if got := stop("acme"); got != http.StatusNoContent {
		t.Errorf("stop: %d", got)
	}
	for _, s := range []*screen{first, second} {
		if got := s.wait().text(); !strings.Contains(got, `"code":"stopped"`) {
			t.Errorf("told %s", got)
		}
	}
	if end := <-u.ended; end.err == nil {
		t.Error("the model was left to go on")
	}
}

// What the network did not carry is carried later, once: also what it carried without saying so.
func TestSharingOutlastsTheNetwork(t *testing.T) {
	t.Parallel()
	a, b, network := replicas(t, chat.Options{})
	u, say := paced()
	first := ask(t.Context(), a, "/assistant", hi, chat.Call{Models: []*chat.Model{model(u)}})
	say <- chunk("0 ")
	first.until(t, "0 ")
	id := first.header.Get(chat.Header)
	second := elsewhere(t, b, id)
	for i := 1; i < 6; i++ {
		network.down.Store(i%2 == 0)
		network.mute.Store(i%2 == 1)
		failed := network.fails.Load()
		say <- chunk(strconv.Itoa(i) + " ")
		for network.fails.Load() == failed {
			time.Sleep(time.Millisecond) // a real network's time
		}
	}
	network.down.Store(false)
	network.mute.Store(false)
	say <- finish("stop")
	close(say)
	if here, there := first.wait(), second.wait(); here.text() != there.text() || !strings.Contains(there.text(), "[DONE]") {
		t.Errorf("here\n%s\nthere\n%s", here, there)
	}
}

// The viewers of a replica that is gone are told so where they resume, whatever they have seen before.
func TestAReplicaDies(t *testing.T) {
	t.Parallel()
	a, b, network := replicas(t, chat.Options{})
	first := ask(t.Context(), a, "/assistant", hi, chat.Call{Models: []*chat.Model{model(holds(chunk("Hel") + chunk("lo")))}})
	first.until(t, "lo")
	id := first.header.Get(chat.Header)
	elsewhere(t, b, id).until(t, "lo")
	network.down.Store(true)
	const lost = "event: error\nid: 3\ndata: {\"error\":{\"code\":\"lost\",\"message\":\"The answer broke off.\"}}\n\n"
	behind, ahead := look(t.Context(), b, id, "?after=1", nil), look(t.Context(), b, id, "?after=7", nil)
	if got := behind.wait().text(); !strings.HasSuffix(got, lost) || !strings.Contains(got, "lo") || strings.Contains(got, "Hel") {
		t.Errorf("told %s", got)
	}
	if got := ahead.wait().text(); got != lost {
		t.Errorf("who had seen more is told %s", got)
	}
}

func TestAChatResumesOnAnotherReplica(t *testing.T) {
	t.Parallel()
	a, b, _ := replicas(t, chat.Options{})
	u, say := paced()
	call := chat.Call{Tenant: "acme", Route: "POST /assistant", Owner: "u1", Models: []*chat.Model{model(u)}}
	const body = `{"id":"c1","trigger":"submit-message","messages":[{"role":"user","content":"Hi"}]}`
	first := ask(t.Context(), a, "/assistant", body, call)
	say <- chunk("Hel")
	first.until(t, "Hel")
	elsewhere(t, b, first.header.Get(chat.Header)).until(t, "Hel")
	resume := func(owner string) *screen {
		return open(t.Context(), http.MethodGet, "/assistant/c1/stream", "", nil, func(w http.ResponseWriter, r *http.Request) error {
			c := call
			c.Owner = owner
			return b.ServeResume(w, r, c, "c1")
		})
	}
	second := resume("u1")
	second.until(t, "Hel")
	say <- chunk("lo") + finish("stop")
	close(say)
	if here, there := first.wait(), second.wait(); here.text() != there.text() {
		t.Errorf("here\n%s\nthere\n%s", here, there)
	}
	if got := resume("u1").wait().status; got != http.StatusNoContent {
		t.Errorf("what was told is told again: %d", got)
	}
	if got := resume("u2").wait().status; got != http.StatusNoContent {
		t.Errorf("somebody else's chat: %d", got)
	}
}

// An answer is not given for nobody, and a viewer of another replica is somebody.
func TestAViewerElsewhereKeepsAnAnswerAlive(t *testing.T) {
	t.Parallel()
	for _, policy := range []chat.OnDisconnect{chat.Cancel, chat.Grace} {
		a, b, _ := replicas(t, chat.Options{Grace: 50 * time.Millisecond})
		u, say := paced()
		m := model(u)
		m.OnDisconnect = policy
		first := ask(t.Context(), a, "/assistant", hi, chat.Call{Models: []*chat.Model{m}})
		say <- chunk("Hel")
		first.until(t, "Hel")
		id := first.header.Get(chat.Header)
		second := elsewhere(t, b, id)
		second.until(t, "Hel")
		time.Sleep(200 * time.Millisecond) // until B has said that it watches: a real network's time
		first.leave(errLeft)
		first.wait()
		time.Sleep(200 * time.Millisecond) // longer than the grace
		say <- chunk("lo") + finish("stop")
		close(say)
		if got := second.wait().text(); !strings.HasSuffix(got, "data: [DONE]\n\n") {
			t.Errorf("%s: %s", policy, got)
		}
	}
	a, _, _ := replicas(t, chat.Options{})
	u := holds(chunk("Hel"))
	alone := ask(t.Context(), a, "/assistant", hi, chat.Call{Models: []*chat.Model{model(u)}})
	alone.until(t, "Hel")
	alone.leave(errLeft)
	if end := <-u.ended; end.err == nil {
		t.Error("an answer that nobody watches goes on")
	}
}
