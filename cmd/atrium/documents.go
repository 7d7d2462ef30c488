package main

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"text/tabwriter"
	"time"

	"atrium/tenants"
)

// getCommand is `atrium get KIND [NAME]`.
type getCommand struct {
	remoteFlags

	Kind    string `arg:"" enum:"specs,apis,plans,tenants" help:"specs, apis, plans or tenants."`
	Name    string `arg:"" optional:"" help:"Of the document to print; without it the documents are listed."`
	History bool   `help:"List the document's revisions instead."`
}

// An entry is a document in a list of the admin API.
type entry struct {
	Name     string    `json:"name"`
	Revision int64     `json:"revision"`
	Modified time.Time `json:"modified"`
}

// Run prints a document as it is written, or a list.
func (c *getCommand) Run(ctx context.Context, std *streams) error {
	server, err := c.connect()
	if err != nil {
		return err
	}
	path := c.Kind
	if c.Name != "" {
		path += "/" + url.PathEscape(c.Name)
	}
	switch {
	case c.Name == "":
		return c.list(ctx, std, server, path)
	case c.History:
		return c.revisions(ctx, std, server, path+"/history")
	}
	answer, err := server.send(ctx, "GET", path, nil)
	if err != nil {
		return fmt.Errorf("%s/%s: %w", c.Kind, c.Name, err)
	}
	_, err = std.out.Write(answer.body)
	return err
}

func (c *getCommand) list(ctx context.Context, std *streams, server *remote, path string) error {
	entries, err := listAll[entry](ctx, server, path)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tREVISION\tMODIFIED")
	for _, e := range entries {
		fmt.Fprintf(table, "%s\t%d\t%s\n", e.Name, e.Revision, e.Modified.UTC().Format(time.RFC3339))
	}
	return table.Flush()
}

func (c *getCommand) revisions(ctx context.Context, std *streams, server *remote, path string) error {
	revisions, err := listAll[tenants.Revision](ctx, server, path)
	if err != nil {
		return fmt.Errorf("%s/%s: %w", c.Kind, c.Name, err)
	}
	table := tabwriter.NewWriter(std.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "REVISION\tMODIFIED\tBY")
	for _, r := range revisions {
		by := r.By
		if r.Deleted {
			by += " (deleted)"
		}
		fmt.Fprintf(table, "%d\t%s\t%s\n", r.Revision, r.Modified.UTC().Format(time.RFC3339), by)
	}
	return table.Flush()
}

// rollbackCommand is `atrium rollback KIND NAME REVISION`.
type rollbackCommand struct {
	remoteFlags

	Kind     string `arg:"" enum:"specs,apis,plans,tenants" help:"specs, apis, plans or tenants."`
	Name     string `arg:"" help:"Of the document."`
	Revision int64  `arg:"" help:"The revision to go back to, as get --history lists it."`
}

// Run makes an earlier text the newest revision.
func (c *rollbackCommand) Run(ctx context.Context, std *streams) error {
	server, err := c.connect()
	if err != nil {
		return err
	}
	var now entry
	path := c.Kind + "/" + url.PathEscape(c.Name) + "/rollback"
	if err := server.post(ctx, path, map[string]int64{"revision": c.Revision}, &now); err != nil {
		return fmt.Errorf("%s/%s at revision %d: %w", c.Kind, c.Name, c.Revision, err)
	}
	fmt.Fprintln(std.out, c.Kind+"/"+c.Name+" is at revision "+strconv.FormatInt(now.Revision, 10)+
		", with the text of revision "+strconv.FormatInt(c.Revision, 10))
	return nil
}
