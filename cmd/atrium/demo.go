package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"

	"atrium/cmd/atrium/demo"
	"atrium/tenants/store"
)

// demoCommand is `atrium demo`.
type demoCommand struct {
	serverFlags

	Data            string `help:"Folder of documents, token and history. Default: a temporary one, gone at the end." placeholder:"DIR"`
	UpstreamsListen string `help:"Address of the demo's upstreams and model." default:"127.0.0.1:0"`
	UpstreamsURL    string `help:"Where tenants find the demo's upstreams, when not at that address." placeholder:"URL"`
	UpstreamsOnly   bool   `help:"Only the demo's upstreams and model; the server runs elsewhere."`
	WriteConfig     string `help:"Write the demo's documents to this folder." placeholder:"DIR"`
}

// Run serves the demo until ctx ends.
func (c *demoCommand) Run(ctx context.Context, std *streams) error {
	c.AllowPrivateUpstreams = addresses{all: true}
	upstreams, err := new(net.ListenConfig).Listen(ctx, "tcp", c.UpstreamsListen)
	if err != nil {
		return fmt.Errorf("%w; choose another address with --upstreams-listen", err)
	}
	url := c.UpstreamsURL
	if url == "" {
		url = "http://" + upstreams.Addr().String()
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	serving, stop := context.WithCancel(context.WithoutCancel(ctx)) // longer than the server, whose last answers still need them
	var running sync.WaitGroup
	running.Go(func() {
		if err := demo.Serve(serving, upstreams); err != nil {
			fail(err)
		}
	})
	defer running.Wait()
	defer stop()
	if c.WriteConfig != "" {
		if err := demo.WriteConfig(c.WriteConfig, url); err != nil {
			return err
		}
	}
	if c.UpstreamsOnly {
		fmt.Fprintln(std.out, "demo upstreams at", url)
		<-ctx.Done()
		return cause(ctx)
	}
	if err := c.serve(ctx, std, url); err != nil {
		return err
	}
	return cause(ctx)
}

// cause is why ctx ended, nil when it was asked to.
func cause(ctx context.Context) error {
	if err := context.Cause(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

func (c *demoCommand) serve(ctx context.Context, std *streams, url string) (err error) {
	data := c.Data
	if data == "" {
		if data, err = os.MkdirTemp("", "atrium-demo-"); err != nil {
			return fmt.Errorf("make a folder for the demo: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(data)) }()
	}
	config := filepath.Join(data, "config")
	if err := demo.WriteConfig(config, url); err != nil {
		return err
	}
	token, _, err := adminToken(c.AdminToken, data)
	if err != nil {
		return err
	}
	p, err := newParts(ctx, &c.serverFlags, std.err)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close(context.WithoutCancel(ctx))) }()
	documents, err := store.OpenFolder(config, store.FolderOptions{Data: data, Log: p.telemetry.Log})
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
	welcome(std.out, &c.serverFlags, listeners.Public.Addr(), listeners.Admin.Addr(), token, config)
	return server.Run(ctx, listeners)
}

// welcome says what to open and what to try.
func welcome(out io.Writer, f *serverFlags, public, admin net.Addr, token, config string) {
	_, port, _ := net.SplitHostPort(public.String()) // a listener's address has a port
	acme := "http://acme." + f.BaseDomain + ":" + port
	globex := "http://globex." + f.BaseDomain + ":" + port
	fmt.Fprintf(out, `Atrium demo: two tenants, one API, pretend upstreams and a pretend model.

Open   %[1]s/   %[2]s/   the storefront of each tenant
       http://%[3]s/   traces and documents; token: %[4]s
Edit   %[5]s   a change is served within a second

Try    curl -i %[1]s/dashboard/17
       curl -s %[2]s/dashboard/17
       curl -s '%[1]s/customers?limit=3'
       curl -N --json '{"messages":[{"role":"user","content":"What is new for customer 17?"}]}' %[1]s/assistant
       curl -i --json '{"customerId":"17","items":[{"sku":"SKU-1001","quantity":1}]}' -H 'X-API-Key: demo-customer-acme' %[1]s/orders
       curl -s -H 'Authorization: Bearer %[4]s' 'http://%[3]s/admin/v1/traces?limit=3'

Stop with Ctrl-C.
`, acme, globex, admin, token, config)
}
