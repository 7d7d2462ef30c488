package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"atrium/tenants"
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
	documents, closeDocuments, err := openDocuments(p, config, c.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeDocuments()) }()
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

// openDocuments opens the folder of documents; with Redis the truth is there, and the folder is what it lacks.
func openDocuments(p *parts, config, data string) (documents tenants.Store, closeAll func() error, err error) {
	folder, err := store.OpenFolder(config, store.FolderOptions{Data: data, Log: p.telemetry.Log})
	if err != nil || p.redis == nil {
		return folder, func() error { return nil }, err
	}
	shared, err := store.NewRedis(p.redis, store.RedisOptions{Copy: filepath.Join(data, "replica"), Log: p.telemetry.Log})
	if err != nil {
		return nil, nil, err
	}
	return store.NewFleet(shared, folder, p.telemetry.Log), shared.Close, nil
}
