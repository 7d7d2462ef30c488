package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/redis/go-redis/v9"

	"atrium/bff"
	"atrium/bff/auth/sessions"
	"atrium/bff/chat"
	"atrium/bff/chat/fleet"
	"atrium/bff/limit"
	"atrium/cache"
	"atrium/clients"
	"atrium/observability"
	"atrium/tenants"
)

// parts are what a server is made of. They are closed in the reverse order of their making, after the server has ended.
type parts struct {
	telemetry *observability.Telemetry
	redis     redis.UniversalClient // nil: in process
	fleet     *fleet.Redis          // nil without redis
	cache     *cache.Cache
	limits    *limit.Limiter
	transport *clients.Transport
}

func newParts(ctx context.Context, f *serverFlags, log io.Writer) (*parts, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.LogLevel)); err != nil {
		return nil, err
	}
	telemetry, err := observability.New(ctx, observability.Options{
		Version: version(), LogOutput: log, LogFormat: f.LogFormat, LogLevel: level, ExportErrors: true,
	})
	if err != nil {
		return nil, err
	}
	p := &parts{telemetry: telemetry}
	if len(f.Redis) > 0 {
		if p.redis, err = cache.Connect(f.Redis...); err != nil {
			return nil, errors.Join(err, telemetry.Shutdown(ctx))
		}
		p.fleet = fleet.NewRedis(p.redis, telemetry.Log)
	}
	p.cache = cache.New(cache.Options{Redis: p.redis, Meter: telemetry.Meter("atrium/cache"), Log: telemetry.Log})
	p.limits = limit.New(limit.Options{Redis: p.redis, Meter: telemetry.Meter("atrium/bff/limit"), Log: telemetry.Log})
	p.transport = clients.NewTransport(clients.Options{
		AllowAll: f.AllowPrivateUpstreams.all, AllowPrivate: f.AllowPrivateUpstreams.prefixes, Meter: telemetry.Meter("atrium/clients"),
	})
	return p, nil
}

func (p *parts) server(f *serverFlags, token string, documents tenants.Store) (*bff.Server, error) {
	var shared sessions.Store // nil: in memory
	var generations chat.Shared
	if p.redis != nil {
		shared, generations = sessions.NewRedis(p.redis), p.fleet
	}
	if err := tenants.CheckBaseDomain(f.BaseDomain); err != nil {
		return nil, fmt.Errorf("--base-domain: %w", err)
	}
	return bff.New(bff.Config{
		Listen: f.Listen, AdminListen: f.AdminListen, BaseDomain: f.BaseDomain, AdminToken: token, OpenMetrics: f.OpenMetrics,
		TrustedProxies: f.TrustedProxies, Drain: f.Drain, Store: documents, Cache: p.cache, Limits: p.limits,
		Sessions: shared, Shared: generations, Telemetry: p.telemetry, Transport: p.transport,
	})
}

func (p *parts) close(ctx context.Context) error {
	p.transport.Close()
	p.limits.Close() //nolint:contextcheck // it waits for its own, whose contexts it ends
	p.cache.Close()
	var err error
	if p.redis != nil {
		p.fleet.Close()
		err = p.redis.Close()
	}
	return errors.Join(err, p.telemetry.Shutdown(ctx))
}
