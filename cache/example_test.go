package cache_test

import (
	"context"
	"fmt"
	"time"

	"atrium/cache"
)

func ExampleCache_Fetch() {
	c := cache.New(cache.Options{})
	defer c.Close()
	req := cache.Request{
		Key:    cache.NewKey("acme", []byte("GET /customers/7")),
		Policy: cache.Policy{TTL: 30 * time.Second, Stale: 5 * time.Minute, Tags: []string{"customer:7"}},
	}
	fill := func(context.Context, *cache.Entry) (cache.Answer, error) {
		fmt.Println("the upstream is asked")
		return cache.Answer{Entry: cache.Entry{Status: 200, Body: []byte(`{"id":7}`)}, Shareable: true, Store: true}, nil
	}
	for range 2 {
		r, err := c.Fetch(context.Background(), req, fill)
		fmt.Println(r.State, string(r.Body), err)
	}
	fmt.Println(c.Purge(context.Background(), "acme", cache.Purge{Tags: []string{"customer:7"}}))
	r, _ := c.Fetch(context.Background(), req, fill)
	fmt.Println(r.State)
	// Output:
	// the upstream is asked
	// miss {"id":7} <nil>
	// fresh {"id":7} <nil>
	// <nil>
	// the upstream is asked
	// miss
}
