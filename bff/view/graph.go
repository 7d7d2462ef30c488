package view

import "slices"

// A graph says which steps each step waits for, by index.
type graph [][]int

// dependents turns the graph around: which steps wait for each step.
func (g graph) dependents() [][]int {
	out := make([][]int, len(g))
	for i, waits := range g {
		for _, on := range waits {
			out[on] = append(out[on], i)
		}
	}
	return out
}

// cycles returns every cycle once, each as the steps in the order in which they wait for each other, from the one
// written first. Cycles that share steps with one already found may be left out: it has to be broken first.
func (g graph) cycles() [][]int {
	const (
		unseen = iota
		open
		done
	)
	state := make([]uint8, len(g))
	var path []int
	var found [][]int
	var visit func(i int)
	visit = func(i int) {
		state[i] = open
		path = append(path, i)
		for _, on := range g[i] {
			switch state[on] {
			case unseen:
				visit(on)
			case open:
				found = append(found, fromLeast(path[slices.Index(path, on):]))
			}
		}
		path = path[:len(path)-1]
		state[i] = done
	}
	for i := range g {
		if state[i] == unseen {
			visit(i)
		}
	}
	return found
}

// fromLeast returns the cycle rotated to begin with its least member.
func fromLeast(cycle []int) []int {
	at := slices.Index(cycle, slices.Min(cycle))
	return slices.Concat(cycle[at:], cycle[:at])
}

// longest is how many steps the longest chain of waiting has; the graph has no cycles.
func (g graph) longest() int {
	length := make([]int, len(g))
	var of func(i int) int
	of = func(i int) int {
		if length[i] == 0 {
			length[i] = 1
			for _, on := range g[i] {
				length[i] = max(length[i], 1+of(on))
			}
		}
		return length[i]
	}
	longest := 0
	for i := range g {
		longest = max(longest, of(i))
	}
	return longest
}
