package admin

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"

	"github.com/gin-gonic/gin"

	"atrium/bff/problem"
	"atrium/tenants"
)

// A key is an entry of auth.apiKeys, in the order in which documents have its members.
type key struct {
	ID      string   `json:"id"`
	Hash    string   `json:"hash"`
	Roles   []string `json:"roles,omitempty"`
	Scopes  []string `json:"scopes,omitempty"`
	Expires string   `json:"expires,omitempty"`
}

// addKey makes an API key and adds its hash to the tenant's document, whose comments stay. The key itself is in this one
// answer and nowhere else.
func (a *api) addKey(c *gin.Context, t *tenants.Tenant) error {
	var want struct {
		Name    string   `json:"name"`
		Roles   []string `json:"roles"`
		Scopes  []string `json:"scopes"`
		Expires string   `json:"expires"`
	}
	if err := readJSON(c, &want); err != nil {
		return err
	}
	doc, ok := a.Documents.Document(tenants.KindTenants, string(t.ID))
	if !ok {
		return tenants.ErrNotFound
	}
	if tenants.CheckName(tenants.KindAPIs, want.Name) != nil {
		return badRequest("/name", "want a name for the key, of letters, digits, dots, dashes and underscores")
	}
	for _, k := range t.Spec.Auth.APIKeys {
		if k.ID == want.Name {
			return problem.New(http.StatusConflict, "key-exists", "The tenant has a key %q: choose another name.", want.Name)
		}
	}
	secret := "atrium_" + rand.Text()
	sum := sha256.Sum256([]byte(secret))
	text, err := withKey(doc, key{
		ID: want.Name, Hash: "sha256:" + hex.EncodeToString(sum[:]), Roles: want.Roles, Scopes: want.Scopes, Expires: want.Expires,
	})
	if err != nil {
		return err
	}
	change := tenants.Change{
		Kind: tenants.KindTenants, Name: doc.Name, Text: text, Match: tenants.Match{Revision: doc.Revision}, By: "admin",
	}
	saved, issues, err := a.Documents.Apply(c.Request.Context(), change)
	switch {
	case len(issues) > 0:
		return invalid(change, issues)
	case err != nil:
		return err
	}
	setRevision(c, saved.Revision)
	return writeJSON(c, http.StatusCreated, struct {
		ID  string `json:"id"`
		Key string `json:"key"`
	}{want.Name, secret})
}

// json renders the entry in one line, which is YAML too.
func (k key) json() ([]byte, error) { return json.Marshal(k) }
