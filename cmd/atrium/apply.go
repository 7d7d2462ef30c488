package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"atrium/tenants"
	"atrium/tenants/store"
)

// applyCommand is `atrium apply DIR`.
type applyCommand struct {
	remoteFlags

	Dir    string `arg:"" help:"Folder of documents: specs/ apis/ plans/ tenants/."`
	Prune  bool   `help:"Delete documents of the server that the folder lacks."`
	DryRun bool   `help:"Print what would change, and every issue; change nothing."`
}

// Run checks the folder together with what the server has besides, prints what differs, and makes the server have it.
// Nothing is changed when anything is wrong with the documents.
func (c *applyCommand) Run(ctx context.Context, std *streams) error {
	server, err := c.connect()
	if err != nil {
		return err
	}
	folder, err := store.OpenFolder(c.Dir, store.FolderOptions{})
	if err != nil {
		return err
	}
	local, err := folder.Load(ctx)
	if err != nil {
		return err
	}
	p, err := planChanges(ctx, server, local, c.Prune)
	if err != nil {
		return err
	}
	issues, err := p.check(ctx)
	if err != nil {
		return err
	}
	for _, issue := range issues {
		fmt.Fprintln(std.out, issue)
	}
	if len(issues) > 0 {
		return errReported
	}
	for _, ch := range p.changes {
		ch.print(std.out, c.DryRun)
	}
	if len(p.changes) == 0 {
		fmt.Fprintf(std.out, "nothing to change: the server has all %d documents\n", len(local))
		return nil
	}
	if c.DryRun {
		fmt.Fprintln(std.out, "dry run: nothing was changed")
		return nil
	}
	return applyAll(ctx, std, server, p.changes)
}

// applyAll makes the changes in their order. A change that the server refuses is tried again after the others, as it may
// need one of them; what is refused in the end is printed.
func applyAll(ctx context.Context, std *streams, server *remote, changes []*change) error {
	left, done := changes, 0
	for progress := true; progress && len(left) > 0; {
		var again []*change
		for _, ch := range left {
			ch.refused = ch.apply(ctx, server)
			if ch.refused == nil {
				done++
				fmt.Fprintln(std.out, ch.done)
				continue
			}
			if _, ok := errors.AsType[*refusal](ch.refused); !ok {
				return ch.refused
			}
			again = append(again, ch)
		}
		progress = len(again) < len(left)
		left = again
	}
	for _, ch := range left {
		fmt.Fprintf(std.out, "%s was refused:\n%v\n", ch.key(), ch.refused)
	}
	fmt.Fprintf(std.out, "%d changed, %d refused\n", done, len(left))
	if len(left) > 0 {
		return errReported
	}
	return nil
}

// apply makes the change, if the document is still at the revision that was compared.
func (ch *change) apply(ctx context.Context, server *remote) error {
	path := string(ch.kind) + "/" + url.PathEscape(ch.name)
	if ch.action == tenants.ActionDelete {
		ch.done = ch.key() + " deleted"
		_, err := server.send(ctx, http.MethodDelete, path, nil, "If-Match", ch.revision)
		return err
	}
	condition := []string{"If-Match", ch.revision}
	if ch.action == tenants.ActionCreate {
		condition = []string{"If-None-Match", "*"}
	}
	answer, err := server.send(ctx, http.MethodPut, path, ch.text, condition...)
	if err != nil {
		return err
	}
	ch.done = fmt.Sprintf("%s is at revision %s", ch.key(), strings.Trim(answer.revision, `"`))
	return nil
}

// fetch reads a document of the server; found is false when there is none.
func fetch(ctx context.Context, server *remote, kind tenants.Kind, name string) (text []byte, revision string, found bool, err error) {
	answer, err := server.send(ctx, http.MethodGet, string(kind)+"/"+url.PathEscape(name), nil)
	switch {
	case refused(err, http.StatusNotFound):
		return nil, "", false, nil
	case err != nil:
		return nil, "", false, err
	}
	return answer.body, answer.revision, true, nil
}

// changesSecret asks the server whether a text with secret values differs from the stored one, whose values it never shows.
func changesSecret(ctx context.Context, server *remote, doc *tenants.Document) bool {
	answer, err := server.send(ctx, http.MethodPut, string(doc.Kind)+"/"+url.PathEscape(doc.Name)+"?dryRun=true", doc.Text)
	var dry struct {
		Changed bool `json:"changed"`
	}
	if err != nil || json.Unmarshal(answer.body, &dry) != nil {
		return true // what cannot be compared yet, as it needs another change, is written
	}
	return dry.Changed
}

// byDependency orders documents so that each comes after what it may need.
func byDependency(docs []tenants.Document) []tenants.Document {
	kinds := tenants.Kinds()
	return slices.SortedStableFunc(slices.Values(docs), func(a, b tenants.Document) int {
		if d := slices.Index(kinds, a.Kind) - slices.Index(kinds, b.Kind); d != 0 {
			return d
		}
		return bytes.Compare([]byte(a.Name), []byte(b.Name))
	})
}
