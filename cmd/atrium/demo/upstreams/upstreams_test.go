package upstreams

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// call is one request of a test.
type call struct {
	method, path, body string
	header             map[string]string
}

func (c call) send(t *testing.T, h http.Handler) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
	if strings.Contains(c.path, "/crm/") {
		r.Header.Set("Authorization", "Bearer "+Token("acme"))
	}
	if c.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for k, v := range c.header {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// get makes a call with headers given as names and values.
func get(path string, header ...string) call {
	c := call{method: http.MethodGet, path: path, header: map[string]string{}}
	for i := 0; i < len(header); i += 2 {
		c.header[header[i]] = header[i+1]
	}
	return c
}

func buy(order string) call {
	return call{method: http.MethodPost, path: "/acme/shop/orders", body: order}
}

func change(id, body string) call {
	return call{method: http.MethodPatch, path: "/acme/crm/customers/" + id, body: body}
}

type orderPage struct{ Items []order }

// UnmarshalJSON reads what MarshalJSON writes.
func (c *cents) UnmarshalJSON(text []byte) error {
	n, err := strconv.ParseInt(strings.Replace(string(text), ".", "", 1), 10, 64)
	*c = cents(n)
	return err
}

// newDemo returns the upstreams of two tenants, without latency.
func newDemo() http.Handler {
	mux := http.NewServeMux()
	for _, tenant := range []string{"acme", "globex"} {
		mux.Handle("/"+tenant+"/", http.StripPrefix("/"+tenant, New(tenant, Options{})))
	}
	return mux
}

func decode[T any](t *testing.T, w *httptest.ResponseRecorder) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("status %d, %v: %s", w.Code, err, w.Body)
	}
	return v
}

func router(t *testing.T, name string) routers.Router {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(spec(name))
	if err != nil {
		t.Fatal(err)
	}
	doc.Servers = openapi3.Servers{{URL: "/acme/" + name}}
	if err := doc.Validate(t.Context(), openapi3.EnableSchemaFormatValidation()); err != nil {
		t.Fatal(err)
	}
	r, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAnswersAreAsTheirDocumentsSay(t *testing.T) {
	demo := newDemo()
	contracts := map[string]routers.Router{"crm": router(t, "crm"), "shop": router(t, "shop")}
	for _, tc := range []struct {
		call   call
		status int
		badly  bool // the request itself breaks the document
	}{
		{call: get("/acme/crm/customers"), status: 200},
		{call: get("/acme/crm/customers?segment=business&limit=100"), status: 200},
		{call: get("/acme/crm/customers?q=a&offset=5"), status: 200},
		{call: get("/acme/crm/customers?segment=gold"), status: 400, badly: true},
		{call: get("/acme/crm/customers?limit=101"), status: 400, badly: true},
		{call: get("/acme/crm/customers?limit=x"), status: 400, badly: true},
		{call: get("/acme/crm/customers/1"), status: 200},
		{call: get("/acme/crm/customers/120"), status: 200},
		{call: get("/acme/crm/customers/121"), status: 404},
		{call: get("/acme/crm/customers/1", "Authorization", "Bearer x"), status: 401},
		{call: change("1", `{"phone":null,"email":"a@example.com"}`), status: 200},
		{call: change("1", `{"phone":7}`), status: 400, badly: true},
		{call: change("1", `{}`), status: 400, badly: true},
		{call: change("none", `{"phone":"1"}`), status: 404},
		{call: get("/acme/shop/orders"), status: 200},
		{call: get("/acme/shop/orders?customer=1&limit=20"), status: 200},
		{call: get("/acme/shop/orders?customer=none"), status: 200},
		{call: get("/acme/shop/orders?status=shipped&limit=100&offset=10"), status: 200},
		{call: get("/acme/shop/orders?status=lost"), status: 400, badly: true},
		{call: get("/acme/shop/orders/102400"), status: 200},
		{call: get("/acme/shop/orders/1"), status: 404},
		{call: buy(`{"customerId":"1","items":[{"sku":"none","quantity":1}]}`), status: 422},
		{call: buy(`{"customerId":"1","items":[{"sku":"SKU-1001","quantity":0}]}`), status: 400, badly: true},
		{call: buy(`{"customerId":1}`), status: 400, badly: true},
		{call: buy(`{"customerId":"1","items":[]}`), status: 400, badly: true},
		{call: buy(`{"customerId":"1","items":[{"sku":"SKU-1001","quantity":1}]}`), status: 201},
		{call: buy(`{`), status: 400, badly: true},
		{call: get("/acme/shop/stock/none"), status: 404},
		{call: get("/acme/shop/offers?segment=premium"), status: 200},
		{call: get("/acme/shop/offers"), status: 400, badly: true},
		{call: get("/acme/shop/products?category=garden"), status: 200},
		{call: get("/acme/shop/products/none"), status: 404},
		{call: get("/acme/shop/orders?limit=5", "X-Demo-Status", "503"), status: 503, badly: true},
	} {
		w := tc.call.send(t, demo)
		if w.Code != tc.status {
			t.Errorf("%s %s: status %d, want %d: %s", tc.call.method, tc.call.path, w.Code, tc.status, w.Body)
		}
		if w.Code != 503 { // a fault is no part of the document
			checkContract(t, contracts, tc.call, w, tc.badly)
		}
	}
	for _, p := range decode[struct{ Items []product }](t, get("/acme/shop/products?limit=100").send(t, demo)).Items {
		for _, path := range []string{"/acme/shop/products/", "/acme/shop/stock/"} {
			c := get(path + p.SKU)
			checkContract(t, contracts, c, c.send(t, demo), false)
		}
	}
}

func checkContract(t *testing.T, contracts map[string]routers.Router, c call, w *httptest.ResponseRecorder, badly bool) {
	t.Helper()
	r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
	if c.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	route, params, err := contracts[strings.Split(c.path, "/")[2]].FindRoute(r)
	if err != nil {
		t.Fatal(err)
	}
	request := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			IncludeResponseStatus: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
		},
	}
	if err := openapi3filter.ValidateRequest(t.Context(), request); (err != nil) != badly {
		t.Errorf("%s %s: the document says of the request: %v", c.method, c.path, err)
	}
	response := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: request, Status: w.Code, Header: w.Header(), Options: request.Options,
	}
	if err := openapi3filter.ValidateResponse(t.Context(), response.SetBodyBytes(w.Body.Bytes())); err != nil {
		t.Errorf("%s %s: the document says of the answer: %v", c.method, c.path, err)
	}
}

