package chat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"atrium/bff/problem"
	"atrium/clients/llm"
	"atrium/clients/rawjson"
)

// A Tool is something a model may call: a view of the tenant.
type Tool struct {
	Name        string // matches [a-zA-Z0-9_-]{1,64}: see ToolName
	Description string
	Schema      []byte // of its arguments: a JSON Schema of an object

	// Call runs the tool with arguments that are valid JSON. The result is JSON; it goes to the model and to viewers.
	// An error goes to the model as the text that a client may see of it. ctx has the values of the request that
	// started the generation, and ends with the generation.
	Call func(ctx context.Context, arguments []byte) ([]byte, error)
}

// ToolName makes the name of a tool from a route's key: "GET /dashboard/{id}" is get_dashboard_id.
func ToolName(route string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '-':
			return r
		}
		return ' '
	}, strings.ToLower(route))
	name = strings.Join(strings.Fields(name), "_")
	return name[:min(len(name), 64)]
}

const (
	maxCalls      = 8 // of one round; the rest is refused
	maxToolOutput = 256 << 10
	toolTimeout   = 30 * time.Second
)

// toolEvent is the data of a callEvent, and with Output or Error of a resultEvent.
type toolEvent struct {
	ID     string          `json:"id"`
	Name   string          `json:"name"`
	Input  json.RawMessage `json:"input"`
	Output json.RawMessage `json:"output,omitempty"`
	Error  string          `json:"error,omitempty"`
}

func toolEventOf(e event) toolEvent {
	var t toolEvent
	_ = json.Unmarshal(e.data, &t) // written by encoded
	return t
}

// content is what the model is told of the outcome.
func (t *toolEvent) content() string {
	if t.Error != "" {
		return string(appendObject(nil, "{", "error", t.Error))
	}
	return string(t.Output)
}

// encoded is the JSON of a value whose type always encodes.
func encoded(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode %T: %v", v, err))
	}
	return text
}

// runTools runs the calls of a round at once and logs each call and each outcome, in the order of the calls.
func (r *runner) runTools(ctx context.Context, calls []llm.ToolCall) ([]toolEvent, error) {
	gen := r.gen
	results := make([]toolEvent, len(calls))
	for i, c := range calls {
		r.called++
		t := toolEvent{ID: c.ID, Name: c.Name, Input: json.RawMessage(c.Arguments)}
		if t.ID == "" {
			t.ID = "call_" + strconv.Itoa(r.called)
		}
		switch {
		case c.Arguments == "":
			t.Input = json.RawMessage("{}")
		case rawjson.Valid(t.Input) != nil:
			t.Input = rawjson.AppendQuoted(nil, c.Arguments)
			t.Error = "The arguments are no JSON."
		case i >= maxCalls:
			t.Error = "Too many calls at once; at most " + strconv.Itoa(maxCalls) + " are run."
		}
		results[i] = t
		t.Error = ""
		if err := gen.append(callEvent, encoded(t), [2]int{}); err != nil {
			return nil, err
		}
	}
	var running sync.WaitGroup
	for i := range results {
		if results[i].Error == "" {
			running.Go(func() { gen.runTool(ctx, &results[i]) })
		}
	}
	running.Wait()
	for i := range results {
		if err := gen.append(resultEvent, encoded(results[i]), [2]int{}); err != nil {
			return nil, err
		}
	}
	return results, cause(ctx)
}

// runTool runs one call and puts its outcome into t.
func (gen *generation) runTool(ctx context.Context, t *toolEvent) {
	ctx, cancel := context.WithTimeout(ctx, toolTimeout)
	defer cancel()
	ctx, end := llm.StartTool(ctx, t.Name, t.ID)
	output, err := gen.callTool(ctx, t)
	if err == nil && len(output) > maxToolOutput {
		err = problem.New(0, codeTooLarge, "The result is larger than %d bytes.", maxToolOutput)
	}
	end(err)
	if err == nil {
		t.Output = output
		return
	}
	t.Error = problem.From(err).Detail
	gen.registry.opts.Log.WarnContext(ctx, "tool failed", slog.String("tool", t.Name),
		slog.String("tenant", string(gen.tenant)), slog.Any("error", err))
}

func (gen *generation) callTool(ctx context.Context, t *toolEvent) (output []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	for _, tool := range gen.tools {
		if tool.Name != t.Name {
			continue
		}
		output, err := tool.Call(ctx, t.Input)
		if err == nil && rawjson.Valid(output) != nil {
			return nil, errors.New("the result is no JSON")
		}
		return output, err
	}
	return nil, problem.New(0, "unknown-tool", "There is no tool %q.", t.Name)
}
