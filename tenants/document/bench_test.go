package document

import (
	"os"
	"testing"
)

// A tenant's document, and a long one: what a start with very many tenants and a check of a big API cost.
func BenchmarkParse(b *testing.B) {
	api, err := os.ReadFile("testdata/storefront.yaml")
	if err != nil {
		b.Fatal(err)
	}
	tenant := []byte(`api: storefront
hosts: [shop.acme.com]
plan: pro
vars: { brand: Acme, crmUrl: "https://crm.acme.com", shopUrl: "https://shop.acme.com" }
secrets: { crmToken: { env: ACME_CRM_TOKEN }, llmKey: { value: "..." } }
auth: { apiKeys: [{ id: web, hash: "..." }] }
cors: { origins: ["https://acme.com"] }
limits: { perClient: ["60/1m"] }
`)
	root, _ := Parse("t.yaml", tenant)
	for name, text := range map[string][]byte{"tenant.yaml": tenant, "tenant.json": root.JSON(), "api.yaml": api} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if root, issues := Parse("f", text); root == nil || len(issues) > 0 {
					b.Fatal(issues)
				}
			}
		})
	}
}
