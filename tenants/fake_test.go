package tenants

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"atrium/tenants/document"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A fakeStore keeps documents in memory.
type fakeStore struct {
	mu      sync.Mutex
	docs    map[string]Document
	last    map[string]int64 // highest revision ever used
	fail    error            // of Load and Put
	extra   []Document       // also loaded
	changed chan struct{}
}

func newFakeStore(files map[string]string) *fakeStore {
	s := &fakeStore{docs: map[string]Document{}, last: map[string]int64{}, changed: make(chan struct{}, 1)}
	for path, text := range files {
		s.write(path, text)
	}
	return s
}

// write is an edit by hand: "apis/a.yaml". Empty text removes the document.
func (s *fakeStore) write(path, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kind, file, _ := strings.Cut(path, "/")
	doc := Document{Kind: Kind(kind), Name: strings.TrimSuffix(file, ".yaml"), Text: []byte(text), Path: path}
	s.last[doc.Key()]++
	doc.Revision = s.last[doc.Key()]
	if text == "" {
		delete(s.docs, doc.Key())
	} else {
		s.docs[doc.Key()] = doc
	}
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

func (s *fakeStore) failWith(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

func (s *fakeStore) Load(context.Context) ([]Document, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.AppendSeq(slices.Clone(s.extra), maps.Values(s.docs)), s.fail
}

func (s *fakeStore) Put(_ context.Context, doc Document, m Match, _ string) (Document, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !m.Allows(s.docs[doc.Key()].Revision) {
		return Document{}, ErrConflict
	}
	if s.fail != nil {
		return Document{}, s.fail
	}
	s.last[doc.Key()]++
	doc.Revision, doc.Modified = s.last[doc.Key()], time.Now()
	s.docs[doc.Key()] = doc
	return doc, nil
}

func (s *fakeStore) Delete(_ context.Context, kind Kind, name string, m Match, _ string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := string(kind) + "/" + name
	if !m.Allows(s.docs[key].Revision) {
		return ErrConflict
	}
	s.last[key]++
	delete(s.docs, key)
	return s.fail
}

func (s *fakeStore) History(context.Context, Kind, string) ([]Revision, error) { return nil, nil }

func (s *fakeStore) At(context.Context, Kind, string, int64) (Document, error) {
	return Document{}, ErrNotFound
}

func (s *fakeStore) Audit(context.Context, int64, int) ([]Event, error) { return nil, nil }

func (s *fakeStore) Watch(ctx context.Context, changed func()) error {
	for {
		changed()
		select {
		case <-ctx.Done():
			return nil
		case <-s.changed:
		}
	}
}

func (s *fakeStore) Degraded() string { return "" }

// What a fakeBuilder compiles to. Each value is another one, so that reuse shows.
type (
	fakeSpec struct{ text string }
	fakeAPI  struct {
		Specs []string `json:"specs"` // must be there
		Vars  []string `json:"vars"`  // every tenant must have
		Fail  string   `json:"fail"`
		Panic string   `json:"panic"`

		name     string
		revision int64
	}
	fakeRuntime struct {
		tenant *Tenant
		api    *fakeAPI
	}
)

// A fakeBuilder compiles documents that say themselves whether they are good: specs that contain "broken", APIs by
// their fields.
type fakeBuilder struct {
	mu       sync.Mutex
	compiled map[string]int // calls by path
}

func (b *fakeBuilder) count(path string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.compiled == nil {
		b.compiled = map[string]int{}
	}
	b.compiled[path]++
}

// take returns what was compiled since it was last called.
func (b *fakeBuilder) take() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	compiled := b.compiled
	b.compiled = nil
	return compiled
}

func (b *fakeBuilder) Spec(doc Document) (*fakeSpec, document.Issues) {
	b.count(doc.Path)
	if strings.Contains(string(doc.Text), "broken") {
		return nil, document.Issues{{File: doc.Path, Line: 1, Column: 1, Message: "the spec is broken"}}
	}
	return &fakeSpec{text: string(doc.Text)}, nil
}

func (b *fakeBuilder) API(doc Document, specs func(string) (*fakeSpec, bool)) (*fakeAPI, document.Issues) {
	b.count(doc.Path)
	a := &fakeAPI{name: doc.Name, revision: doc.Revision}
	root, issues := document.Parse(doc.Path, doc.Text)
	if root == nil {
		return nil, issues
	}
	issues = append(issues, document.Decode(root, a)...)
	for i, name := range a.Specs {
		if _, ok := specs(name); !ok {
			issues = append(issues, root.Get("specs").Items[i].Issue("unknown spec %q", name))
		}
	}
	if a.Fail != "" {
		issues = append(issues, root.Get("fail").Issue("%s", a.Fail))
	}
	if a.Panic != "" {
		panic(a.Panic)
	}
	return a, issues
}

func (b *fakeBuilder) Tenant(t *Tenant, root func() *document.Node, api *fakeAPI) (*fakeRuntime, document.Issues) {
	b.count("tenants/" + string(t.ID) + ".yaml")
	var issues document.Issues
	for _, name := range api.Vars {
		if _, ok := t.Vars[name]; !ok {
			issues = append(issues, root().Issue("%s needs vars.%s", api.name, name))
		}
	}
	return &fakeRuntime{tenant: t, api: api}, issues
}

// A testDirectory is a directory over fakes.
type testDirectory struct {
	*Directory[*fakeSpec, *fakeAPI, *fakeRuntime]
	t       testing.TB
	store   *fakeStore
	builder *fakeBuilder
	log     *logLines
}

// load returns a directory that has loaded the files.
func load(t testing.TB, files map[string]string, options ...func(*Options)) *testDirectory {
	t.Helper()
	d := &testDirectory{t: t, store: newFakeStore(files), builder: &fakeBuilder{}, log: &logLines{}}
	o := Options{BaseDomain: "localhost", Env: func(string) (string, bool) { return "", false }, Log: d.log.logger()}
	for _, option := range options {
		option(&o)
	}
	d.Directory = NewDirectory(d.store, d.builder, o)
	if _, err := d.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.builder.take()
	return d
}

// put applies a change that must succeed.
func (d *testDirectory) put(path, text string) Document {
	d.t.Helper()
	doc, issues, err := d.Apply(d.t.Context(), changeOf(path, text))
	if err != nil || len(issues) > 0 {
		d.t.Fatalf("put %s: %v %v", path, issues, err)
	}
	return doc
}

func changeOf(path, text string) Change {
	kind, file, _ := strings.Cut(path, "/")
	return Change{Kind: Kind(kind), Name: strings.TrimSuffix(file, ".yaml"), Text: []byte(text), By: "test"}
}

// reload follows the store once.
func (d *testDirectory) reload() {
	d.t.Helper()
	if !d.follow(d.t.Context()) {
		d.t.Fatalf("reload: %s", d.Status().Reload.Error)
	}
}

// serving shows which revision of what serves: "tenants/acme@2 (3)" has revision 3 stored.
func (d *testDirectory) serving() []string {
	var all []string
	for _, s := range d.Status().Documents {
		text := fmt.Sprintf("%s/%s@%d", s.Kind, s.Name, s.Serving)
		if s.Stored != s.Serving {
			text += fmt.Sprintf(" (%d)", s.Stored)
		}
		all = append(all, text)
	}
	return all
}

func (d *testDirectory) issues() []string {
	var all []string
	for _, s := range d.Status().Documents {
		for _, issue := range s.Issues {
			all = append(all, issue.String())
		}
	}
	return all
}

// resolves returns the id of the tenant, or the error's text.
func (d *testDirectory) resolves(host, header string) string {
	r, t, err := d.Resolve(host, header)
	if err != nil {
		if r != nil || t != nil {
			d.t.Errorf("%q %q: an error and a tenant", host, header)
		}
		return err.Error()
	}
	if r.tenant != t {
		d.t.Errorf("%q %q: the runtime of another tenant", host, header)
	}
	return string(t.ID)
}
