package expr_test

import (
	"context"
	"fmt"

	"atrium/bff/expr"
	"atrium/clients/schema"
	"atrium/tenants/document"
)

func ExampleScope() {
	order := schema.ObjectOf(
		schema.Field{Name: "total", Type: schema.Of(schema.Number), Required: true},
		schema.Field{Name: "note", Type: schema.Of(schema.String)},
	)
	scope := expr.NewScope().With("order", order)
	env := expr.Env{[]byte(`{"total": 129.50}`)}
	for _, text := range []string{
		"${order.total}", "${order.total * 2 > 200}", "Total: ${order.total}", `${order.?note.orValue("none")}`,
		"${order.note.size()}", "${order.totl}",
	} {
		value, issues := scope.Value(&document.Node{File: "apis/shop.yaml", Line: 3, Column: 8, Kind: document.String, Text: text})
		if len(issues) > 0 {
			fmt.Println(issues)
			continue
		}
		out, err := value.AppendJSON(context.Background(), nil, env)
		fmt.Println(value.Type, string(out), err)
	}
	// Output:
	// number 129.50 <nil>
	// boolean true <nil>
	// string "Total: 129.50" <nil>
	// string "none" <nil>
	// apis/shop.yaml:3:10: order.note may be null: want order.?note.orValue(""), or a check such as order.note != null
	// apis/shop.yaml:3:16: order has no member "totl"; did you mean "total"?
}
