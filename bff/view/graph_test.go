package view

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestCyclesBeginWithTheFirstStep(t *testing.T) {
	for name, tc := range map[string]struct {
		g    graph
		want [][]int
	}{
		"none":       {graph{{}, {0}, {0, 1}}, nil},
		"itself":     {graph{{0}}, [][]int{{0}}},
		"two":        {graph{{1}, {0}}, [][]int{{0, 1}}},
		"behind":     {graph{{}, {3}, {1}, {2}}, [][]int{{1, 3, 2}}},
		"separate":   {graph{{1}, {0}, {3}, {2}}, [][]int{{0, 1}, {2, 3}}},
		"in passing": {graph{{1}, {2}, {1}}, [][]int{{1, 2}}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tc.g.cycles()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A graph whose edges lead to lower numbers has no cycles, and its longest chain is found by counting on.
func TestLongestChain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 12).Draw(t, "steps")
		g := make(graph, n)
		longest, length := 0, make([]int, n)
		for i := range g {
			length[i] = 1
			for on := range i {
				if rapid.Bool().Draw(t, "edge") {
					g[i] = append(g[i], on)
					length[i] = max(length[i], 1+length[on])
				}
			}
			longest = max(longest, length[i])
		}
		if got := g.longest(); got != longest {
			t.Errorf("longest is %d, want %d", got, longest)
		}
		if g.cycles() != nil {
			t.Error("found a cycle")
		}
		for i, waiting := range g.dependents() {
			for _, d := range waiting {
				if !slices.Contains(g[d], i) {
					t.Errorf("%d does not wait for %d", d, i)
				}
			}
		}
	})
}
