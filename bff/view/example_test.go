package view_test

import (
	"context"
	"fmt"

	"atrium/bff/api"
	"atrium/bff/view"
	"atrium/clients/rest"
	"atrium/tenants/document"
)

// inline offers the operations that a document declares itself.
type inline struct{ doc *api.API }

func (o inline) Upstream(name string) (*rest.Upstream, bool) {
	_, ok := o.doc.Upstreams[name]
	return nil, ok
}
func (inline) UpstreamNames() []string      { return []string{"crm"} }
func (inline) OperationIDs(string) []string { return []string{"getCustomer"} }

func (o inline) Operation(upstream, id string) (*rest.Operation, bool) {
	n, ok := o.doc.Upstreams[upstream].Operations[id]
	if !ok {
		return nil, false
	}
	op, issues := rest.Inline(id, n)
	return op, len(issues) == 0
}

// crm answers every call.
type crm struct{}

func (crm) Call(_ context.Context, c *view.Call) (*view.Answer, error) {
	return &view.Answer{Body: fmt.Appendf(nil, `{"id":%s,"balance":10.50}`, c.Args.Params[0]), Status: 200}, nil
}

func ExampleCompile() {
	root, _ := document.Parse("apis/shop.yaml", []byte(`
upstreams:
  crm: { baseUrl: "http://crm", operations: { getCustomer: "GET /customers/{id}" } }
routes:
  GET /me/{id}:
    steps:
      customer: { call: crm.getCustomer, with: { id: "${path.id}" } }
    response: { id: "${customer.id}", balance: "${customer.balance}" }
`))
	doc, _ := api.Decode(root)
	program, issues := view.Compile(doc.Routes["GET /me/{id}"], view.Deps{Operations: inline{doc}})
	fmt.Println(issues)

	input, mistakes := program.Bind(&view.Request{Path: []string{"c1"}})
	fmt.Println(mistakes)

	result, err := program.Run(context.Background(), input, crm{})
	fmt.Println(result.Status, string(result.Body), err)
	// Output:
	//
	// []
	// 200 {"id":"c1","balance":10.50} <nil>
}
