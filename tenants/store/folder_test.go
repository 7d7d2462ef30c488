package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"atrium/tenants"
)

// A testFolder is a folder of documents and its store.
type testFolder struct {
	*Folder
	t    *testing.T
	data string
}

func newFolder(t *testing.T) *testFolder {
	t.Helper()
	f := &testFolder{t: t, data: t.TempDir()}
	dir := t.TempDir()
	for _, kind := range tenants.Kinds() {
		if err := os.Mkdir(filepath.Join(dir, string(kind)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	f.Folder = f.open(dir)
	return f
}

func (f *testFolder) open(dir string) *Folder {
	f.t.Helper()
	opened, err := OpenFolder(dir, FolderOptions{Data: f.data})
	if err != nil {
		f.t.Fatal(err)
	}
	return opened
}

// edit writes a file as a person would.
func (f *testFolder) edit(path, text string) {
	f.t.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, path), []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

func (f *testFolder) names() []string {
	f.t.Helper()
	var names []string
	for _, kind := range tenants.Kinds() {
		entries, err := os.ReadDir(filepath.Join(f.dir, string(kind)))
		if err != nil {
			f.t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, string(kind)+"/"+e.Name())
		}
	}
	return names
}

// faults returns the faults of the documents by path.
func (f *testFolder) faults() map[string]string {
	f.t.Helper()
	docs, err := f.Load(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	faults := map[string]string{}
	for _, doc := range docs {
		faults[doc.Path] = doc.Fault
	}
	return faults
}

func TestFolderEditsByHandAreRevisions(t *testing.T) {
	f := newFolder(t)
	f.edit("plans/a.yaml", "one")
	if got := texts(t, f); got["plans/a"] != "one@1" {
		t.Fatalf("found %v", got)
	}
	f.edit("plans/a.yaml", "two") // as long, and within the clock's tick
	if got := texts(t, f); got["plans/a"] != "two@2" {
		t.Fatalf("after the edit: %v", got)
	}
	mustPut(t, f, plan("a", "three"), tenants.Match{Revision: 2})
	f.edit("plans/a.yaml", "four")
	// The edit that nobody has noticed yet is not overwritten.
	if _, err := f.Put(t.Context(), plan("a", "five"), tenants.Match{Revision: 3}, "alice"); !errors.Is(err, tenants.ErrConflict) {
		t.Errorf("put over an edit: %v, want ErrConflict", err)
	}
	if err := os.Remove(filepath.Join(f.dir, "plans/a.yaml")); err != nil {
		t.Fatal(err)
	}
	texts(t, f)

	again := f.open(f.dir)
	if got := texts(t, again); len(got) != 0 {
		t.Errorf("opened again: %v", got)
	}
	history, err := again.History(t.Context(), tenants.KindPlans, "a")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range history {
		got = append(got, fmt.Sprintf("%d %s %t", r.Revision, r.By, r.Deleted))
	}
	want := []string{"5 file true", "4 file false", "3 alice false", "2 file false", "1 file false"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("history: %s", diff)
	}
	if doc, err := again.At(t.Context(), tenants.KindPlans, "a", 4); err != nil || string(doc.Text) != "four" {
		t.Errorf("at 4: %q, %v", doc.Text, err)
	}
}

func TestFolderKeepsRevisionsWhenOpenedAgain(t *testing.T) {
	f := newFolder(t)
	f.edit("plans/a.yaml", "one")
	f.edit("plans/b.yaml", "one")
	texts(t, f)
	f.edit("plans/b.yaml", "two") // while no server runs
	if diff := cmp.Diff(map[string]string{"plans/a": "one@1", "plans/b": "two@2"}, texts(t, f.open(f.dir))); diff != "" {
		t.Error(diff)
	}
}

func TestFolderIgnoresWhatIsNoDocument(t *testing.T) {
	f := newFolder(t)
	for _, path := range []string{
		"plans/a.yaml~", "plans/.a.yaml.swp", "plans/.hidden.yaml", "plans/README.md", "plans/4913", "plans/noextension",
		"notes.yaml", "plans/.atrium-ABC.tmp",
	} {
		f.edit(path, "x")
	}
	f.edit("plans/a.yml", "x")
	if diff := cmp.Diff(map[string]string{"plans/a": "x@1"}, texts(t, f)); diff != "" {
		t.Error(diff)
	}
}

func TestFolderRemovesWhatACrashLeft(t *testing.T) {
	f := newFolder(t)
	f.edit("plans/.atrium-OLD.tmp", "half")
	f.edit("plans/.atrium-NEW.tmp", "another process is writing this")
	old := time.Now().Add(-2 * temporaryAge)
	if err := os.Chtimes(filepath.Join(f.dir, "plans/.atrium-OLD.tmp"), old, old); err != nil {
		t.Fatal(err)
	}
	texts(t, f)
	if diff := cmp.Diff([]string{"plans/.atrium-NEW.tmp"}, f.names()); diff != "" {
		t.Error(diff)
	}
}

func TestFolderRefusesFiles(t *testing.T) {
	f := newFolder(t)
	outside := filepath.Join(t.TempDir(), "outside.yaml")
	if err := os.WriteFile(outside, []byte("secret: of another"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := func(to, path string) {
		if err := os.Symlink(to, filepath.Join(f.dir, path)); err != nil {
			t.Fatal(err)
		}
	}
	link(outside, "plans/absolute.yaml")
	relative, err := filepath.Rel(filepath.Join(f.dir, "plans"), outside)
	if err != nil {
		t.Fatal(err)
	}
	link(relative, "plans/relative.yaml")
	link("nowhere.yaml", "plans/dangling.yaml")
	link("loop.yaml", "plans/loop.yaml")
	f.edit("plans/target.yaml", "inside")
	link("target.yaml", "plans/inside.yaml")
	if err := os.Mkdir(filepath.Join(f.dir, "plans/folder.yaml"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(f.dir, "plans/pipe.yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.edit("plans/large.yaml", strings.Repeat("#", tenants.KindPlans.MaxText()+1))

	got := f.faults()
	for path, want := range map[string]string{
		"plans/absolute.yaml": "leaves the folder", "plans/relative.yaml": "leaves the folder",
		"plans/dangling.yaml": "leads nowhere", "plans/loop.yaml": "cannot be read", "plans/folder.yaml": "not a regular file",
		"plans/pipe.yaml": "not a regular file", "plans/large.yaml": "more than 4 MiB",
	} {
		if !strings.Contains(got[path], want) {
			t.Errorf("%s: fault %q, want %q", path, got[path], want)
		}
	}
	for _, path := range []string{"plans/target.yaml", "plans/inside.yaml"} {
		if fault, ok := got[path]; !ok || fault != "" {
			t.Errorf("%s: fault %q", path, fault)
		}
	}
	for key, text := range texts(t, f) {
		if strings.Contains(text, "secret") {
			t.Errorf("%s shows a file from outside: %s", key, text)
		}
	}
}

func TestFolderReturnsBothOfTwins(t *testing.T) {
	f := newFolder(t)
	f.edit("plans/a.yaml", "x")
	f.edit("plans/a.json", "{}")
	docs, err := f.Load(t.Context())
	if err != nil || len(docs) != 2 {
		t.Fatalf("%d documents, %v", len(docs), err)
	}
	_, err = f.Put(t.Context(), plan("a", "y"), tenants.Match{}, "alice")
	if !errors.Is(err, tenants.ErrConflict) || !strings.Contains(err.Error(), "plans/a.json, plans/a.yaml") {
		t.Errorf("put: %v, want a conflict that names both", err)
	}
}

func TestFolderChangesTheExtensionWithTheText(t *testing.T) {
	f := newFolder(t)
	steps := []struct{ text, path string }{
		{`{"streams": 1}`, "plans/a.json"},
		{`{"streams": 2}`, "plans/a.json"},
		{"streams: 3", "plans/a.yaml"}, // no JSON in a .json file
		{`{"streams": 4}`, "plans/a.yaml"},
	}
	for _, s := range steps {
		saved := mustPut(t, f, plan("a", s.text), tenants.Match{})
		if saved.Path != s.path {
			t.Errorf("%s went to %s, want %s", s.text, saved.Path, s.path)
		}
		if diff := cmp.Diff([]string{s.path}, f.names()); diff != "" {
			t.Errorf("after %s: %s", s.text, diff)
		}
	}
	if diff := cmp.Diff(map[string]string{"plans/a": `{"streams": 4}@4`}, texts(t, f.open(f.dir))); diff != "" {
		t.Error(diff)
	}
}

func TestFolderKeepsModes(t *testing.T) {
	f := newFolder(t)
	mode := func(path string) os.FileMode {
		info, err := os.Stat(filepath.Join(f.dir, path))
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	f.edit("plans/a.yaml", "x")
	if err := os.Chmod(filepath.Join(f.dir, "plans/a.yaml"), 0o664); err != nil {
		t.Fatal(err)
	}
	mustPut(t, f, plan("a", "y"), tenants.Match{})
	mustPut(t, f, tenants.Document{Kind: tenants.KindTenants, Name: "acme", Text: []byte("x: y")}, tenants.Match{})
	if got := mode("plans/a.yaml"); got != 0o664 {
		t.Errorf("an existing file has mode %o, want 664", got)
	}
	if got := mode("tenants/acme.yaml"); got != 0o600 {
		t.Errorf("a new tenant, with its secrets, has mode %o, want 600", got)
	}
}

const readOnlyFolder = "STORE_TEST_READ_ONLY_FOLDER"

// TestFolderReadOnly runs as another user: root may write anywhere.
func TestFolderReadOnly(t *testing.T) {
	dir, err := os.MkdirTemp("", "read-only") //nolint:usetesting // t.TempDir cannot be entered by another user
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	config := filepath.Join(dir, "config", "plans")
	binary := filepath.Join(dir, "store.test")
	self, err := os.ReadFile(os.Args[0])
	if err := errors.Join(err, os.MkdirAll(config, 0o755), os.Chmod(dir, 0o755), os.WriteFile(binary, self, 0o755)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(config, "a.yaml"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	run := exec.CommandContext(t.Context(), binary)
	run.Env = append(os.Environ(), readOnlyFolder+"="+filepath.Dir(config))
	if os.Getuid() == 0 {
		run.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	} else if err := os.Chmod(config, 0o555); err != nil {
		t.Fatal(err)
	}
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want := "read-only=true names-folder=true text=x\n"
	if string(out) != want {
		t.Errorf("got %swant %s", out, want)
	}
}

// putReadOnly is the other user's part of TestFolderReadOnly.
func putReadOnly(dir string) int {
	f, err := OpenFolder(dir, FolderOptions{})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	_, err = f.Put(context.Background(), plan("a", "y"), tenants.Match{}, "alice")
	text, readErr := os.ReadFile(filepath.Join(dir, "plans", "a.yaml"))
	if readErr != nil {
		fmt.Println(readErr)
		return 1
	}
	fmt.Printf("read-only=%t names-folder=%t text=%s\n", errors.Is(err, tenants.ErrReadOnly), strings.Contains(err.Error(), dir), text)
	return 0
}
