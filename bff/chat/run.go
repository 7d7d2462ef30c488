package chat

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"

	"atrium/clients"
	"atrium/clients/llm"
	"atrium/clients/rawjson"
)

// maxRounds bounds how often the model may call tools before it must answer.
const maxRounds = 5

// ending is the data of an endEvent.
type ending struct {
	Finish string  `json:"finishReason"`
	Usage  tallied `json:"usage"`
}

// tallied is usage as viewers are told it.
type tallied struct {
	Input     int64     `json:"inputTokens"`
	Output    int64     `json:"outputTokens"`
	Estimated bool      `json:"estimated,omitempty"`
	Cost      *llm.Cost `json:"cost,omitempty"` // known when every model that answered has a price, in one currency
}

// A runner makes the answer of one generation.
type runner struct {
	gen     *generation
	current int      // the model that answered last
	extra   [][]byte // messages of the rounds so far
	finish  string
	usage   llm.Usage
	cost    *llm.Cost // of usage; nil before the first round, or when it is not known
	rounds  int       // so far
	called  int       // tools so far
}

// A round is what one call of a model said.
type round struct {
	calls  llm.Calls
	text   []byte // what the JSON string of its text holds; kept when there are tools
	output int    // bytes of text, reasoning and arguments
	finish string
	usage  *llm.Usage
}

// run makes the answer, settles what it used, and ends the log.
func (gen *generation) run(ctx context.Context) {
	r := &runner{gen: gen}
	err := r.answer(ctx)
	if ended := cause(ctx); err != nil && ended != nil {
		err = ended
	}
	gen.settle(context.WithoutCancel(ctx), r.usage)
	if err != nil {
		gen.report(ctx, err)
		gen.finish(err, failEvent, gen.failureFor(err).json())
		return
	}
	gen.finish(nil, endEvent, r.ending())
}

func (r *runner) ending() []byte {
	e := ending{Finish: r.finish}
	e.Usage = tallied{Input: r.usage.Input, Output: r.usage.Output, Estimated: r.usage.Estimated, Cost: r.cost}
	return encoded(e)
}

// report logs what went wrong when nobody was there to be told. Otherwise it is in the log line of a request.
func (gen *generation) report(ctx context.Context, err error) {
	own := errors.Is(err, errStopped) || errors.Is(err, errAlone) || errors.Is(err, errShutdown)
	if !own && gen.unwatched() {
		gen.registry.opts.Log.WarnContext(ctx, "answer broke off", slog.String("generation", gen.id),
			slog.String("tenant", string(gen.tenant)), slog.Any("error", err))
	}
}

// answer asks models in rounds until one answers without calling tools.
func (r *runner) answer(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	for n := 0; ; n++ {
		stream, err := r.open(ctx, n == maxRounds)
		if err != nil {
			return err
		}
		said, err := r.relay(stream)
		r.tally(said)
		if err != nil {
			return err
		}
		r.finish = said.finish
		calls := said.calls.List()
		switch {
		case len(r.gen.tools) == 0, len(calls) == 0, said.finish == "length", said.finish == "content_filter":
			return nil
		case n == maxRounds:
			return errRounds
		}
		if err := r.useTools(ctx, said.text, calls); err != nil {
			return err
		}
	}
}

// open asks the models in turn, from the one that answered last, until one begins to answer.
func (r *runner) open(ctx context.Context, last bool) (*llm.Stream, error) {
	var failed error
	for i := r.current; i < len(r.gen.models); i++ {
		m := r.gen.models[i]
		stream, err := r.gen.registry.opts.Client.Stream(ctx, &m.Model, r.gen.prompt.body(m, r.gen.tools, r.extra, last))
		if err == nil {
			r.current = i
			return stream, nil
		}
		failed = worse(failed, err)
		if ctx.Err() != nil {
			return nil, failed
		}
		if i+1 < len(r.gen.models) {
			r.gen.registry.opts.Log.WarnContext(ctx, "model failed, asking the next", slog.String("model", m.Name),
				slog.String("next", r.gen.models[i+1].Name), slog.String("tenant", string(r.gen.tenant)), slog.Any("error", err))
		}
	}
	return nil, failed
}

