package main

import (
	"context"
	"fmt"

	"atrium/bff"
	"atrium/tenants/store"
)

// checkCommand is `atrium check DIR`.
type checkCommand struct {
	Dir        string `arg:"" help:"Folder of documents: specs/ apis/ plans/ tenants/."`
	BaseDomain string `help:"Tenants answer at <id>.BASE-DOMAIN." default:"localhost"`
}

// Run prints every issue as file:line:col: message.
func (c *checkCommand) Run(ctx context.Context, std *streams) error {
	folder, err := store.OpenFolder(c.Dir, store.FolderOptions{})
	if err != nil {
		return err
	}
	documents, err := folder.Load(ctx)
	if err != nil {
		return err
	}
	issues, err := bff.Check(ctx, documents, c.BaseDomain)
	if err != nil {
		return err
	}
	for _, issue := range issues {
		fmt.Fprintln(std.out, issue)
	}
	if len(issues) > 0 {
		return errReported
	}
	fmt.Fprintln(std.out, "ok")
	return nil
}
