package tenants

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestIndexIsAMap: an index is a map, and whatever is done to its copies it stays as it is.
func TestIndexIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var ix index[int]
		model := map[string]int{}
		type version struct {
			ix    index[int]
			model map[string]int
		}
		var versions []version
		for range rapid.IntRange(1, 8).Draw(t, "edits") {
			versions = append(versions, version{ix, maps.Clone(model)})
			edit := ix.edit()
			for range rapid.IntRange(0, 20).Draw(t, "changes") {
				name := rapid.StringMatching(`[a-d]{0,2}`).Draw(t, "name")
				if rapid.Bool().Draw(t, "set") {
					v := rapid.Int().Draw(t, "value")
					edit.set(name, v)
					model[name] = v
				} else {
					edit.delete(name)
					delete(model, name)
				}
			}
			ix = edit.index
		}
		for _, v := range append(versions, version{ix, model}) {
			if diff := cmp.Diff(v.model, maps.Collect(v.ix.all())); diff != "" {
				t.Fatal(diff)
			}
			if v.ix.len() != len(v.model) || !slices.Equal(v.ix.names(), slices.Sorted(maps.Keys(v.model))) {
				t.Fatalf("%d names %v, want %d", v.ix.len(), v.ix.names(), len(v.model))
			}
			for name, want := range v.model {
				if got, ok := v.ix.get(name); !ok || got != want {
					t.Fatalf("%q is %d, %t, want %d", name, got, ok, want)
				}
			}
			if _, ok := v.ix.get("nobody"); ok {
				t.Fatal("found what was never set")
			}
		}
	})
}
