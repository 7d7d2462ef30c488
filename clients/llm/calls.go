package llm

// A ToolCall is a call that a model asks for, put together from its pieces.
type ToolCall struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Arguments string `json:"arguments"` // JSON, if the model keeps to its word
}

// Calls puts tool calls together. Models tell which call a piece belongs to in many ways: by index, by id, by both on
// the first piece only, or with an index that is always 0; so neither alone is a key.
type Calls struct {
	calls   []ToolCall
	byIndex map[int]int // index as told -> the call it means now
}

// Add takes the pieces of one chunk.
func (c *Calls) Add(deltas []CallDelta) {
	for _, d := range deltas {
		call := &c.calls[c.of(d)]
		if call.ID == "" {
			call.ID = d.ID
		}
		if call.Name == "" {
			call.Name = d.Name
		}
		call.Arguments += d.Arguments
	}
}

// List returns the calls so far, in the order they began.
func (c *Calls) List() []ToolCall { return c.calls }

// of finds the call that a piece belongs to, beginning one when it is new.
func (c *Calls) of(d CallDelta) int {
	if d.ID != "" {
		for i := range c.calls {
			if c.calls[i].ID == d.ID {
				c.learn(d.Index, i)
				return i
			}
		}
	}
	i, known := c.byIndex[d.Index]
	if d.Index < 0 {
		i, known = len(c.calls)-1, len(c.calls) > 0
	}
	if known && (d.ID == "" || c.calls[i].ID == "") && !c.begins(d, i) {
		return i
	}
	c.calls = append(c.calls, ToolCall{})
	c.learn(d.Index, len(c.calls)-1)
	return len(c.calls) - 1
}

// begins reports whether a piece without id begins another call: it names a function although call i has its own and
// has its arguments already.
func (c *Calls) begins(d CallDelta, i int) bool {
	return d.ID == "" && d.Index < 0 && d.Name != "" && c.calls[i].Name != "" && c.calls[i].Arguments != ""
}

func (c *Calls) learn(index, call int) {
	if index < 0 {
		return
	}
	if c.byIndex == nil {
		c.byIndex = map[int]int{}
	}
	c.byIndex[index] = call
}
