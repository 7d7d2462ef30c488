package bff

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/gin-gonic/gin"

	"atrium/bff/auth"
	"atrium/bff/chat"
	"atrium/clients/llm"
	"atrium/clients/rest"
	"atrium/observability"
	"atrium/tenants"
	"atrium/tenants/document"
)

// New returns a server that listens nowhere yet: see Listen and Run.
func New(cfg Config) (*Server, error) {
	if cfg.AdminToken == "" {
		return nil, errors.New("the admin listener needs a token")
	}
	gin.SetMode(gin.ReleaseMode) // in its other mode gin prints every route
	cfg.Drain = cmp.Or(cfg.Drain, 30*time.Second)
	requests, err := observability.NewRequests(cfg.Telemetry.Meter("atrium/bff"))
	if err != nil {
		return nil, err
	}
	breaches, err := breachCounter(cfg.Telemetry.Meter("atrium/bff"))
	if err != nil {
		return nil, err
	}
	guarded := cfg.Transport.RoundTripper(true)
	s := &Server{
		cfg: cfg, log: cfg.Telemetry.Log, telemetry: cfg.Telemetry, tracer: cfg.Telemetry.Tracer("atrium/bff"),
		requests: requests, breaches: breaches, trusted: cfg.TrustedProxies, cache: cfg.Cache, limits: cfg.Limits,
		transport: cfg.Transport, client: rest.NewClient(cfg.Transport),
		sessions: auth.NewSessions(auth.SessionsOptions{
			Store: cfg.Sessions, Keys: auth.NewKeySets(guarded), Log: cfg.Telemetry.Log,
		}),
		deliveries: newDeliveries(), compress: compress(),
		ending: make(chan struct{}),
	}
	s.generations = chat.New(chat.Options{
		Client: llm.New(llm.Options{Transport: guarded, Meter: cfg.Telemetry.Meter("atrium/clients/llm")}), Log: s.log,
		Shared: cfg.Shared,
	})
	s.directory = tenants.NewDirectory(cfg.Store, &builder{server: s}, tenants.Options{
		BaseDomain: cfg.BaseDomain, Log: s.log, Meter: cfg.Telemetry.Meter("atrium/tenants"),
	})
	return s, nil
}

// Check compiles documents as a server would, and returns every issue. It reads no secrets and calls nothing.
func Check(ctx context.Context, documents []tenants.Document, baseDomain string) (document.Issues, error) {
	gin.SetMode(gin.ReleaseMode)
	s := &Server{sessions: auth.NewSessions(auth.SessionsOptions{Keys: auth.NewKeySets(nil)})}
	return tenants.Check(ctx, documents, &builder{server: s}, tenants.Options{BaseDomain: baseDomain, NoSecrets: true})
}
