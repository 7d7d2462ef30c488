package bff

import (
	"context"
	"errors"
	"net/url"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"atrium/bff/proxy"
	"atrium/clients"
	"atrium/tenants/document"
)

func (g *gateway) compileProxy(r *route) document.Issues {
	doc := r.doc.Proxy
	i, ok := g.index[doc.Upstream]
	if !ok {
		return nil // decoding has found fault with it
	}
	u := g.upstreams[i]
	p := proxy.New(proxy.Settings{
		Strip: doc.Strip, MaxBody: int64(doc.MaxBody), ContentTypes: doc.ContentTypes, Forward: u.doc.Forward,
	})
	r.handler = func(c *call) error { return g.serveProxy(c, p, u) }
	return nil
}

func (g *gateway) serveProxy(c *call, p *proxy.Proxy, u *upstream) error {
	target := c.runtime.target(u.Name)
	base, err := url.Parse(target.BaseURL())
	if err != nil {
		return err
	}
	maxBody := int64(c.runtime.Tenant.Plan.MaxBody)
	if maxBody == 0 {
		maxBody = defaultMaxBody
	}
	ctx, span := g.server.tracer.Start(c.r.Context(), "proxy "+u.Name,
		trace.WithAttributes(attribute.String("atrium.upstream", u.Name)))
	defer span.End()
	r := c.r.WithContext(ctx)
	if token := c.rec.principal.AccessToken(); token != "" {
		r.Header = r.Header.Clone()
		r.Header.Set("Authorization", "Bearer "+token) // goes on where the upstream's document forwards it
	}
	err = p.Serve(c.w, r, &proxy.Target{
		BaseURL: base, Header: target.Header(), MaxBody: maxBody,
		RoundTripper: g.server.transport.RoundTripper(target.Guarded()),
	})
	return named(err, u.Name)
}

// named gives a transport's error the name of its upstream.
func named(err error, upstream string) error {
	if failed, ok := errors.AsType[*clients.Error](err); ok && failed.Upstream == "" {
		failed.Upstream, failed.Operation = upstream, "proxy"
	}
	if errors.Is(err, context.Canceled) {
		return &clients.Error{Kind: clients.Canceled, Upstream: upstream, Operation: "proxy", Err: err}
	}
	return err
}