// worse picks which failure of a chain of models the client is told: the last, but a limit is worth knowing.
func worse(a, b error) error {
	if e, ok := errors.AsType[*clients.Error](a); ok && e.Status == http.StatusTooManyRequests {
		return a
	}
	return b
}

// relay logs what a model says until it ends.
func (r *runner) relay(stream *llm.Stream) (said round, err error) {
	defer stream.Close()
	for {
		c, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return said, nil
		}
		if err != nil {
			return said, err
		}
		said.add(&c, len(r.gen.tools) > 0)
		if err := r.gen.appendChunk(&c); err != nil {
			return said, err
		}
	}
}

func (s *round) add(c *llm.Chunk, keepText bool) {
	s.output += len(c.Text) + len(c.Reasoning) + len(c.Refusal)
	if keepText && c.Text != nil {
		s.text = append(s.text, c.Text[1:len(c.Text)-1]...)
	}
	for _, d := range c.Calls {
		s.output += len(d.Arguments)
	}
	s.calls.Add(c.Calls)
	if c.Finish != "" {
		s.finish = c.Finish
	}
	if c.Usage != nil {
		s.usage = c.Usage
	}
}

// bytesPerToken is the usual guess for what a token stands for.
const bytesPerToken = 4

// tally adds a round to the usage: as reported, else as estimated.
func (r *runner) tally(said round) {
	u := said.usage
	if u == nil {
		u = &llm.Usage{Input: r.gen.input, Output: int64(said.output / bytesPerToken), Estimated: true}
	}
	r.usage.Input += u.Input
	r.usage.Output += u.Output
	r.usage.CachedInput += u.CachedInput
	r.usage.Reasoning += u.Reasoning
	r.usage.Estimated = r.usage.Estimated || u.Estimated
	r.addCost(u)
}

// addCost adds what a round cost to what those before it did.
func (r *runner) addCost(u *llm.Usage) {
	before, price := r.cost, r.gen.models[r.current].Price
	first := r.rounds == 0
	r.rounds++
	r.cost = nil
	if price == nil || before == nil && !first {
		return
	}
	cost, ok := price.Cost(*u), true
	if !first {
		cost, ok = before.Plus(cost)
	}
	if ok {
		r.cost = &cost
	}
}

// appendChunk logs a chunk with the place of its text.
func (gen *generation) appendChunk(c *llm.Chunk) error {
	k := chunkEvent
	if c.Plain() {
		k = textEvent
	}
	shown := c.Text
	if shown == nil {
		shown = c.Refusal
	}
	return gen.append(k, c.Raw, place(c.Raw, shown))
}

// place finds where part, which is in whole, begins and ends. Should its bytes be there twice, the first place is as good.
func place(whole, part []byte) [2]int {
	if part == nil {
		return [2]int{}
	}
	start := bytes.Index(whole, part)
	return [2]int{start, start + len(part)}
}

// useTools runs the calls and adds them and their results to the conversation.
func (r *runner) useTools(ctx context.Context, text []byte, calls []llm.ToolCall) error {
	results, err := r.runTools(ctx, calls)
	if err != nil {
		return err
	}
	message := []byte(`{"role":"assistant","content":`)
	if len(text) > 0 {
		message = append(append(append(message, '"'), text...), '"')
	} else {
		message = append(message, "null"...)
	}
	message = append(message, `,"tool_calls":[`...)
	for i, t := range results {
		if i > 0 {
			message = append(message, ',')
		}
		message = appendObject(message, "{", "id", t.ID, "type", "function")
		message = append(message[:len(message)-1], `,"function":`...)
		message = append(appendObject(message, "{", "name", t.Name, "arguments", calls[i].Arguments), '}')
	}
	r.extra = append(r.extra, append(message, "]}"...))
	for _, t := range results {
		answer := rawjson.AppendQuoted([]byte(`{"role":"tool","tool_call_id":`), t.ID)
		answer = rawjson.AppendQuoted(append(answer, `,"content":`...), t.content())
		r.extra = append(r.extra, append(answer, '}'))
	}
	return r.gen.append(roundEvent, nil, [2]int{})
}
