package schema_test

import (
	"fmt"

	"atrium/clients/schema"
)

func Example() {
	customer, err := schema.FromJSON([]byte(`{
		"type": "object", "required": ["name"],
		"properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}}
	}`))
	if err != nil {
		panic(err)
	}
	age, _ := customer.Field("age")
	fmt.Println(age)
	for _, mistake := range customer.Check([]byte(`{"age": -1}`), 10) {
		fmt.Println(mistake.Pointer, mistake)
	}
	fmt.Println(string(age.JSONSchema(schema.NewDefs("#/components/schemas/"))))
	// Output:
	// integer or null
	// /age want at least 0, found a smaller number
	// /name want string, found nothing
	// {"type":["integer","null"],"minimum":0}
}
