package bff

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"atrium/bff/auth"
	"atrium/bff/expr"
	"atrium/cache"
	"atrium/clients/rest"
	"atrium/tenants"
)

// A Runtime is what one tenant's requests are served from: its part of the API that it shares with others. It is immutable.
type Runtime struct {
	Tenant *tenants.Tenant

	gateway     *gateway
	guard       *auth.Guard
	cors        *cors
	targets     []*rest.Target   // by the index of the gateway's upstream
	models      map[string]chain // by the name of the model
	secrets     expr.Env         // of the gateway's settings: vars and secrets
	vars        []byte           // JSON
	quota       sync.Once
	fingerprint [sha256.Size]byte // of all that makes its answers differ from another tenant's
}

// runtime builds a tenant's part of the API. Its errors name no secret.
func (g *gateway) runtime(t *tenants.Tenant) (*Runtime, error) {
	rt := &Runtime{Tenant: t, gateway: g, cors: newCORS(t.Spec.CORS)}
	var err error
	if rt.guard, err = auth.NewGuard(t, g.server.sessions); err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	if rt.secrets, rt.vars, err = g.settingsEnv(t); err != nil {
		return nil, err
	}
	digest := sha256.New()
	digest.Write(t.JSON)
	rt.targets = make([]*rest.Target, len(g.upstreams))
	for i, u := range g.upstreams {
		settings, err := g.target(u, rt.secrets, t)
		if err != nil {
			return nil, err
		}
		if rt.targets[i], err = u.Target(t.ID, settings); err != nil {
			return nil, fmt.Errorf("upstream %s: %w", u.Name, err)
		}
		fmt.Fprintf(digest, "%d %q %q\n", i, settings.BaseURL, settings.Header)
	}
	digest.Sum(rt.fingerprint[:0])
	if rt.models, err = g.chains(rt); err != nil {
		return nil, err
	}
	return rt, nil
}

// useCache gives the tenant its share of the cache, once and only when it is used: a runtime may be built for a dry run.
func (rt *Runtime) useCache() *cache.Cache {
	c := rt.gateway.server.cache
	rt.quota.Do(func() { c.SetQuota(string(rt.Tenant.ID), int64(rt.Tenant.Plan.CacheBytes)) })
	return c
}

// settingsEnv is what the holes of settings see of a tenant.
func (g *gateway) settingsEnv(t *tenants.Tenant) (env expr.Env, vars []byte, err error) {
	if vars, err = json.Marshal(t.Vars); err != nil {
		return nil, nil, err
	}
	if t.Vars == nil {
		vars = []byte("{}")
	}
	revealed := make(map[string]string, len(t.Secrets))
	for name, secret := range t.Secrets {
		revealed[name] = secret.Reveal()
	}
	secrets, err := json.Marshal(revealed)
	if err != nil {
		return nil, nil, err
	}
	env = make(expr.Env, g.settings.Slots())
	for name, value := range map[string][]byte{"vars": vars, "secrets": secrets} {
		if slot, ok := g.settings.Slot(name); ok {
			env[slot] = value
		}
	}
	return env, vars, nil
}

func (g *gateway) target(u *upstream, env expr.Env, t *tenants.Tenant) (rest.TargetSettings, error) {
	s := rest.TargetSettings{Literal: u.literal, Concurrency: t.Plan.UpstreamConcurrency, Header: http.Header{}}
	var err error
	if s.BaseURL, err = g.text(u.base, env); err != nil {
		return s, fmt.Errorf("upstream %s: %w", u.Name, err)
	}
	for name, v := range u.headers {
		text, err := g.text(v, env)
		if err != nil {
			return s, fmt.Errorf("upstream %s: header %s: %w", u.Name, name, err)
		}
		s.Header.Set(name, text)
	}
	return s, nil
}

// target returns the tenant's view of an upstream by its name.
func (rt *Runtime) target(name string) *rest.Target {
	return rt.targets[rt.gateway.index[name]]
}
