package llm_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"atrium/clients"
	"atrium/clients/llm"
	"atrium/clients/rawjson"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// upstream is a model server in memory: play writes the body of each answer, and sees its context end.
type upstream struct {
	status int // zero means 200
	header http.Header
	play   func(ctx context.Context, w io.Writer)
	seen   []*http.Request
	bodies []string
	ended  chan cause // receives the cause of each request whose body was closed or whose context ended
}

// cause is why a request ended; nil when it did by itself.
type cause struct{ err error }

// RoundTrip implements http.RoundTripper.
func (u *upstream) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	u.seen, u.bodies = append(u.seen, req), append(u.bodies, string(body))
	if req.ContentLength != int64(len(body)) {
		return nil, fmt.Errorf("content length %d of %d bytes", req.ContentLength, len(body))
	}
	r, w := io.Pipe()
	stop := context.AfterFunc(req.Context(), func() { _ = w.CloseWithError(context.Cause(req.Context())) })
	go func() {
		u.play(req.Context(), w)
		_ = w.Close()
		stop()
	}()
	status, header := u.status, u.header
	if status == 0 {
		status = http.StatusOK
	}
	if header == nil {
		header = http.Header{"Content-Type": {"text/event-stream"}}
	}
	return &http.Response{StatusCode: status, Header: header, Body: r, Request: req}, nil
}

// says is an upstream that writes text and ends; it breaks the connection where the text ends in BREAK.
func says(text string) *upstream {
	text, breaks := strings.CutSuffix(text, "BREAK")
	return &upstream{play: func(_ context.Context, w io.Writer) {
		_, _ = io.WriteString(w, text)
		if p, ok := w.(*io.PipeWriter); ok && breaks {
			_ = p.CloseWithError(io.ErrUnexpectedEOF)
		}
	}}
}

func chunk(content string) string {
	return `data: {"id":"c1","model":"m-1","choices":[{"index":0,"delta":{"content":"` + content + `"},"finish_reason":null}]}` + "\n\n"
}

const (
	finished = `data: {"id":"c1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\n"
	usage    = `data: {"id":"c1","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2}}` + "\n\n"
	role     = `data: {"id":"c1","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}` + "\n\n"
	done     = "data: [DONE]\n\n"
)

// heard is what a caller heard of a stream.
type heard struct {
	Text, Finish string
	Chunks       int
	Usage        llm.Usage
	Kind         string // of the error; "" when the answer is whole
	Early        bool   // the error came from Stream
}

func listen(ctx context.Context, u http.RoundTripper, limits llm.Timeouts) (heard, error) {
	m := &llm.Model{Name: "assistant", BaseURL: "http://model.test/v1", APIKey: "k-1", Model: "m-1", Transport: u, Timeouts: limits}
	stream, err := llm.New(llm.Options{}).Stream(ctx, m, []byte(`{"model":"m-1","stream":true,"x":1}`))
	if err != nil {
		return heard{Kind: kind(err), Early: true}, err
	}
	defer stream.Close()
	var h heard
	for {
		c, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return h, nil
		}
		if err != nil {
			h.Kind = kind(err)
			return h, err
		}
		h.Chunks++
		h.Text += string(rawjson.AppendUnquoted(nil, c.Text))
		h.Finish += c.Finish
		if c.Usage != nil {
			h.Usage = *c.Usage
		}
	}
}

func kind(err error) string {
	e, ok := errors.AsType[*clients.Error](err)
	if !ok {
		return fmt.Sprintf("not typed: %v", err)
	}
	if e.Upstream != "assistant" || e.Operation != "chat" {
		return fmt.Sprintf("of %s.%s", e.Upstream, e.Operation)
	}
	if e.Status != 0 {
		return fmt.Sprintf("%s %d", e.Kind, e.Status)
	}
	return e.Kind.String()
}

