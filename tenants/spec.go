package tenants

import (
	"time"

	"atrium/tenants/document"
)

// A Spec is a tenant's document, decoded and checked.
type Spec struct {
	API     string                  `json:"api" doc:"required"` // the name of a document of kind apis
	Hosts   []string                `json:"hosts"`              // besides <id>.<base domain>; in normal form
	Plan    string                  `json:"plan"`               // the name of a document of kind plans; empty means none
	Vars    Vars                    `json:"vars"`
	Secrets map[string]SecretSource `json:"secrets"`
	Auth    Auth                    `json:"auth"`
	CORS    CORS                    `json:"cors"`
	Limits  Plan                    `json:"limits"` // what differs from the plan
}

// Auth says how callers of a tenant sign in. The zero value knows nobody.
type Auth struct {
	APIKeys []APIKey `json:"apiKeys"`
	JWT     *JWT     `json:"jwt"`
	Session *Session `json:"session"`
}

// An APIKey is a key by its hash: the key itself is not kept.
type APIKey struct {
	ID      string   `json:"id" doc:"required"`   // what logs and the user's id say
	Hash    string   `json:"hash" doc:"required"` // "sha256:" and 64 lower-case hex digits
	Roles   []string `json:"roles"`
	Scopes  []string `json:"scopes"`
	Expires Instant  `json:"expires"` // zero means never
}

// A JWT says which bearer tokens are accepted.
type JWT struct {
	Issuer     string    `json:"issuer" doc:"required"` // an http or https URL; the token's iss
	Audience   Audiences `json:"audience"`              // one of them must be in aud; empty means any
	JWKS       string    `json:"jwks"`                  // where the keys are; empty means the issuer's discovery
	RolesClaim string    `json:"rolesClaim"`            // empty means "roles"
}

// A Session is browser sign-in with OpenID Connect.
type Session struct {
	Issuer       string          `json:"issuer" doc:"required"`
	ClientID     string          `json:"clientId" doc:"required"`
	ClientSecret SecretReference `json:"clientSecret"` // zero means a public client
	Scopes       []string        `json:"scopes"`       // besides openid
	RolesClaim   string          `json:"rolesClaim"`   // empty means "roles"
}

// CORS says which pages of other origins may call. The zero value allows none.
type CORS struct {
	Origins     []string          `json:"origins"`     // such as https://acme.com; "*" for any, then without credentials
	Methods     []string          `json:"methods"`     // empty means what the route has
	Headers     []string          `json:"headers"`     // request headers besides the usual; empty means what is asked for
	Expose      []string          `json:"expose"`      // response headers besides our own
	Credentials bool              `json:"credentials"` // cookies and authorization may be sent
	MaxAge      document.Duration `json:"maxAge"`      // of a preflight's answer; zero means 10m
}

// What holds where a tenant's document says nothing.
const (
	DefaultRolesClaim   = "roles"
	DefaultPreflightAge = 10 * time.Minute
)
