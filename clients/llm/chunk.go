package llm

import (
	"bytes"
	"strconv"
	"sync"

	"atrium/clients/rawjson"
)

// A Chunk is one event of a streamed answer: its bytes as the model sent them, and a side view of what Atrium acts on.
// Text, Reasoning, Refusal, ID and Model are JSON strings and parts of Raw. The view is of the choice with index 0.
type Chunk struct {
	Raw       []byte
	ID        []byte // of the answer
	Model     []byte // as the server names it
	Text      []byte // the next piece of the answer; nil when there is none
	Reasoning []byte // the next piece of the model's reasoning; nil when there is none
	Refusal   []byte // the next piece of a refusal; nil when there is none
	Calls     []CallDelta
	Finish    string // why the answer ended; "" when it goes on
	Usage     *Usage // nil when the chunk tells none
	Choices   int    // how many choices it has; 0 for a chunk that only tells usage

	ended, open uint64 // which of the first 64 choices it ends, and which it continues
}

// A CallDelta is a piece of a tool call. Models differ in which of ID and Index they repeat: see Calls.
type CallDelta struct {
	Index     int // -1 when the model told none
	ID        string
	Name      string
	Arguments string
}

// Usage counts tokens.
type Usage struct {
	Input, Output int64
	CachedInput   int64 // of Input
	Reasoning     int64 // of Output
	Estimated     bool  // the model did not tell; this is a guess from the number of characters
}

// Plain reports whether the chunk is nothing but a piece of text.
func (c *Chunk) Plain() bool {
	return c.Text != nil && c.Reasoning == nil && c.Refusal == nil && len(c.Calls) == 0 && c.Finish == "" &&
		c.Usage == nil && c.Choices == 1
}

// says reports whether the chunk is more than the announcement of an answer.
func (c *Chunk) says() bool {
	return c.Text != nil || c.Reasoning != nil || c.Refusal != nil || len(c.Calls) > 0 || (c.ended|c.open>>1) != 0 || c.Usage != nil
}

// columns of the side view, picked from a chunk in the pass that validates it.
type columns struct {
	trie, choice, call                               *rawjson.Trie
	id, model, error                                 int
	input, output, cached, reasoned                  int
	index, content, reasoning, thought, refusal, end int
	callIndex, callID, callName, callArguments       int
}

var view = newColumns()

func newColumns() columns {
	path := func(names ...string) rawjson.Path {
		p := make(rawjson.Path, 0, len(names))
		for _, name := range names {
			p = append(p, rawjson.Seg{Name: name})
		}
		return p
	}
	var c columns
	c.trie = rawjson.NewTrie()
	c.id, c.model, c.error = c.trie.Add(path("id")), c.trie.Add(path("model")), c.trie.Add(path("error"))
	c.input = c.trie.Add(path("usage", "prompt_tokens"))
	c.output = c.trie.Add(path("usage", "completion_tokens"))
	c.cached = c.trie.Add(path("usage", "prompt_tokens_details", "cached_tokens"))
	c.reasoned = c.trie.Add(path("usage", "completion_tokens_details", "reasoning_tokens"))

	c.choice = c.trie.Each(path("choices"))
	c.index, c.end = c.choice.Add(path("index")), c.choice.Add(path("finish_reason"))
	c.content = c.choice.Add(path("delta", "content"))
	c.reasoning, c.thought = c.choice.Add(path("delta", "reasoning_content")), c.choice.Add(path("delta", "reasoning"))
	c.refusal = c.choice.Add(path("delta", "refusal"))

	c.call = c.choice.Each(path("delta", "tool_calls"))
	c.callIndex, c.callID = c.call.Add(path("index")), c.call.Add(path("id"))
	c.callName, c.callArguments = c.call.Add(path("function", "name")), c.call.Add(path("function", "arguments"))
	return c
}

var scanners = sync.Pool{New: func() any { return new(rawjson.Scanner) }}

// ParseChunk reads the side view of a chunk. Its error is a *rawjson.SyntaxError. A chunk without a list of choices has
// Choices -1: it is not one of Chat Completions.
func ParseChunk(raw []byte) (Chunk, error) {
	c, _, err := parse(raw)
	return c, err
}

// parse also returns the in-band error that the chunk carries; nil when it carries none.
func parse(raw []byte) (c Chunk, inBand []byte, err error) {
	s, _ := scanners.Get().(*rawjson.Scanner)
	defer func() {
		s.Reset()
		scanners.Put(s)
	}()
	row, err := s.Scan(view.trie, raw)
	if err != nil {
		return Chunk{}, nil, err
	}
	c = Chunk{Raw: raw, ID: text(row.Get(view.id)), Model: text(row.Get(view.model)), Choices: -1}
	c.Usage = usage(row)
	if choices, ok := row.Rows(view.choice); ok {
		c.Choices = choices.Len()
		for i := range choices.Len() {
			c.choice(choices.At(i))
		}
	}
	return c, errorIn(row.Get(view.error)), nil
}

func (c *Chunk) choice(row rawjson.Row) {
	index, _ := number(row.Get(view.index))
	bit := uint64(1) << min(uint64(index), 63)
	finish := row.Get(view.end)
	if rawjson.Kind(finish) == rawjson.String {
		c.ended |= bit
	} else {
		c.open |= bit
	}
	if index != 0 {
		return
	}
	c.Finish = unquote(finish)
	c.Text, c.Refusal = text(row.Get(view.content)), text(row.Get(view.refusal))
	if c.Reasoning = text(row.Get(view.reasoning)); c.Reasoning == nil {
		c.Reasoning = text(row.Get(view.thought))
	}
	calls, _ := row.Rows(view.call)
	for i := range calls.Len() {
		c.Calls = append(c.Calls, callDelta(calls.At(i)))
	}
}

func callDelta(row rawjson.Row) CallDelta {
	d := CallDelta{
		Index: -1, ID: unquote(row.Get(view.callID)), Name: unquote(row.Get(view.callName)),
		Arguments: unquote(row.Get(view.callArguments)),
	}
	if n, ok := number(row.Get(view.callIndex)); ok {
		d.Index = int(n)
	}
	return d
}

func usage(row rawjson.Row) *Usage {
	input, ok := number(row.Get(view.input))
	output, also := number(row.Get(view.output))
	if !ok && !also {
		return nil
	}
	u := &Usage{Input: input, Output: output}
	u.CachedInput, _ = number(row.Get(view.cached))
	u.Reasoning, _ = number(row.Get(view.reasoned))
	return u
}

// errorIn returns the value of a chunk's error member when it says that something went wrong.
func errorIn(raw []byte) []byte {
	switch {
	case rawjson.IsNull(raw), rawjson.Kind(raw) == rawjson.Bool, bytes.Equal(raw, []byte(`""`)):
		return nil
	}
	return raw
}

// text returns raw when it is a string that is not empty.
func text(raw []byte) []byte {
	if len(raw) <= 2 || raw[0] != '"' {
		return nil
	}
	return raw
}

func unquote(raw []byte) string {
	if text(raw) == nil {
		return ""
	}
	return string(rawjson.AppendUnquoted(nil, raw))
}

// number returns a count that is not negative.
func number(raw []byte) (int64, bool) {
	if len(raw) == 0 {
		return 0, false
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	return max(n, 0), err == nil
}
