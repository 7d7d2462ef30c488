package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// purgeCommand is `atrium purge TENANT`.
type purgeCommand struct {
	remoteFlags

	Tenant string   `arg:"" help:"Whose cached answers to forget."`
	Tag    []string `help:"Only answers with this tag, such as customer:17; may be repeated." placeholder:"TAG" sep:"none"`
	All    bool     `help:"All of the tenant's answers."`
	Soft   bool     `help:"Keep them as stale: they are renewed when asked for, and still help when an upstream is down."`
}

// Run purges.
func (c *purgeCommand) Run(ctx context.Context, std *streams) error {
	if c.All == (len(c.Tag) > 0) {
		return errors.New("say what to purge: --tag TAG or --all")
	}
	server, err := c.connect()
	if err != nil {
		return err
	}
	var done struct{}
	want := map[string]any{"tags": c.Tag, "all": c.All, "soft": c.Soft}
	if err := server.post(ctx, "tenants/"+url.PathEscape(c.Tenant)+"/purge", want, &done); err != nil {
		return fmt.Errorf("tenant %s: %w", c.Tenant, err)
	}
	what := "everything"
	if !c.All {
		what = strings.Join(c.Tag, ", ")
	}
	how := "purged"
	if c.Soft {
		how = "made stale"
	}
	fmt.Fprintf(std.out, "%s of tenant %s is %s\n", what, c.Tenant, how)
	return nil
}

// openapiCommand is `atrium openapi TENANT`.
type openapiCommand struct {
	remoteFlags

	Tenant string `arg:"" help:"Whose API to describe."`
}

// Run prints the tenant's OpenAPI document.
func (c *openapiCommand) Run(ctx context.Context, std *streams) error {
	server, err := c.connect()
	if err != nil {
		return err
	}
	answer, err := server.send(ctx, http.MethodGet, "tenants/"+url.PathEscape(c.Tenant)+"/openapi.json", nil)
	if err != nil {
		return fmt.Errorf("tenant %s: %w", c.Tenant, err)
	}
	_, err = std.out.Write(answer.body)
	return err
}
