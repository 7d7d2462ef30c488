package admin

import (
	"strings"
	"testing"

	"atrium/tenants"
)

// TestWithKeyKeepsTheDocument holds that a new key leaves a document as it was written, however it was.
func TestWithKeyKeepsTheDocument(t *testing.T) {
	const entry = `{"id":"ci","hash":"sha256:00"}`
	tests := map[string]struct{ before, after string }{
		"block list": {
			"api: shop # the only one\nauth:\n  apiKeys: # keys\n    - { id: web, hash: \"sha256:11\" } # of the page\nplan: pro\n",
			"api: shop # the only one\nauth:\n  apiKeys: # keys\n    - { id: web, hash: \"sha256:11\" } # of the page\n    - " + entry + "\nplan: pro\n",
		},
		"block list of blocks": {
			"auth:\n  apiKeys:\n  - id: web\n    hash: \"sha256:11\"\n    roles:\n      - a\n  jwt: { issuer: https://a.b }\n",
			"auth:\n  apiKeys:\n  - id: web\n    hash: \"sha256:11\"\n    roles:\n      - a\n  - " + entry + "\n  jwt: { issuer: https://a.b }\n",
		},
		"flow list": {
			"auth: { apiKeys: [{ id: web, hash: \"sha256:11\" }] } # ü\n",
			"auth: { apiKeys: [" + entry + ", { id: web, hash: \"sha256:11\" }] } # ü\n",
		},
		"empty list":   {"auth:\n  apiKeys: [] # none\n", "auth:\n  apiKeys: [" + entry + "] # none\n"},
		"no list":      {"auth:\n  jwt: { issuer: https://a.b } # ours\n", "auth:\n  apiKeys:\n    - " + entry + "\n  jwt: { issuer: https://a.b } # ours\n"},
		"flow, none":   {"auth: { jwt: { issuer: https://a.b } }\n", "auth: { \"apiKeys\": [" + entry + "], jwt: { issuer: https://a.b } }\n"},
		"no sign-in":   {"# Acme\napi: shop", "# Acme\napi: shop\nauth:\n  apiKeys:\n    - " + entry + "\n"},
		"JSON":         {"{\"api\": \"shop\"}\n", "{\"auth\": {\"apiKeys\": [" + entry + "]}, \"api\": \"shop\"}\n"},
		"nothing fits": {"api: shop\nauth:\n", "{\n  \"api\": \"shop\",\n  \"auth\": {\n    \"apiKeys\": [\n      {\n        \"id\": \"ci\",\n        \"hash\": \"sha256:00\"\n      }\n    ]\n  }\n}\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			doc := tenants.Document{Kind: tenants.KindTenants, Name: "acme", Path: "tenants/acme.yaml", Text: []byte(tt.before)}
			got, err := withKey(doc, key{ID: "ci", Hash: "sha256:00"})
			if err != nil || string(got) != tt.after {
				t.Errorf("got %v\n%s\nwant\n%s", err, got, tt.after)
			}
		})
	}
	if _, err := withKey(tenants.Document{Path: "a", Text: []byte("a: [")}, key{}); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("a broken document: %v", err)
	}
}
