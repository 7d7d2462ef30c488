package view

import (
	"fmt"
	"slices"
	"strings"
)

// Tree draws the plan of the steps, a line for each: a step is below the last of those that it waits for, and names the
// others. It ends with a line end; it is empty for a view without steps.
func (p *Program) Tree() string {
	children := make([][]int, len(p.plans)+1)
	root := len(p.plans)
	depth := p.depths()
	for i, s := range p.Steps {
		below := root
		for j, other := range p.Steps {
			if s.waitsFor(other.Name) && (below == root || depth[j] >= depth[below]) {
				below = j
			}
		}
		children[below] = append(children[below], i)
	}
	var b strings.Builder
	p.draw(&b, children, root, "")
	return b.String()
}

func (s *Step) waitsFor(name string) bool {
	return slices.Contains(s.After, name)
}

// depths are how many steps in a row come before each step.
func (p *Program) depths() []int {
	depth := make([]int, len(p.plans))
	for range p.plans { // no chain is longer
		for i, pl := range p.plans {
			for _, d := range pl.dependents {
				depth[d] = max(depth[d], depth[i]+1)
			}
		}
	}
	return depth
}

func (p *Program) draw(b *strings.Builder, children [][]int, of int, indent string) {
	for k, i := range children[of] {
		branch, inner := "├─ ", "│  "
		if k == len(children[of])-1 {
			branch, inner = "└─ ", "   "
		}
		s := p.Steps[i]
		fmt.Fprintf(b, "%s%s%s: %s%s\n", indent, branch, s.Name, s.Call(), s.remarks(p.above(of)))
		p.draw(b, children, i, indent+inner)
	}
}

// above is the name of the step that others are drawn below; "" at the root.
func (p *Program) above(i int) string {
	if i == len(p.Steps) {
		return ""
	}
	return p.Steps[i].Name
}

// remarks are what else is to be known of a step, given the step it is drawn below.
func (s *Step) remarks(above string) string {
	var words []string
	if s.Each {
		words = append(words, "each")
	}
	for _, name := range s.After {
		if name != above {
			words = append(words, "after "+name)
		}
	}
	switch {
	case s.Default != nil:
		words = append(words, "default")
	case s.Optional:
		words = append(words, "optional")
	}
	if s.Timeout > 0 {
		words = append(words, "within "+s.Timeout.String())
	}
	if s.Cache != nil {
		words = append(words, "cached")
	}
	if len(words) == 0 {
		return ""
	}
	return " (" + strings.Join(words, ", ") + ")"
}
