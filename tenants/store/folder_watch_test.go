package store

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// watching counts what Watch reports. It must be called in a synctest bubble; time passes only there, so that the
// times of files are those of now.
type watching struct {
	t     *testing.T
	mu    sync.Mutex
	calls []time.Duration // since the start
	stop  func()
}

func watch(t *testing.T, f *Folder) *watching {
	t.Helper()
	w := &watching{t: t}
	ctx, cancel := context.WithCancel(t.Context())
	start := time.Now()
	var running sync.WaitGroup
	running.Go(func() {
		err := f.Watch(ctx, func() {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.calls = append(w.calls, time.Since(start))
		})
		if err != nil {
			t.Errorf("watch: %v", err)
		}
	})
	w.stop = func() {
		cancel()
		running.Wait()
	}
	synctest.Wait()
	w.take()
	return w
}

// take returns when changes were reported since it was last called.
func (w *watching) take() []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	calls := w.calls
	w.calls = nil
	return calls
}

func TestFolderWatchReportsOnceAtRest(t *testing.T) {
	f := newFolder(t)
	f.edit("plans/a.yaml", "one")
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, f.Folder)
		defer w.stop()
		time.Sleep(10 * time.Second)
		if calls := w.take(); len(calls) != 0 {
			t.Errorf("nothing changed, and %v was reported", calls)
		}
		f.edit("plans/a.yaml", "two")
		time.Sleep(time.Second)
		if calls := w.take(); len(calls) != 1 {
			t.Errorf("an edit was reported %d times within a second, want once", len(calls))
		}
		time.Sleep(10 * time.Second)
		if calls := w.take(); len(calls) != 1 {
			t.Errorf("later it was reported %d times, want once, for what the clock could not tell", len(calls))
		}
	})
}

func TestFolderWatchWaitsForTheEditor(t *testing.T) {
	f := newFolder(t)
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, f.Folder)
		defer w.stop()
		// An editor that writes for a while, in a file of its own that then takes the name.
		whole := "streams: 10"
		time.Sleep(pollEvery - 50*time.Millisecond)
		for i := range whole {
			f.edit("plans/.a.yaml.swp", whole[:i])
			time.Sleep(20 * time.Millisecond)
		}
		if calls := w.take(); len(calls) != 0 {
			t.Errorf("a hidden file was reported: %v", calls)
		}
		f.edit("plans/.a.yaml.swp", whole)
		if err := os.Rename(filepath.Join(f.dir, "plans/.a.yaml.swp"), filepath.Join(f.dir, "plans/a.yaml")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if calls := w.take(); len(calls) != 1 {
			t.Errorf("a rename was reported %d times, want once", len(calls))
		}
		// One that never rests is reported all the same.
		for i := range 20 {
			f.edit("plans/a.yaml", name(i))
			time.Sleep(100 * time.Millisecond)
		}
		if calls := w.take(); len(calls) == 0 {
			t.Error("a file that changes all the time was never reported")
		}
	})
}

func TestFolderWatchOutlivesTheFolder(t *testing.T) {
	f := newFolder(t)
	away := f.dir + ".away"
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, f.Folder)
		defer w.stop()
		rename := func(from, to string) {
			if err := os.Rename(from, to); err != nil {
				t.Fatal(err)
			}
		}
		rename(f.dir, away)
		time.Sleep(3 * time.Second)
		if _, err := f.Load(t.Context()); err == nil {
			t.Error("a folder that is gone was read as empty")
		}
		rename(away, f.dir)
		f.edit("plans/a.yaml", "back")
		w.take()
		time.Sleep(time.Second)
		if calls := w.take(); len(calls) != 1 {
			t.Errorf("reported %v, want once", calls)
		}
	})
	if got := texts(t, f); !slices.Contains([]string{"back@1"}, got["plans/a"]) {
		t.Errorf("found %v", got)
	}
}
