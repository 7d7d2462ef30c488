package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"atrium/bff"
	"atrium/bff/admin"
	"atrium/tenants"
	"atrium/tenants/document"
)

// A change is what makes one document of the server like the folder's.
type change struct {
	kind     tenants.Kind
	name     string
	action   string // tenants.ActionCreate, ActionUpdate or ActionDelete
	text     []byte // to be stored
	revision string // of the server's document, with its quotes; "" when there is none
	diff     []byte // without the values of secrets
	done     string // what to say when it is made
	refused  error  // why the server did not take it
}

func (ch *change) key() string { return string(ch.kind) + "/" + ch.name }

// A changePlan is all that differs between a folder and a server.
type changePlan struct {
	changes []*change
	after   []tenants.Document // what the server would have, tenants of its own excepted
}

// planChanges compares the folder's documents with the server's.
func planChanges(ctx context.Context, server *remote, local []tenants.Document, prune bool) (*changePlan, error) {
	p := &changePlan{after: slices.Clone(local)}
	var deletions []*change
	for _, kind := range tenants.Kinds() {
		entries, err := listAll[entry](ctx, server, string(kind))
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if slices.ContainsFunc(local, func(d tenants.Document) bool { return d.Kind == kind && d.Name == e.Name }) {
				continue
			}
			if prune {
				deletions = append(deletions, &change{
					kind: kind, name: e.Name, action: tenants.ActionDelete, revision: fmt.Sprintf(`"%d"`, e.Revision),
				})
				continue
			}
			if err := p.keep(ctx, server, kind, e.Name); err != nil {
				return nil, err
			}
		}
	}
	for _, doc := range byDependency(local) {
		ch, err := compare(ctx, server, doc)
		if err != nil {
			return nil, err
		}
		if ch != nil {
			p.changes = append(p.changes, ch)
		}
	}
	slices.Reverse(deletions) // what needs others goes first
	p.changes = append(p.changes, deletions...)
	return p, nil
}

// keep adds a document that only the server has, for the folder's to refer to. Nothing refers to tenants.
func (p *changePlan) keep(ctx context.Context, server *remote, kind tenants.Kind, name string) error {
	if kind == tenants.KindTenants {
		return nil
	}
	text, _, found, err := fetch(ctx, server, kind, name)
	if err != nil || !found {
		return err
	}
	p.after = append(p.after, tenants.Document{
		Kind: kind, Name: name, Text: text, Revision: 1, Path: "server:" + tenants.DefaultPath(kind, name, text),
	})
	return nil
}

// compare returns the change that a document needs, nil when the server has it already.
func compare(ctx context.Context, server *remote, doc tenants.Document) (*change, error) {
	stored, revision, found, err := fetch(ctx, server, doc.Kind, doc.Name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doc.Key(), err)
	}
	shown := admin.Conceal(doc)
	ch := &change{kind: doc.Kind, name: doc.Name, text: doc.Text, revision: revision, action: tenants.ActionUpdate}
	switch {
	case !found:
		ch.action = tenants.ActionCreate
	case !bytes.Equal(shown, stored):
		ch.diff = diff.Diff("server", stored, doc.Path, shown)
	case bytes.Equal(shown, doc.Text) || !changesSecret(ctx, server, &doc):
		return nil, nil //nolint:nilnil // no change and no error
	}
	return ch, nil
}

// check type-checks what the server would have.
func (p *changePlan) check(ctx context.Context) (document.Issues, error) {
	return bff.Check(ctx, p.after, "localhost")
}

// maxDiffLines bounds what is printed of one document's difference.
const maxDiffLines = 400

func (ch *change) print(w io.Writer, dry bool) {
	action := map[string]string{
		tenants.ActionCreate: "is new", tenants.ActionUpdate: "differs", tenants.ActionDelete: "is not in the folder",
	}[ch.action]
	if ch.action == tenants.ActionDelete && dry {
		action += ": to be deleted"
	}
	fmt.Fprintf(w, "%s %s\n", ch.key(), action)
	if ch.action == tenants.ActionUpdate && len(ch.diff) == 0 {
		fmt.Fprintln(w, "    in the values of secrets, which are not shown")
	}
	lines := strings.SplitAfter(string(ch.diff), "\n")
	if len(lines) > 3 {
		lines = lines[3:] // which files are compared is said already
	}
	for i, line := range lines {
		if i == maxDiffLines {
			fmt.Fprintf(w, "    ... and %d lines more\n", len(lines)-i)
			break
		}
		if line != "" {
			fmt.Fprint(w, "    "+line)
		}
	}
}
