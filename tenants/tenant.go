package tenants

import (
	"encoding/json"
)

// A Tenant is one customer as requests see it. It is immutable.
type Tenant struct {
	ID       ID
	Spec     Spec
	Plan     *Plan             // the limits in force: the plan's, overridden field by field by the tenant's own
	Vars     map[string]string // Spec.Vars
	Secrets  map[string]Secret // resolved, by name
	Revision int64             // of the tenant's document
	JSON     []byte            // {"id":"acme","vars":{...}} as holes see it; no secrets

	plan *Plan // the plan's document, for sources; nil when there is none
}

// ClientSecret is the secret of browser sign-in; empty for a public client, or without sign-in.
func (t *Tenant) ClientSecret() Secret {
	if t.Spec.Auth.Session == nil {
		return Secret{}
	}
	return t.Secrets[t.Spec.Auth.Session.ClientSecret.Name]
}

// describe renders what holes see of a tenant.
func describe(id ID, vars map[string]string) []byte {
	if vars == nil {
		vars = map[string]string{}
	}
	text, err := json.Marshal(struct {
		ID   ID                `json:"id"`
		Vars map[string]string `json:"vars"`
	}{id, vars})
	if err != nil {
		panic("tenants: strings do not marshal: " + err.Error())
	}
	return text
}
