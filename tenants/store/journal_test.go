package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"atrium/tenants"
)

func journalAt(t *testing.T, path string) *journal {
	t.Helper()
	j, err := openJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func update(name string, revision int64, text string) *record {
	return newRecord(tenants.Event{
		Time: now(), By: "alice", Action: tenants.ActionUpdate, Kind: tenants.KindPlans, Name: name, Revision: revision,
	}, []byte(text))
}

func mustAppend(t *testing.T, j *journal, records ...*record) {
	t.Helper()
	if err := j.append(records...); err != nil {
		t.Fatal(err)
	}
}

// kept returns the texts of a document's revisions, newest last.
func kept(t *testing.T, j *journal, key string) []string {
	t.Helper()
	var all []string
	p := j.entries[key]
	if p == nil {
		return nil
	}
	for _, v := range p.revisions {
		r, err := j.at(key, v.Revision.Revision)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(r.text()))
	}
	return all
}

func TestJournalSurvivesATornEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history", "journal.jsonl")
	j := journalAt(t, path)
	mustAppend(t, j, update("a", 1, "one"), update("a", 2, "two"))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	first := strings.IndexByte(string(whole), '\n') + 1
	for cut := first; cut < len(whole); cut += 7 {
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		j := journalAt(t, path)
		if diff := cmp.Diff([]string{"one"}, kept(t, j, "plans/a")); diff != "" {
			t.Fatalf("cut at %d: %s", cut, diff)
		}
		mustAppend(t, j, update("a", 2, "after the crash"))
		if diff := cmp.Diff([]string{"one", "after the crash"}, kept(t, journalAt(t, path), "plans/a")); diff != "" {
			t.Fatalf("cut at %d, then written: %s", cut, diff)
		}
	}
}

func TestJournalTakesBackWhatCouldNotBeDone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	j := journalAt(t, path)
	mustAppend(t, j, update("a", 1, "one"), update("a", 2, "never written to the file"))
	void := update("a", 2, "")
	void.Action = actionVoid
	mustAppend(t, j, void)
	for _, j := range []*journal{j, journalAt(t, path)} {
		if diff := cmp.Diff([]string{"one"}, kept(t, j, "plans/a")); diff != "" {
			t.Error(diff)
		}
		if p := j.entries["plans/a"]; p.last != 2 {
			t.Errorf("the next revision follows %d, want 2: none is used twice", p.last)
		}
		if len(j.events) != 1 {
			t.Errorf("%d events, want 1", len(j.events))
		}
	}
}

func TestJournalSeesAnotherProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	a, b := journalAt(t, path), journalAt(t, path)
	mustAppend(t, a, update("a", 1, "from a"))
	mustAppend(t, b, update("b", 1, "from b"))
	mustAppend(t, a, update("a", 2, "from a again"))
	if err := b.catchUp(); err != nil {
		t.Fatal(err)
	}
	for _, j := range []*journal{a, b} {
		if diff := cmp.Diff([]string{"from a", "from a again"}, kept(t, j, "plans/a")); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"from b"}, kept(t, j, "plans/b")); diff != "" {
			t.Error(diff)
		}
		if j.sequence != 3 {
			t.Errorf("sequence %d, want 3", j.sequence)
		}
	}
}

func TestJournalForgetsLargeTextsAndCompacts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	j := journalAt(t, path)
	j.keepBytes, j.compactFrom = 64<<10, 16<<10
	large := strings.Repeat("x", 4<<10)
	mustAppend(t, j, update("small", 1, "stays"))
	const changes = 60
	for i := range changes {
		mustAppend(t, j, update("large", int64(i+1), large))
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if most := 3 * j.keepBytes; info.Size() > most {
		t.Errorf("the journal has %d bytes, want at most %d", info.Size(), most)
	}
	texts := kept(t, j, "plans/large")
	if len(texts) == 0 || len(texts)*len(large) > int(j.keepBytes) {
		t.Errorf("%d large texts are kept", len(texts))
	}
	if _, err := j.at("plans/large", 1); !errors.Is(err, tenants.ErrNotFound) {
		t.Errorf("a forgotten text: %v, want ErrNotFound", err)
	}
	j = journalAt(t, path)
	if diff := cmp.Diff([]string{"stays"}, kept(t, j, "plans/small")); diff != "" {
		t.Error(diff)
	}
	if len(j.events) != changes+1 {
		t.Errorf("the audit has %d events, want all %d", len(j.events), changes+1)
	}
}

func TestJournalCompactionKeepsEvents(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	j := journalAt(t, path)
	for i := range keepRevisions + 5 {
		mustAppend(t, j, update("a", int64(i+1), name(i)))
	}
	before, texts := len(j.events), kept(t, j, "plans/a")
	j.garbage = j.compactFrom + j.size // as if the forgotten texts were large
	if err := j.compact(); err != nil {
		t.Fatal(err)
	}
	for _, j := range []*journal{j, journalAt(t, path)} {
		if diff := cmp.Diff(texts, kept(t, j, "plans/a")); diff != "" {
			t.Error(diff)
		}
		if len(j.events) != before || j.entries["plans/a"].last != keepRevisions+5 {
			t.Errorf("%d events, want %d; last %d", len(j.events), before, j.entries["plans/a"].last)
		}
	}
}

// TestFolderWithoutHistory: documents are more important than their history.
func TestFolderWithoutHistory(t *testing.T) {
	f := newFolder(t)
	f.edit("plans/a.yaml", "one")
	texts(t, f)
	path := f.journal.path
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	f.edit("plans/a.yaml", "two")
	if got := texts(t, f)["plans/a"]; got != "two@2" {
		t.Errorf("served %q, want the edit", got)
	}
	if text := f.Degraded(); !strings.Contains(text, "history") {
		t.Errorf("degraded: %q, want that it says so", text)
	}
	if _, err := f.Put(t.Context(), plan("a", "three"), tenants.Match{}, "alice"); err == nil {
		t.Error("a change without history was taken")
	}
	if got := texts(t, f)["plans/a"]; got != "two@2" {
		t.Errorf("after the refused change: %q", got)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the journal: %v", err)
	}
}