func TestStreams(t *testing.T) {
	ab := chunk("a") + chunk("b")
	tests := []struct {
		name, text string
		want       heard
	}{
		{"whole", ab + finished + usage + done, heard{Text: "ab", Finish: "stop", Chunks: 4, Usage: llm.Usage{Input: 7, Output: 2}}},
		{"without usage", ab + finished + done, heard{Text: "ab", Finish: "stop", Chunks: 3}},
		{"without [DONE]", ab + finished, heard{Text: "ab", Finish: "stop", Chunks: 3}},
		{"without the last line ends", ab + strings.TrimSpace(finished), heard{Text: "ab", Finish: "stop", Chunks: 3}},
		{"[DONE] without a blank line", ab + finished + "data: [DONE]", heard{Text: "ab", Finish: "stop", Chunks: 3}},
		{"with CRLF", strings.ReplaceAll(ab+finished+done, "\n", "\r\n"), heard{Text: "ab", Finish: "stop", Chunks: 3}},
		{
			"usage on the last choice", ab + strings.Replace(finished, `"id"`, `"usage":{"prompt_tokens":1,"completion_tokens":1},"id"`, 1),
			heard{Text: "ab", Finish: "stop", Chunks: 3, Usage: llm.Usage{Input: 1, Output: 1}},
		},
		{
			"usage without choices", ab + finished + "data: {\"usage\":{\"prompt_tokens\":3}}\n\n" + done,
			heard{Text: "ab", Finish: "stop", Chunks: 4, Usage: llm.Usage{Input: 3}},
		},
		{
			"a chunk over two data lines", strings.ReplaceAll(ab, `,"choices"`, ",\ndata: \"choices\"") + finished,
			heard{Text: "ab", Finish: "stop", Chunks: 3},
		},
		{
			"comments and fields", ": x\n\n" + chunk("a") + ": y\nevent: message\nid: 7\nretry: 1\n" + chunk("b") + finished + done,
			heard{Text: "ab", Finish: "stop", Chunks: 3},
		},
		{"many comments", chunk("a") + strings.Repeat(": hb\n\n", 2000) + chunk("b") + finished, heard{
			Text: "ab", Finish: "stop",
			Chunks: 3,
		}},
		{
			"pings of other protocols", chunk("a") +
				"event: ping\ndata: {\"type\":\"ping\"}\n\ndata:\n\nevent: ping\ndata: {}\n\n" + chunk("b") + finished,
			heard{Text: "ab", Finish: "stop", Chunks: 3},
		},
		{
			"a long chunk", chunk(strings.Repeat("x", 100_000)) + chunk("y") + finished,
			heard{Text: strings.Repeat("x", 100_000) + "y", Finish: "stop", Chunks: 3},
		},
		{
			"what breaks after the finish breaks nothing", ab + finished + `data: {"error":{"message":"late"}}` + "\n\n",
			heard{Text: "ab", Finish: "stop", Chunks: 3},
		},
		{
			"two choices, both ended", strings.ReplaceAll(ab, `"index":0`, `"index":1`) + ab + finished +
				strings.ReplaceAll(finished, `"index":0`, `"index":1`),
			heard{Text: "ab", Finish: "stop", Chunks: 6},
		},

		{"truncated", ab, heard{Text: "ab", Chunks: 2, Kind: "contract"}},
		{"truncated, then [DONE]", ab + done, heard{Text: "ab", Chunks: 2, Kind: "contract"}},
		{"truncated inside a chunk", ab + chunk("c")[:40], heard{Text: "ab", Chunks: 2, Kind: "contract"}},
		{"broken", ab + "BREAK", heard{Text: "ab", Chunks: 2, Kind: "unreachable"}},
		{"one of two choices ended", strings.ReplaceAll(ab, `"index":0`, `"index":1`) + ab + finished, heard{
			Text:   "ab",
			Finish: "stop", Chunks: 5, Kind: "contract",
		}},
		{"malformed", ab + "data: {\"choices\":[{\n\n" + chunk("c") + finished, heard{Text: "ab", Chunks: 2, Kind: "contract"}},
		{"error", ab + "data: {\"error\":{\"message\":\"boom\"}}\n\n", heard{Text: "ab", Chunks: 2, Kind: "status 500"}},
		{"error with space", ab + "data: { \"error\" : {\"message\":\"boom\"}}\n\n", heard{Text: "ab", Chunks: 2, Kind: "status 500"}},
		{
			"error after comments", ": a\n\nevent: x\n" + ab + ": b\n\ndata: {\"error\":{\"message\":\"boom\",\"code\":529}}\n\n",
			heard{Text: "ab", Chunks: 2, Kind: "status 529"},
		},
		{
			"error beside choices", ab + `data: {"error":{"code":502,"message":"boom"},"choices":[{"index":0,` +
				`"delta":{"content":""},"finish_reason":"error"}]}` + "\n\n",
			heard{Text: "ab", Chunks: 2, Kind: "status 502"},
		},
		{"error as text", ab + "data: {\"error\":\"boom\"}\n\n", heard{Text: "ab", Chunks: 2, Kind: "status 500"}},
		{
			"error event with a bare object", ab + "event: error\ndata: {\"message\":\"boom\",\"type\":\"overloaded_error\"}\n\n",
			heard{Text: "ab", Chunks: 2, Kind: "status 503"},
		},
		{"finish reason error", ab + strings.Replace(finished, "stop", "error", 1), heard{Text: "ab", Chunks: 2, Kind: "status 500"}},
		{"too long", chunk("a") + chunk(strings.Repeat("x", 5<<20)), heard{Text: "a", Chunks: 1, Kind: "too_large"}},

		{"announced, then whole", role + ab + finished, heard{Text: "ab", Finish: "stop", Chunks: 4}},
		{"announced often", role + role + role + role + role + "data: {\"error\":\"boom\"}\n\n", heard{Chunks: 5, Kind: "status 500"}},
		{"announced, then an error", role + "data: {\"error\":\"boom\"}\n\n", heard{Kind: "status 500", Early: true}},
		{
			"error first", "data: {\"error\":{\"message\":\"boom\",\"type\":\"x\",\"code\":\"rate_limit_exceeded\"}}\n\n",
			heard{Kind: "status 429", Early: true},
		},
		{"nothing", "", heard{Kind: "contract", Early: true}},
		{"only [DONE]", done, heard{Kind: "contract", Early: true}},
		{"malformed first", "data: <html>\n\n", heard{Kind: "contract", Early: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := listen(t.Context(), says(tt.text), llm.Timeouts{})
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("error %v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestRequestIsSentAsGiven(t *testing.T) {
	tests := []struct{ base, url, auth, key string }{
		{"http://model.test/v1", "http://model.test/v1/chat/completions", "Bearer k-1", ""},
		{"http://model.test/v1/", "http://model.test/v1/chat/completions", "Bearer k-1", ""},
		{"https://x.openai.azure.com/openai/v1", "https://x.openai.azure.com/openai/v1/chat/completions", "Bearer k-1", ""},
		{"https://x.openai.azure.com", "https://x.openai.azure.com/openai/deployments/o1-mini/chat/completions?api-version=202" +
			"4-10-21", "", "k-1"},
		{
			"https://x.openai.azure.com/openai?api-version=v9",
			"https://x.openai.azure.com/openai/deployments/o1-mini/chat/completions?api-version=v9", "", "k-1",
		},
	}
	for _, tt := range tests {
		t.Run(tt.base, func(t *testing.T) {
			u := says(chunk("a") + finished)
			const body = `{"model":"o1-mini", "stream":true,"max_tokens":1e2,"unknown":{"n":9007199254740993}}`
			m := &llm.Model{Name: "assistant", BaseURL: tt.base, APIKey: "k-1", Model: "o1-mini", Transport: u}
			stream, err := llm.New(llm.Options{}).Stream(t.Context(), m, []byte(body))
			if err != nil {
				t.Fatal(err)
			}
			stream.Close()
			req := u.seen[0]
			if u.bodies[0] != body {
				t.Errorf("sent %s", u.bodies[0])
			}
			if req.URL.String() != tt.url || req.Header.Get("Authorization") != tt.auth || req.Header.Get("Api-Key") != tt.key {
				t.Errorf("sent to %s with %v", req.URL, req.Header)
			}
		})
	}
}

// Every byte of a chunk reaches the caller, also what nobody here knows.
func TestRawIsWhatWasSent(t *testing.T) {
	const raw = `{"id":"c1", "choices":[{"index":0,"delta":{"content":"\ud83d\ude00é","reasoning":"hm","annotations":[1.50]},` +
		`"finish_reason":null}],"cost":9007199254740993}`
	stream, err := llm.New(llm.Options{}).Stream(t.Context(), &llm.Model{BaseURL: "http://model.test/v1", Transport: says("data: " +
		raw + "\n\n")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	c, err := stream.Recv()
	if err != nil || string(c.Raw) != raw {
		t.Fatalf("raw %s, error %v", c.Raw, err)
	}
	if string(c.Text) != `"\ud83d\ude00é"` || string(c.Reasoning) != `"hm"` || c.Plain() {
		t.Errorf("text %s, reasoning %s, plain %v", c.Text, c.Reasoning, c.Plain())
	}
}

func TestRefusals(t *testing.T) {
	page := http.Header{"Content-Type": {"text/html"}}
	object := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	limited := http.Header{"Content-Type": {"application/json"}, "Retry-After": {"7"}}
	inMs := http.Header{"Retry-After": {"7"}, "Retry-After-Ms": {"250"}}
	tests := []struct {
		name   string
		status int
		header http.Header
		body   string
		kind   string
		after  time.Duration
		said   string
	}{
		{
			"429", 429, limited, `{"error":{"message":"slow down","code":"rate_limit_exceeded"}}`, "status 429", 7 * time.Second,
			"rate_limit_exceeded: slow down",
		},
		{"milliseconds", 429, inMs, `{"error":{"message":"slow down"}}`, "status 429", 250 * time.Millisecond, "slow down"},
		{"500 with text", 500, page, "<h1>oops</h1>", "status 500", 0, "<h1>oops</h1>"},
		{"FastAPI's form", 422, object, `{"detail":"no such field"}`, "status 422", 0, "no such field"},
		{"Gemini's form", 400, object, `[{"error":{"code":400,"message":"bad"}}]`, "status 400", 0, "400: bad"},
		{"a redirect is not followed", 302, http.Header{"Location": {"http://elsewhere.test"}}, "", "status 302", 0, ""},
		{"a page with status 200", 200, page, "<h1>sign in</h1>", "contract", 0, `want a JSON answer or events, found "text/html"`},
		{"an error with status 200", 200, object, `{"error":{"message":"no","code":401}}`, "status 401", 0, "401: no"},
		{"an object instead of a stream", 200, object, `{"choices":[]}`, "contract", 0, "want text/event-stream, found application/json"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			u := says(tt.body)
			u.status, u.header = tt.status, tt.header
			got, err := listen(t.Context(), u, llm.Timeouts{})
			if got.Kind != tt.kind || !got.Early {
				t.Fatalf("%+v, error %v", got, err)
			}
			e, _ := errors.AsType[*clients.Error](err)
			if e.RetryAfter != tt.after || e.Err.Error() != tt.said {
				t.Errorf("retry after %s, said %q", e.RetryAfter, e.Err)
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	refused := errors.New("connection refused")
	broken := roundTripper(func(*http.Request) (*http.Response, error) { return nil, refused })
	if got, err := listen(t.Context(), broken, llm.Timeouts{}); got.Kind != "unreachable" || !errors.Is(err, refused) {
		t.Errorf("%+v, error %v", got, err)
	}
	guarded := roundTripper(func(*http.Request) (*http.Response, error) {
		return nil, &clients.Error{Kind: clients.Address, Err: refused}
	})
	if got, err := listen(t.Context(), guarded, llm.Timeouts{}); got.Kind != "address" {
		t.Errorf("%+v, error %v", got, err)
	}
	m := &llm.Model{Name: "assistant", BaseURL: "http://a b/", APIKey: "secret-key"}
	_, err := llm.New(llm.Options{}).Stream(t.Context(), m, nil)
	if kind(err) != "request" {
		t.Errorf("error %v", err)
	}
	if text := fmt.Sprintf("%v %+v %#v %s", m, m, m, err); strings.Contains(text, "secret-key") {
		t.Errorf("the key is in %s", text)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