func TestDataIsPlentifulTheSameAndEachTenantsOwn(t *testing.T) {
	count := func(tenant string) (int, int, []byte) {
		b := newBusiness(tenant)
		text, err := json.Marshal([]any{b.customers, b.orders, b.products, b.stock})
		if err != nil {
			t.Fatal(err)
		}
		return len(b.customers), len(b.orders), text
	}
	customers, orders, acme := count("acme")
	if customers < 100 || orders < 2000 {
		t.Errorf("there are %d customers and %d orders", customers, orders)
	}
	if _, _, again := count("acme"); !bytes.Equal(acme, again) {
		t.Error("the data differs from one run to the next")
	}
	if _, _, globex := count("globex"); bytes.Equal(acme, globex) {
		t.Error("two tenants have the same data")
	}
	if !bytes.Contains(acme, []byte(`.90,"currency"`)) {
		t.Error("amounts lose their last digit")
	}
}

func TestEveryCustomerHasADashboard(t *testing.T) {
	demo := newDemo()
	for _, id := range []string{"1", "42", "120"} {
		c := decode[customer](t, get("/acme/crm/customers/"+id).send(t, demo))
		if c.ID != id || c.FullName != c.FirstName+" "+c.LastName || !isSegment(c.Segment) {
			t.Errorf("customer %s is %+v", id, c)
		}
		orders := decode[orderPage](t, get("/acme/shop/orders?limit=20&customer="+id).send(t, demo))
		if len(orders.Items) == 0 || !slices.IsSortedFunc(orders.Items, func(a, b order) int { return b.PlacedAt.Compare(a.PlacedAt) }) {
			t.Errorf("customer %s has orders %+v", id, orders.Items)
		}
		for _, o := range orders.Items {
			s := decode[stock](t, get("/acme/shop/stock/"+o.SKU).send(t, demo))
			if o.CustomerID != id || s.SKU != o.SKU || o.Amount.Net+o.Amount.VAT != o.Amount.Gross {
				t.Errorf("order %+v with stock %+v", o, s)
			}
		}
	}
}

func TestAnOrderTakesFromStock(t *testing.T) {
	demo := newDemo()
	sku := "SKU-1001"
	before := decode[stock](t, get("/acme/shop/stock/"+sku).send(t, demo))
	placed := buy(`{"customerId":"7","items":[{"sku":"`+sku+`","quantity":2}]}`).send(t, demo)
	o := decode[order](t, placed)
	if placed.Code != http.StatusCreated || placed.Header().Get("Location") != "orders/"+o.ID || o.Lines[0].Quantity != 2 {
		t.Fatalf("status %d: %s", placed.Code, placed.Body)
	}
	after := decode[stock](t, get("/acme/shop/stock/"+sku).send(t, demo))
	if after.Available != before.Available-2 {
		t.Errorf("stock went from %d to %d", before.Available, after.Available)
	}
	newest := decode[orderPage](t, get("/acme/shop/orders?customer=7&limit=1").send(t, demo))
	if newest.Items[0].ID != o.ID {
		t.Errorf("the newest order is %s, want %s", newest.Items[0].ID, o.ID)
	}
	for range 200 {
		if w := buy(`{"customerId":"7","items":[{"sku":"`+sku+`","quantity":90}]}`).send(t, demo); w.Code == http.StatusConflict {
			return
		}
	}
	t.Error("the shop sells what it does not have")
}

