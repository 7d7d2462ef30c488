package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"atrium/observability/traceview"
)

// traceCommand is `atrium trace [ID]`.
type traceCommand struct {
	remoteFlags

	ID     string `arg:"" optional:"" help:"Of the trace to draw, as problems and the list have it. Without it the newest are listed."`
	Tenant string `help:"List only this tenant's."`
	Route  string `help:"List only this route's, such as 'GET /dashboard/{id}'."`
	Status string `help:"List only this status, such as 502 or 5xx."`
	MinMs  int    `help:"List only what took at least so many milliseconds."`
	Limit  int    `help:"List so many." default:"20"`
}

// Run prints the newest traces, or one as a tree.
func (c *traceCommand) Run(ctx context.Context, std *streams) error {
	server, err := c.connect()
	if err != nil {
		return err
	}
	if c.ID == "" {
		return c.list(ctx, std, server)
	}
	var trace traceview.Trace
	if err := server.get(ctx, "traces/"+url.PathEscape(c.ID), &trace); err != nil {
		return fmt.Errorf("trace %s: %w", c.ID, err)
	}
	drawTrace(std.out, &trace)
	return nil
}

func (c *traceCommand) list(ctx context.Context, std *streams, server *remote) error {
	query := url.Values{"limit": {strconv.Itoa(c.Limit)}}
	if c.MinMs > 0 {
		query.Set("minMs", strconv.Itoa(c.MinMs))
	}
	for name, value := range map[string]string{"tenant": c.Tenant, "route": c.Route, "status": c.Status} {
		if value != "" {
			query.Set(name, value)
		}
	}
	var page struct {
		Items []traceview.Summary `json:"items"`
	}
	if err := server.get(ctx, "traces?"+query.Encode(), &page); err != nil {
		return err
	}
	table := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TRACE\tSTART\tTENANT\tSTATUS\tMS\tSPANS\tREQUEST")
	for _, t := range page.Items {
		request := t.Route
		if t.Method != "" {
			request = t.Method + " " + t.Route
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%.1f\t%d\t%s\n",
			t.TraceID, t.Start.UTC().Format(time.TimeOnly), t.Tenant, t.Status, t.DurationMs, t.Spans, request)
	}
	return table.Flush()
}

// drawTrace prints each span under the one that it belongs to, with when it began and how long it took.
func drawTrace(w io.Writer, t *traceview.Trace) {
	fmt.Fprintln(w, "trace "+t.TraceID)
	if len(t.Spans) == 0 {
		return
	}
	start := t.Spans[0].Start
	known := func(id string) bool {
		return slices.ContainsFunc(t.Spans, func(s traceview.Span) bool { return s.SpanID == id })
	}
	children := map[string][]traceview.Span{}
	for _, s := range t.Spans {
		parent := s.ParentSpanID
		if !known(parent) {
			parent = "" // of another process
		}
		children[parent] = append(children[parent], s)
	}
	drawTree(w, "", children[""], func(s traceview.Span) string { return spanLine(s, start) },
		func(s traceview.Span) []traceview.Span { return children[s.SpanID] })
}

func spanLine(s traceview.Span, start time.Time) string {
	text := fmt.Sprintf("%s  %.1f ms", s.Name, s.DurationMs)
	if at := s.Start.Sub(start); at > 0 {
		text += fmt.Sprintf(", from %.1f ms", float64(at)/float64(time.Millisecond))
	}
	if s.Status == "error" {
		text += "  failed"
		if why, ok := s.Attributes["otel.status_description"].(string); ok {
			text += ": " + why
		}
	}
	return text
}
