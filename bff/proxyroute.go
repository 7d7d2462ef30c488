package bff

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"atrium/bff/proxy"
	"atrium/bff/proxy/httpcache"
	"atrium/clients"
	"atrium/clients/rest"
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
		Cache: doc.Cache == "http",
	})
	kept := g.keeps(doc.Upstream)
	r.handler = func(c *call) error { return g.serveProxy(c, p, u, kept) }
	return nil
}

func (g *gateway) serveProxy(c *call, p *proxy.Proxy, u *upstream, kept bool) error {
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
	to := &proxy.Target{
		BaseURL: base, Header: target.Header(), MaxBody: maxBody,
		RoundTripper: g.server.transport.RoundTripper(target.Guarded()),
	}
	if kept {
		to.Cache = httpCache(c, target)
	}
	err = p.Serve(c.w, r, to)
	return named(err, u.Name)
}

// httpCache is the tenant's cache of an upstream.
func httpCache(c *call, target *rest.Target) *proxy.Cache {
	return &proxy.Cache{
		Cache:    httpcache.New(c.runtime.useCache(), cacheName),
		Tenant:   string(c.runtime.Tenant.ID),
		Identity: fmt.Appendf(nil, "%q %q %q", target.Upstream().Name, target.BaseURL(), target.Header()),
	}
}

// keeps reports whether a route keeps answers of an upstream as its headers say. Then the routes that write to it have to know
// the cache, too.
func (g *gateway) keeps(upstream string) bool {
	for _, r := range g.doc.Routes {
		if r.Proxy != nil && r.Proxy.Upstream == upstream && r.Proxy.Cache == "http" {
			return true
		}
	}
	return false
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
