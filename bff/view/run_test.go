package view

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"atrium/tenants/document"

	"github.com/rogpeppe/go-internal/txtar"
)

// A fakeRequest is a request of the corpus.
type fakeRequest struct {
	Path    []string          `json:"path"`
	Query   string            `json:"query"`
	Header  map[string]string `json:"header"`
	Body    json.RawMessage   `json:"body"`
	Text    string            `json:"text"` // the body when it is not JSON
	User    json.RawMessage   `json:"user"`
	Timeout string            `json:"timeout"`
	Leaves  string            `json:"leaves"` // when the client goes
	Stream  bool              `json:"stream"` // members are sent as soon as they are known
}

// The corpus: a document with one route in api.yaml, what upstreams say in answers.yaml, and for each NAME.request what
// comes of it in NAME.want. Time is the bubble's, so that it is exact.
func TestRunCorpus(t *testing.T) {
	ops := loadOperations(t)
	golden(t, "run", func(t *testing.T, a *txtar.Archive) {
		p, issues := compileText(t, ops, section(a, "api.yaml"))
		if len(issues) > 0 {
			t.Fatal(issues)
		}
		for _, f := range slices.Clone(a.Files) {
			name, ok := strings.CutSuffix(f.Name, ".request")
			if !ok {
				continue
			}
			var answers map[string]fakeAnswer
			fromYAML(t, section(a, "answers.yaml"), &answers)
			var own map[string]fakeAnswer
			fromYAML(t, section(a, name+".answers"), &own)
			if answers == nil {
				answers = map[string]fakeAnswer{}
			}
			maps.Copy(answers, own)
			var request fakeRequest
			fromYAML(t, string(f.Data), &request)
			synctest.Test(t, func(t *testing.T) {
				setSection(a, name+".want", play(t, p, answers, &request))
			})
			synctest.Test(t, func(t *testing.T) {
				request.Stream = !request.Stream
				sameStreamed(t, section(a, name+".want"), play(t, p, answers, &request))
			})
		}
	})
}

func fromYAML(t *testing.T, text string, into any) {
	t.Helper()
	if strings.TrimSpace(text) == "" {
		return
	}
	root, issues := document.Parse("test.yaml", []byte(text))
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	if err := json.Unmarshal(root.JSON(), into); err != nil {
		t.Fatal(err)
	}
}

func (r *fakeRequest) request(t *testing.T) *Request {
	t.Helper()
	query, err := url.ParseQuery(r.Query)
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{}
	for name, value := range r.Header {
		header.Set(name, value)
	}
	body := []byte(r.Body)
	if r.Text != "" {
		body = []byte(r.Text)
	}
	return &Request{
		Path: r.Path, Query: query, Header: header, Body: body, User: r.User,
		Tenant: []byte(`{"id":"acme","vars":{"brand":"Acme"}}`), Vars: []byte(`{"brand":"Acme"}`),
		Now: time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC),
	}
}

// play runs a request and writes down all that came of it.
func play(t *testing.T, p *Program, answers map[string]fakeAnswer, r *fakeRequest) string {
	t.Helper()
	in, mistakes := p.Bind(r.request(t))
	var b strings.Builder
	for _, m := range mistakes {
		fmt.Fprintf(&b, "%s: %s\n", m.Pointer, m.Message)
	}
	if len(mistakes) > 0 {
		return b.String()
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	if r.Leaves != "" {
		defer time.AfterFunc(duration(t, r.Leaves), func() { cancel(context.Canceled) }).Stop()
	}
	if r.Timeout != "" {
		within, stop := context.WithTimeout(ctx, duration(t, r.Timeout))
		defer stop()
		ctx = within
	}
	caller := newFakeCaller(answers)
	result, err := runOrStream(ctx, t, &b, p, in, caller, r.Stream)
	took := time.Since(caller.start)
	slices.Sort(caller.calls)
	for _, call := range caller.calls {
		fmt.Fprintf(&b, "call %s\n", call)
	}
	slices.Sort(caller.broken)
	for _, breach := range caller.broken {
		fmt.Fprintf(&b, "broken %s\n", breach)
	}
	fmt.Fprintf(&b, "took %s, at most %d at once\n", took, caller.most)
	if err != nil {
		describeError(t, &b, err)
		return b.String()
	}
	describeResult(t, &b, result)
	return b.String()
}

func duration(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := document.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(d)
}

// place is where a hole is, which the corpus of issues pins down.
var place = regexp.MustCompile(`api\.yaml:\d+:\d+`)

func describeError(t *testing.T, b *strings.Builder, err error) {
	t.Helper()
	failure, ok := errors.AsType[*StepError](err)
	if !ok {
		t.Fatalf("want a *StepError, got %T: %v", err, err)
	}
	text := place.ReplaceAllString(err.Error(), "api.yaml")
	fmt.Fprintf(b, "error %d: %s\nparts: %s\n", failure.Status(), text, failure.Parts.Header())
	if after := failure.RetryAfter(); after > 0 {
		fmt.Fprintf(b, "retry after %s\n", after)
	}
	if problem := failure.Problem(); problem != nil {
		fmt.Fprintf(b, "problem %s\n", problem)
	}
}

func describeResult(t *testing.T, b *strings.Builder, r *Result) {
	t.Helper()
	fmt.Fprintf(b, "status %d, degraded %t\nparts: %s\n", r.Status, r.Degraded, r.Parts.Header())
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		fmt.Fprintf(b, "header %s: %s\n", name, r.Header.Get(name))
	}
	if len(r.Tags) > 0 {
		fmt.Fprintf(b, "tags %s\n", strings.Join(r.Tags, " "))
	}
	if len(r.Purges) > 0 {
		fmt.Fprintf(b, "purges %s\n", strings.Join(r.Purges, " "))
	}
	if r.Body != nil && !json.Valid(r.Body) {
		t.Errorf("not JSON: %s", r.Body)
	}
	fmt.Fprintf(b, "%s\n", r.Body)
}
