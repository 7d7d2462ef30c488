package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"atrium/tenants/store"
)

// serveCommand is `atrium serve`.
type serveCommand struct {
	serverFlags

	Config string `help:"Folder of documents: specs/ apis/ plans/ tenants/. Default DATA/config." placeholder:"DIR"`
	Data   string `help:"Folder for the admin token, history and audit." default:"./atrium-data"`
}

// Run serves until ctx ends.
func (c *serveCommand) Run(ctx context.Context, std *streams) (err error) {
	config := c.Config
	if config == "" {
		config = filepath.Join(c.Data, "config")
		if err := os.MkdirAll(config, 0o700); err != nil {
			return fmt.Errorf("make the folder of documents: %w", err)
		}
	}
	token, path, err := adminToken(c.AdminToken, c.Data)
	if err != nil {
		return err
	}
	if path != "" {
		fmt.Fprintln(std.err, "admin token:", path)
	}
	p, err := newParts(ctx, &c.serverFlags, std.err)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close(context.WithoutCancel(ctx))) }()
	documents, err := store.OpenFolder(config, store.FolderOptions{Data: c.Data, Log: p.telemetry.Log})
	if err != nil {
		return err
	}
	server, err := p.server(&c.serverFlags, token, documents)
	if err != nil {
		return err
	}
	listeners, err := server.Listen(ctx)
	if err != nil {
		return err
	}
	p.telemetry.Log.InfoContext(ctx, "serving",
		"public", listeners.Public.Addr().String(), "admin", listeners.Admin.Addr().String(), "documents", config)
	return server.Run(ctx, listeners)
}
