package tenants

import "atrium/tenants/document"

// SpecSchema is the JSON Schema of tenants' documents, for editors and forms.
func SpecSchema() []byte { return document.Schema("tenants.json", "Tenant", Spec{}) }

// PlanSchema is the JSON Schema of plans' documents.
func PlanSchema() []byte { return document.Schema("plans.json", "Plan", Plan{}) }
