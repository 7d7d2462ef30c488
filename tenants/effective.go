package tenants

import (
	"cmp"
	"maps"
	"slices"

	"atrium/tenants/document"
)

// The sources of an effective value.
const (
	SourceDefault = "default" // what holds where no document says anything
	SourcePlan    = "plan"    // the tenant's plan
	SourceTenant  = "tenant"  // the tenant's own document
)

// An EffectiveValue is one value that a tenant is served by, and where it comes from.
type EffectiveValue struct {
	Name   string `json:"name"`   // as in the tenant's document: "limits.streams", "vars.brand"
	Value  any    `json:"value"`  // marshals as the document writes it; a secret is "[secret]"
	Source string `json:"source"` // SourceDefault, SourcePlan or SourceTenant
}

// Effective lists every value of a tenant that serves, by name, and false when there is no such tenant.
func (d *Directory[S, A, R]) Effective(id ID) ([]EffectiveValue, bool) {
	_, t, ok := d.Tenant(id)
	if !ok {
		return nil, false
	}
	return t.effective(d.base.host(id)), true
}

func (t *Tenant) effective(ownHost string) []EffectiveValue {
	l := &listing{}
	l.add("api", t.Spec.API, SourceTenant)
	if ownHost != "" {
		l.add("host", ownHost, SourceDefault)
	}
	l.list("hosts", t.Spec.Hosts)
	l.orDefault("plan", t.Spec.Plan, "")
	for _, name := range slices.Sorted(maps.Keys(t.Vars)) {
		l.add("vars."+name, t.Vars[name], SourceTenant)
	}
	for _, name := range slices.Sorted(maps.Keys(t.Secrets)) {
		l.add("secrets."+name, t.Secrets[name], SourceTenant)
	}
	l.auth(&t.Spec.Auth)
	l.cors(&t.Spec.CORS)
	for _, limit := range limitNames() {
		l.add("limits."+limit.name, t.Plan.value(limit.bit), t.limitSource(limit.bit))
	}
	slices.SortStableFunc(l.values, func(a, b EffectiveValue) int { return cmp.Compare(a.Name, b.Name) })
	return l.values
}

func (t *Tenant) limitSource(bit given) string {
	switch {
	case t.Spec.Limits.given&bit != 0:
		return SourceTenant
	case t.plan != nil && t.plan.given&bit != 0:
		return SourcePlan
	default:
		return SourceDefault
	}
}

// A listing collects effective values.
type listing struct{ values []EffectiveValue }

func (l *listing) add(name string, value any, source string) {
	l.values = append(l.values, EffectiveValue{Name: name, Value: value, Source: source})
}

func (l *listing) orDefault(name, value, fallback string) {
	if value == "" {
		l.add(name, fallback, SourceDefault)
		return
	}
	l.add(name, value, SourceTenant)
}

func (l *listing) list(name string, values []string) {
	if len(values) == 0 {
		l.add(name, []string{}, SourceDefault)
		return
	}
	l.add(name, values, SourceTenant)
}

func (l *listing) auth(a *Auth) {
	ids := make([]string, len(a.APIKeys)) // hashes say nothing to a reader, and are better kept
	for i, key := range a.APIKeys {
		ids[i] = key.ID
	}
	l.list("auth.apiKeys", ids)
	if a.JWT != nil {
		l.add("auth.jwt.issuer", a.JWT.Issuer, SourceTenant)
		l.list("auth.jwt.audience", a.JWT.Audience)
		l.orDefault("auth.jwt.jwks", a.JWT.JWKS, "")
		l.orDefault("auth.jwt.rolesClaim", a.JWT.RolesClaim, DefaultRolesClaim)
	}
	if a.Session != nil {
		l.add("auth.session.issuer", a.Session.Issuer, SourceTenant)
		l.add("auth.session.clientId", a.Session.ClientID, SourceTenant)
		l.orDefault("auth.session.clientSecret", a.Session.ClientSecret.String(), "")
		l.list("auth.session.scopes", a.Session.Scopes)
		l.orDefault("auth.session.rolesClaim", a.Session.RolesClaim, DefaultRolesClaim)
	}
}

func (l *listing) cors(c *CORS) {
	l.list("cors.origins", c.Origins)
	l.list("cors.methods", c.Methods)
	l.list("cors.headers", c.Headers)
	l.list("cors.expose", c.Expose)
	if c.Credentials {
		l.add("cors.credentials", true, SourceTenant)
	} else {
		l.add("cors.credentials", false, SourceDefault)
	}
	if c.MaxAge == 0 {
		l.add("cors.maxAge", document.Duration(DefaultPreflightAge), SourceDefault)
	} else {
		l.add("cors.maxAge", c.MaxAge, SourceTenant)
	}
}
