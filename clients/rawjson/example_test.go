package rawjson_test

import (
	"fmt"

	"atrium/clients/rawjson"
)

func ExampleScanner() {
	orders := rawjson.NewTrie()
	next := orders.Add(rawjson.Path{{Name: "next"}})
	item := orders.Each(rawjson.Path{{Name: "items"}})
	id := item.Add(rawjson.Path{{Name: "id"}})
	gross := item.Add(rawjson.Path{{Name: "amount"}, {Name: "gross"}})

	document := `{"items": [{"id": 9007199254740993, "amount": {"gross": 12.50}}, {"id": 2, "amount": {"gross": 3}}],
		"next": null}`
	var s rawjson.Scanner // from a sync.Pool, usually
	row, err := s.Scan(orders, []byte(document))
	if err != nil {
		fmt.Println(err)
		return
	}
	rows, _ := row.Rows(item)
	for i := range rows.Len() {
		fmt.Printf("%s costs %s\n", rows.At(i).Get(id), rows.At(i).Get(gross))
	}
	fmt.Printf("%s\n", row.Get(next))
	// Output:
	// 9007199254740993 costs 12.50
	// 2 costs 3
	// null
}

func ExampleGet() {
	raw, ok := rawjson.Get([]byte(`{"a": [{"b": 1e400}]}`), rawjson.Path{{Name: "a"}, {Index: 0, IsIndex: true}, {Name: "b"}})
	fmt.Println(string(raw), ok)
	// Output: 1e400 true
}