func TestProductsCanBeKept(t *testing.T) {
	demo := newDemo()
	c := get("/acme/shop/products?limit=3")
	first := c.send(t, demo)
	c.header = map[string]string{"If-None-Match": first.Header().Get("ETag")}
	if again := c.send(t, demo); again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("status %d for what is known", again.Code)
	}
	if !strings.Contains(first.Header().Get("Cache-Control"), "max-age=30") {
		t.Errorf("headers %v", first.Header())
	}
}

func TestOffersSpeakTheLanguageAskedFor(t *testing.T) {
	c := get("/acme/shop/offers?segment=premium", "Accept-Language", "de-AT, en;q=0.5")
	w := c.send(t, newDemo())
	if !strings.Contains(w.Body.String(), "Premium-Woche") || w.Header().Get("Vary") != "Accept-Language" {
		t.Errorf("%v %s", w.Header(), w.Body)
	}
}

func TestFaults(t *testing.T) {
	demo := newDemo()
	list := get("/acme/shop/orders")
	set := call{method: http.MethodPut, path: "/acme/shop/-/faults/listOrders?status=503&times=2&delay=1ms"}
	if w := set.send(t, demo); w.Code != http.StatusNoContent {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	for i, want := range []int{503, 503, 200} {
		if w := list.send(t, demo); w.Code != want {
			t.Errorf("call %d: status %d, want %d", i, w.Code, want)
		}
	}
	set.path = "/acme/shop/-/faults/listOrders?status=500"
	set.send(t, demo)
	for path, want := range map[string]int{"/acme/shop/orders": 500, "/acme/shop/products": 200, "/globex/shop/orders": 200} {
		if w := get(path).send(t, demo); w.Code != want {
			t.Errorf("%s: status %d, want %d", path, w.Code, want)
		}
	}
	call{method: http.MethodDelete, path: "/acme/shop/-/faults/listOrders"}.send(t, demo)
	if w := list.send(t, demo); w.Code != http.StatusOK {
		t.Errorf("status %d after the fault was taken back", w.Code)
	}
	for path, want := range map[string]int{
		"/acme/shop/-/faults/none": 404, "/acme/shop/-/faults/getOrder?delay=2h": 400,
		"/acme/shop/-/faults/getOrder?status=200": 400, "/acme/shop/-/faults/getOrder?times=0": 400,
	} {
		if w := (call{method: http.MethodPut, path: path}).send(t, demo); w.Code != want {
			t.Errorf("%s: status %d, want %d", path, w.Code, want)
		}
	}
}

func TestACallerThatLeavesEndsTheDelay(t *testing.T) {
	ctx := t.Context()
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/acme/shop/orders", http.NoBody)
	r.Header.Set("X-Demo-Delay", "1m")
	gone, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	started := time.Now()
	newDemo().ServeHTTP(httptest.NewRecorder(), r.WithContext(gone))
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestFiles(t *testing.T) {
	demo := newDemo()
	image := map[string]string{"Content-Type": "image/png"}
	for i, tc := range []struct {
		call   call
		status int
		body   string
	}{
		{get("/acme/files/logo.svg"), 200, "<svg"},
		{get("/acme/files/a/b.png"), 404, ""},
		{call{method: http.MethodPut, path: "/acme/files/a/b.png", body: "picture", header: image}, 201, `"bytes":7`},
		{get("/acme/files/a/b.png"), 200, "picture"},
		{get("/acme/files/a/b.png", "Range", "bytes=0-2"), 206, "pic"},
		{get("/globex/files/a/b.png"), 404, ""},
		{call{method: http.MethodPut, path: "/acme/files/a/b.png", body: "other", header: image}, 200, `"bytes":5`},
		{call{method: http.MethodPut, path: "/acme/files/page.html", body: "{}"}, 415, ""},
		{call{method: http.MethodPut, path: "/acme/files/big", body: strings.Repeat("x", maxFile+1), header: image}, 413, ""},
		{call{method: http.MethodDelete, path: "/acme/files/a/b.png"}, 204, ""},
		{call{method: http.MethodDelete, path: "/acme/files/a/b.png"}, 404, ""},
	} {
		w := tc.call.send(t, demo)
		if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.body) {
			t.Errorf("%d: %s %s: status %d, want %d with %q: %.200s", i, tc.call.method, tc.call.path, w.Code, tc.status, tc.body, w.Body)
		}
	}
	for i := range maxFiles {
		w := call{method: http.MethodPut, path: fmt.Sprint("/acme/files/", i), body: "x", header: image}.send(t, demo)
		if want := map[bool]int{true: 201, false: 507}[i < maxFiles-1]; w.Code != want { // the logo is one
			t.Errorf("file %d: status %d, want %d", i, w.Code, want)
		}
	}
}

func TestStrangersFindNothing(t *testing.T) {
	for _, path := range []string{"/acme/", "/acme/other/", "/acme/crm2/", "/acme/shop/", "/acme/crm/customers/1/more"} {
		if w := get(path).send(t, newDemo()); w.Code != http.StatusNotFound && w.Code != http.StatusUnauthorized {
			t.Errorf("%s: status %d", path, w.Code)
		}
	}
}
