package bff

import (
	"context"
	"net"
	"net/http"

	"atrium/bff/admin"
	"atrium/bff/admin/console"
	"atrium/bff/api"
	"atrium/bff/limit"
	"atrium/cache"
	"atrium/tenants"
)

// Admin is the handler of the admin listener.
func (s *Server) Admin() http.Handler {
	host, _, _ := net.SplitHostPort(s.cfg.AdminListen) // an address that cannot be split has failed to listen
	return admin.New(admin.Options{
		Token: s.cfg.AdminToken, Host: host, OpenMetrics: s.cfg.OpenMetrics,
		Documents: s.directory, Store: s.cfg.Store, Tenant: s.tenant, Usage: s.usage, Purge: s.purge, Explain: s.explain,
		OpenAPI: s.openAPI, Ending: s.ending,
		Schemas: map[tenants.Kind][]byte{
			tenants.KindAPIs: api.Schema(), tenants.KindPlans: tenants.PlanSchema(), tenants.KindTenants: tenants.SpecSchema(),
			tenants.KindSpecs: []byte(specSchema),
		},
		Degraded: s.degraded, Traces: s.telemetry.Traces, Metrics: s.telemetry.MetricsHandler(), Console: console.Handler(),
	})
}

// specSchema refers to OpenAPI's own schema: a spec is an OpenAPI document and nothing else.
const specSchema = `{"$schema":"https://json-schema.org/draft/2020-12/schema","title":"An OpenAPI document","type":"object",` +
	`"required":["openapi","info"],"properties":{"openapi":{"type":"string","pattern":"^3\\.[01]\\."}},"additionalProperties":true}`

func (s *Server) tenant(id tenants.ID) (*tenants.Tenant, bool) {
	_, t, ok := s.directory.Tenant(id)
	return t, ok
}

// openAPI is a tenant's OpenAPI document.
func (s *Server) openAPI(id tenants.ID) ([]byte, error) {
	r, _, ok := s.directory.Tenant(id)
	if !ok {
		return nil, tenants.ErrNotFound
	}
	return r.openAPI()
}

func (s *Server) purge(ctx context.Context, id tenants.ID, p cache.Purge) error {
	return s.cache.Purge(ctx, string(id), p)
}

// usage is what a tenant uses now, as this replica knows it.
type usage struct {
	limit.Usage

	Cache cacheUsage `json:"cache"`
}

type cacheUsage struct {
	Bytes    int64   `json:"bytes"`
	HitRatio float64 `json:"hitRatio"` // of all answers that the cache was asked for; 0 when there was none
}

func (s *Server) usage(ctx context.Context, id tenants.ID) any {
	_, t, ok := s.directory.Tenant(id)
	if !ok {
		return usage{}
	}
	kept := s.cache.Usage(string(id))
	u := usage{Usage: s.limits.Usage(ctx, id, t.Plan.Tokens), Cache: cacheUsage{Bytes: kept.Bytes}}
	if all := kept.Hits + kept.Misses; all > 0 {
		u.Cache.HitRatio = float64(kept.Hits) / float64(all)
	}
	return u
}
