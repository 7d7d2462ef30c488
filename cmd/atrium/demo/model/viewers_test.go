package model_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"go.uber.org/goleak"

	"atrium/bff/chat"
	"atrium/bff/problem"
	"atrium/clients/llm"
	"atrium/cmd/atrium/demo/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update", false, "write the golden files anew")

// handlerTransport sends requests to a handler, in memory.
type handlerTransport struct{ http.Handler }

// RoundTrip implements http.RoundTripper.
func (h handlerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	body, w := io.Pipe()
	stop := context.AfterFunc(r.Context(), func() { _ = w.CloseWithError(context.Cause(r.Context())) })
	answer := &piped{ResponseRecorder: httptest.NewRecorder(), w: w, sent: make(chan struct{})}
	go func() {
		defer stop()
		defer func() {
			if recover() != nil { // an aborted answer
				_ = w.CloseWithError(io.ErrUnexpectedEOF)
			}
		}()
		h.ServeHTTP(answer, r)
		answer.WriteHeader(http.StatusOK)
		_ = w.Close()
	}()
	select {
	case <-answer.sent:
		return &http.Response{StatusCode: answer.Code, Header: answer.Header(), Body: body, Request: r}, nil
	case <-r.Context().Done():
		return nil, context.Cause(r.Context())
	}
}

type piped struct {
	*httptest.ResponseRecorder
	w     *io.PipeWriter
	sent  chan struct{}
	begun bool
}

func (p *piped) WriteHeader(status int) {
	if !p.begun {
		p.begun, p.Code = true, status
		close(p.sent)
	}
}

func (p *piped) Write(b []byte) (int, error) {
	p.WriteHeader(http.StatusOK)
	if len(b) == 0 {
		return 0, nil
	}
	return p.w.Write(b)
}

func (p *piped) Flush() { p.WriteHeader(http.StatusOK) }

// viewer keeps what it is shown, and whether the end was an abort.
type viewer struct {
	*httptest.ResponseRecorder
	aborted bool
}

func (v *viewer) SetWriteDeadline(at time.Time) error {
	v.aborted = v.aborted || at.Before(time.Now())
	return nil
}

// watch asks a chat route of the demo model with a fault script and returns all that a viewer sees.
func watch(t *testing.T, script string, d chat.Dialect) string {
	t.Helper()
	transport := handlerTransport{model.New(model.Options{Now: func() time.Time { return time.Unix(1, 0) }, Delay: 20 * time.Millisecond})}
	g := chat.New(chat.Options{Client: llm.New(llm.Options{Transport: transport})})
	defer g.Close()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/assistant?dialect="+string(d),
		strings.NewReader(`{"messages":[{"role":"user","content":"Hi [fault `+script+`]"}]}`))
	v := &viewer{ResponseRecorder: httptest.NewRecorder()}
	err := g.ServeChat(v, r, chat.Call{Tenant: "acme", Tools: []chat.Tool{tool}, Models: []*chat.Model{{
		Model: llm.Model{Name: "assistant", BaseURL: "http://model.test/v1", Model: "demo"}, MaxTokens: 4,
	}}})
	if err != nil && v.Header().Get(chat.Header) == "" {
		problem.Write(v, r, problem.From(err), "")
	}
	text := fmt.Sprintf("%d %s\n%s\n", v.Code, v.Header().Get("Content-Type"), v.Body)
	if after := v.Header().Get("Retry-After"); after != "" {
		text = "Retry-After: " + after + "\n" + text
	}
	if id := v.Header().Get(chat.Header); id != "" {
		text = strings.ReplaceAll(text, id, "GEN")
	}
	if v.aborted {
		text += "<abort>\n"
	}
	return longRun.ReplaceAllStringFunc(text, func(run string) string { return fmt.Sprintf("<x %d times>", len(run)) })
}

var longRun = regexp.MustCompile("x{100,}")

var tool = chat.Tool{
	Name: "get_orders", Description: "Orders of a customer", Schema: []byte(`{"type":"object","properties":{"id":{"type":"inte` +
		`ger"}},"required":["id"]}`),
	Call: func(context.Context, []byte) ([]byte, error) { return []byte(`{"name":"Ada"}`), nil },
}

// What a viewer sees of every fault, byte by byte. Time is fake: a stall costs nothing.
func TestWhatViewersSee(t *testing.T) {
	scripts := append([]string{"none", "error@0", "error-status@500", "long-line@5000000"}, model.Faults()...)
	for _, d := range chat.Dialects() {
		var got txtar.Archive
		for _, script := range scripts {
			synctest.Test(t, func(t *testing.T) {
				got.Files = append(got.Files, txtar.File{Name: script, Data: []byte(watch(t, script, d))})
			})
		}
		file := "testdata/" + string(d) + ".txtar"
		if *update {
			got.Comment = []byte("What a viewer of the dialect " + string(d) + " sees of each fault script.\n\n")
			if err := os.WriteFile(file, txtar.Format(&got), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want := txtar.Parse(text)
		for i, f := range got.Files {
			if i >= len(want.Files) || want.Files[i].Name != f.Name {
				t.Fatalf("%s: %s is not in its place; use -update and read the difference", file, f.Name)
			}
			if diff := cmp.Diff(string(want.Files[i].Data), string(bytes.TrimLeft(f.Data, "\n"))); diff != "" {
				t.Errorf("%s: %s (-want +got):\n%s", d, f.Name, diff)
			}
		}
	}
}
