package bff_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"atrium/bff"
	"atrium/bff/limit"
	"atrium/cache"
	"atrium/clients"
	"atrium/observability"
	"atrium/tenants/store"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Exit(playRole(role, os.Args[1:]))
	}
	goleak.VerifyTestMain(m)
}

const adminToken = "token-of-a-test"

// A harness is a server on free ports over a folder of documents, as `atrium serve` starts it.
type harness struct {
	t      testing.TB
	public string // http://127.0.0.1:PORT
	admin  string
	config string // the folder of documents
	log    *lockedBuffer
	client *http.Client
}

// A setup changes how the harness's server is made.
type setup func(*bff.Config)

// start serves documents, given as path -> text, until the test ends. {{upstream}} in a text is the upstream's address.
func start(t testing.TB, upstream http.Handler, docs map[string]string, setups ...setup) *harness {
	t.Helper()
	up := httptest.NewServer(upstream)
	h := &harness{t: t, config: t.TempDir(), log: new(lockedBuffer), client: &http.Client{Transport: &http.Transport{}}}
	for path, text := range docs {
		h.write(path, strings.ReplaceAll(text, "{{upstream}}", up.URL))
	}
	telemetry, err := observability.New(context.Background(), observability.Options{LogOutput: h.log, LogFormat: "json"})
	must(t, err)
	documents, err := store.OpenFolder(h.config, store.FolderOptions{Data: t.TempDir(), Log: telemetry.Log})
	must(t, err)
	cfg := bff.Config{
		Listen: "127.0.0.1:0", AdminListen: "127.0.0.1:0", BaseDomain: "localhost", AdminToken: adminToken, Drain: 2 * time.Second,
		Store: documents, Telemetry: telemetry,
	}
	for _, s := range setups {
		s(&cfg)
	}
	if cfg.Cache == nil {
		cfg.Cache = cache.New(cache.Options{})
	}
	if cfg.Limits == nil {
		cfg.Limits = limit.New(limit.Options{})
	}
	if cfg.Transport == nil {
		cfg.Transport = clients.NewTransport(clients.Options{AllowAll: true})
	}
	server, err := bff.New(cfg)
	must(t, err)
	listeners, err := server.Listen(t.Context())
	must(t, err)
	h.public, h.admin = "http://"+listeners.Public.Addr().String(), "http://"+listeners.Admin.Addr().String()

	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx, listeners) }()
	t.Cleanup(func() {
		h.client.CloseIdleConnections()
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
		cfg.Transport.Close()
		cfg.Limits.Close()
		cfg.Cache.Close()
		must(t, telemetry.Shutdown(context.Background()))
		up.Close()
		if t.Failed() {
			t.Logf("log:\n%s", h.log.String())
		}
	})
	h.ready()
	return h
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ready waits until the documents are loaded.
func (h *harness) ready() {
	h.t.Helper()
	for range 500 {
		resp, err := h.client.Get(h.public + "/-/readyz")
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		<-time.After(10 * time.Millisecond)
	}
	h.t.Fatalf("the server does not get ready:\n%s", h.log.String())
}

func (h *harness) write(path, text string) {
	h.t.Helper()
	file := filepath.Join(h.config, filepath.FromSlash(path))
	must(h.t, os.MkdirAll(filepath.Dir(file), 0o755))
	must(h.t, os.WriteFile(file, []byte(text), 0o644))
}

// An answer is a response, read whole.
type answer struct {
	status int
	header http.Header
	body   string
}

// do sends a request to a path of the public listener. headers are name, value, name, value...
func (h *harness) do(method, path, body string, headers ...string) answer {
	h.t.Helper()
	return h.send(h.public, method, path, body, headers...)
}

// adminDo sends a request with the token to a path of the admin listener.
func (h *harness) adminDo(method, path, body string, headers ...string) answer {
	h.t.Helper()
	return h.send(h.admin, method, path, body, append([]string{"Authorization", "Bearer " + adminToken}, headers...)...)
}

func (h *harness) send(base, method, path, body string, headers ...string) answer {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), method, base+path, strings.NewReader(body))
	must(h.t, err)
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
			continue
		}
		req.Header.Add(headers[i], headers[i+1])
	}
	resp, err := h.client.Do(req)
	must(h.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(h.t, err)
	return answer{status: resp.StatusCode, header: resp.Header, body: string(text)}
}

// get asks as tenant acme.
func (h *harness) get(path string, headers ...string) answer {
	h.t.Helper()
	return h.do(http.MethodGet, path, "", append([]string{"X-Tenant", "acme"}, headers...)...)
}

// problem decodes the body of an error.
func (a answer) problem(t testing.TB) (p struct {
	Code, Detail, TraceID string
	Status                int
	Errors                []struct {
		Pointer, Message, File string
		Line, Column           int
	}
},
) {
	t.Helper()
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		t.Fatalf("the answer is %q with status %d, want a problem: %s", got, a.status, a.body)
	}
	must(t, json.Unmarshal([]byte(a.body), &p))
	if p.Status != a.status {
		t.Errorf("the problem says %d and the status is %d", p.Status, a.status)
	}
	return p
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
