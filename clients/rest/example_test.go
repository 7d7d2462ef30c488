package rest_test

import (
	"fmt"

	"atrium/clients/rest"
	"atrium/tenants/document"
)

func ExampleOperation_Request() {
	getOrder, issues := rest.Inline("getOrder", &document.Node{Kind: document.String, Text: "GET /orders/{id}"})
	if issues != nil {
		panic(issues)
	}
	shop := rest.NewUpstream(rest.Settings{Name: "shop"})
	acme, err := shop.Target("acme", rest.TargetSettings{BaseURL: "https://shop.example.com/v1"})
	if err != nil {
		panic(err)
	}
	for _, id := range []string{`"a/b"`, `"../admin"`} {
		request, err := getOrder.Request(acme, rest.Args{Params: [][]byte{[]byte(id)}})
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(request.URL())
	}
	// Output:
	// https://shop.example.com/v1/orders/a%2Fb
	// shop.getOrder: request: id: it holds a dot segment, which would change the path
}
