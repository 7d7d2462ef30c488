package api_test

import (
	"fmt"

	"atrium/bff/api"
	"atrium/tenants/document"
)

// An API document is decoded and checked for all that needs no types.
func ExampleDecode() {
	root, _ := document.Parse("apis/shop.yaml", []byte(`
upstreams:
  crm: { baseUrl: "https://crm.example", operations: { getCustomer: "GET /customers/{id}" } }
routes:
  GET /customers/{id}:
    steps:
      customer: { call: crm.getCustomr, with: { id: "${path.id}" } }
    response: "${customer}"
`))
	a, issues := api.Decode(root)
	fmt.Println(issues)
	fmt.Println(a.Routes["GET /customers/{id}"].Pattern.Params())
	// Output:
	// apis/shop.yaml:7:29: the upstream "crm" has no operation "getCustomr"; did you mean "getCustomer"?
	// [id]
}
