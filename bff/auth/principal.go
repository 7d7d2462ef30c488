package auth

import (
	"encoding/json"
	"net/http"
	"slices"

	"atrium/bff/api"
	"atrium/bff/problem"
)

// A Principal is a caller who has proven who it is.
type Principal struct {
	ID     string // unique within the tenant: "key:web" or the token's subject behind its issuer, "jwt:user-17"
	Roles  []string
	Scopes []string
	JSON   []byte // {"id","roles","scopes","claims"} as holes see it

	token string
}

// String is the id alone: who prints a caller prints no token.
func (p *Principal) String() string { return p.ID }

// AccessToken is what an upstream that takes the caller's own credential is sent for a session; empty for callers who send theirs.
// It never reaches the browser.
func (p *Principal) AccessToken() string {
	if p == nil {
		return ""
	}
	return p.token
}

// ServeMe answers who the caller is; nil is a 401.
func ServeMe(w http.ResponseWriter, p *Principal) error {
	if p == nil {
		return unauthorized("You have not signed in.", "")
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(p.JSON) // a client that has gone needs no answer
	return nil
}

func newPrincipal(id, name string, roles, scopes []string, claims map[string]any) (*Principal, error) {
	if claims == nil {
		claims = map[string]any{}
	}
	text, err := json.Marshal(struct {
		ID     string         `json:"id"`
		Roles  []string       `json:"roles"`
		Scopes []string       `json:"scopes"`
		Claims map[string]any `json:"claims"`
	}{name, append([]string{}, roles...), append([]string{}, scopes...), claims})
	if err != nil {
		return nil, err
	}
	return &Principal{ID: id, Roles: roles, Scopes: scopes, JSON: text}, nil
}

// Allow holds a caller to a route's rule: 401 when somebody is required and nobody is there, 403 when a role or scope is missing.
// A nil rule lets everybody pass.
func Allow(rule *api.Auth, p *Principal) error {
	if rule == nil || rule.Mode != "required" {
		return nil
	}
	if p == nil {
		return unauthorized("Sign in to call this route.", "")
	}
	if len(rule.Roles) > 0 && !slices.ContainsFunc(rule.Roles, func(role string) bool { return slices.Contains(p.Roles, role) }) {
		return forbidden("You have none of the roles that this route asks for.")
	}
	for _, scope := range rule.Scopes {
		if !slices.Contains(p.Scopes, scope) {
			return forbidden("Your credential lacks a scope that this route asks for.")
		}
	}
	return nil
}

// unauthorized is a 401; reason is the error of RFC 6750, empty when no credential was sent.
func unauthorized(detail, reason string) *problem.Problem {
	p := problem.New(http.StatusUnauthorized, "unauthorized", "%s", detail)
	challenge := `Bearer realm="atrium"`
	if reason != "" {
		challenge += `, error="` + reason + `"`
	}
	p.Header = http.Header{"Www-Authenticate": {challenge}}
	return p
}

func forbidden(detail string) *problem.Problem {
	p := problem.New(http.StatusForbidden, "forbidden", "%s", detail)
	p.Header = http.Header{"Www-Authenticate": {`Bearer realm="atrium", error="insufficient_scope"`}}
	return p
}
