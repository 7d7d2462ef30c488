package traceview

// A ring holds the last records pushed, as many as it has slots.
type ring struct {
	slots []*record
	next  int // where the next one goes
	count int
}

// push adds r and returns the record that gave way, or nil.
func (g *ring) push(r *record) *record {
	old := g.slots[g.next]
	g.slots[g.next] = r
	g.next = (g.next + 1) % len(g.slots)
	if old == nil {
		g.count++
	}
	return old
}

// pop removes and returns the oldest record, or nil.
func (g *ring) pop() *record {
	if g.count == 0 {
		return nil
	}
	i := (g.next - g.count + len(g.slots)) % len(g.slots)
	old := g.slots[i]
	g.slots[i] = nil
	g.count--
	return old
}

// at returns the i-th newest record, or nil past the oldest.
func (g *ring) at(i int) *record {
	if i >= g.count {
		return nil
	}
	return g.slots[(g.next-1-i+2*len(g.slots))%len(g.slots)]
}
