package bff_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"testing"
)

func TestExplainSaysWhatTheCacheHasForEachStep(t *testing.T) {
	up := new(crm)
	docs := maps.Clone(documents())
	docs["apis/shop.yaml"] += `
  GET /explained/{id}:
    steps:
      customer: { call: crm.getCustomer, with: { id: "${path.id}" }, cache: { ttl: 1m, scope: user } }
      orders: { call: crm.listOrders, with: { customer: "${customer.id}" }, cache: { ttl: 1m }, optional: true }
    response: { name: "${customer.name}", orders: "${orders.items}" }
`
	h := start(t, up, docs)
	type cached struct{ Key, State string }
	explain := func(method, path string) (e struct {
		Tree  string
		Steps []struct {
			Name  string
			Cache *cached
		}
	},
	) {
		t.Helper()
		a := h.adminDo(http.MethodPost, "/admin/v1/explain", `{"method":"`+method+`","url":"http://acme.localhost`+path+`"}`)
		if a.status != http.StatusOK {
			t.Fatalf("explain: %d %s", a.status, a.body)
		}
		must(t, json.Unmarshal([]byte(a.body), &e))
		return e
	}
	before := explain("GET", "/explained/17")
	if calls := up.calls.Load(); calls != 0 {
		t.Errorf("explain made %d calls", calls)
	}
	want := "└─ customer: crm.getCustomer (cached)\n   └─ orders: crm.listOrders (optional, cached)\n"
	if before.Tree != want {
		t.Errorf("the plan is drawn\n%swant\n%s", before.Tree, want)
	}
	if len(before.Steps) != 2 || before.Steps[0].Cache == nil || before.Steps[0].Cache.State != "miss" || before.Steps[1].Cache != nil {
		t.Fatalf("before a request: %+v", before)
	}
	h.get("/explained/17")
	after, other := explain("GET", "/explained/17"), explain("GET", "/explained/18")
	if got := *after.Steps[0].Cache; got.State != "fresh" || got.Key != before.Steps[0].Cache.Key {
		t.Errorf("after a request: %+v, before %+v", got, *before.Steps[0].Cache)
	}
	if got := *other.Steps[0].Cache; got.State != "miss" || got.Key == before.Steps[0].Cache.Key {
		t.Errorf("of another call: %+v", got)
	}
	if e := explain("POST", "/orders"); len(e.Steps) != 1 || e.Tree != "└─ order: crm.createOrder\n" {
		t.Errorf("of a write without its body: %+v", e)
	}
}
