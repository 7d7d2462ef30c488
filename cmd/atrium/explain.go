package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
)

// explainCommand is `atrium explain METHOD URL`.
type explainCommand struct {
	remoteFlags

	Method string   `arg:"" help:"GET, POST, ..."`
	URL    string   `arg:"" help:"As a client would call it: http://acme.localhost:8080/dashboard/17."`
	Header []string `short:"H" help:"A header of the request; may be repeated." placeholder:"NAME: VALUE" sep:"none"`
}

type explained struct {
	Tenant string           `json:"tenant"`
	API    string           `json:"api"`
	Route  string           `json:"route"`
	Steps  []explainedStep  `json:"steps"`
	Cache  *explainedCache  `json:"cache"`
	Limits []explainedLimit `json:"limits"`
}

type explainedStep struct {
	Name  string          `json:"name"`
	Call  string          `json:"call"`
	After []string        `json:"after"`
	Each  bool            `json:"each"`
	Cache *explainedCache `json:"cache"`
}

type explainedCache struct {
	Key   string `json:"key"`
	State string `json:"state"`
	AgeMs int64  `json:"ageMs"`
}

type explainedLimit struct {
	Name         string `json:"name"`
	Quota        int64  `json:"quota"`
	Remaining    int64  `json:"remaining"`
	ResetSeconds int64  `json:"resetSeconds"`
}

// Run asks the server what it would do with a request, and draws it. No upstream is called.
func (c *explainCommand) Run(ctx context.Context, std *streams) error {
	headers := map[string]string{}
	for _, h := range c.Header {
		name, value, ok := strings.Cut(h, ":")
		if !ok {
			return fmt.Errorf("the header %q is not written as Name: value", h)
		}
		headers[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	server, err := c.connect()
	if err != nil {
		return err
	}
	var e explained
	question := map[string]any{"method": strings.ToUpper(c.Method), "url": c.URL, "headers": headers}
	if err := server.post(ctx, "explain", question, &e); err != nil {
		return err
	}
	e.print(std.out)
	return nil
}

func (e *explained) print(w io.Writer) {
	fmt.Fprintf(w, "%s\n  tenant  %s\n  api     %s\n", e.Route, e.Tenant, e.API)
	if e.Cache != nil {
		fmt.Fprintf(w, "  cache   %s\n", e.Cache)
	}
	for _, l := range e.Limits {
		fmt.Fprintf(w, "  limit   %s: %d of %d left, anew in %d s\n", l.Name, l.Remaining, l.Quota, l.ResetSeconds)
	}
	if len(e.Steps) == 0 {
		return
	}
	fmt.Fprintln(w, "steps")
	drawTree(w, "  ", e.below(""), func(s explainedStep) string { return s.line() },
		func(s explainedStep) []explainedStep { return e.below(s.Name) })
}

// below lists the steps that are drawn under one: those that wait for it last. A step that waits for several hangs under
// the one that is drawn latest; its line names the others.
func (e *explained) below(name string) []explainedStep {
	var steps []explainedStep
	for _, s := range e.Steps {
		if e.parent(s) == name {
			steps = append(steps, s)
		}
	}
	return steps
}

// parent is the step of After that comes last itself; "" when the step starts at once.
func (e *explained) parent(s explainedStep) string {
	last, depth := "", -1
	for _, name := range s.After {
		if d := e.depth(name, len(e.Steps)); d > depth {
			last, depth = name, d
		}
	}
	return last
}

// depth is how many steps a step waits for, one after the other; left bounds the search.
func (e *explained) depth(name string, left int) int {
	at := slices.IndexFunc(e.Steps, func(s explainedStep) bool { return s.Name == name })
	if at < 0 || left == 0 {
		return 0
	}
	deepest := 0
	for _, before := range e.Steps[at].After {
		deepest = max(deepest, 1+e.depth(before, left-1))
	}
	return deepest
}

func (s explainedStep) line() string {
	text := s.Name + "  " + s.Call
	if s.Each {
		text += "  for each"
	}
	if len(s.After) > 1 {
		text += "  after " + strings.Join(s.After, ", ")
	}
	if s.Cache != nil {
		text += "  cache: " + s.Cache.String()
	}
	return text
}

// String says what the cache would answer.
func (c *explainedCache) String() string {
	if c.State == "fresh" || c.State == "stale" {
		return fmt.Sprintf("%s, %.1f s old, key %s", c.State, float64(c.AgeMs)/1000, c.Key)
	}
	return fmt.Sprintf("%s, key %s", c.State, c.Key)
}

// drawTree prints items with what is below them, one a line.
func drawTree[T any](w io.Writer, indent string, items []T, line func(T) string, below func(T) []T) {
	for i, item := range items {
		branch, deeper := "├─ ", "│  "
		if i == len(items)-1 {
			branch, deeper = "└─ ", "   "
		}
		fmt.Fprintln(w, indent+branch+line(item))
		drawTree(w, indent+deeper, below(item), line, below)
	}
}
