package bff_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
)

// spec types the upstream of these tests.
const spec = `
openapi: 3.0.3
info: { title: CRM, version: "1" }
paths:
  /customers/{id}:
    get:
      operationId: getCustomer
      parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
      responses:
        "200": { description: ok, content: { application/json: { schema: { $ref: "#/components/schemas/Customer" } } } }
  /orders:
    get:
      operationId: listOrders
      parameters:
        - { name: customer, in: query, required: true, schema: { type: string } }
        - { name: limit, in: query, schema: { type: integer } }
      responses:
        "200":
          description: ok
          content:
            application/json:
              schema:
                type: object
                required: [items]
                properties:
                  items:
                    type: array
                    items:
                      type: object
                      required: [id, total]
                      properties: { id: { type: string }, total: { type: number } }
    post:
      operationId: createOrder
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [customer]
              properties: { customer: { type: string }, quantity: { type: integer, minimum: 1 } }
      responses:
        "201":
          description: made
          content: { application/json: { schema: { type: object, required: [id], properties: { id: { type: string } } } } }
components:
  schemas:
    Customer:
      type: object
      required: [id, name]
      properties: { id: { type: string }, name: { type: string }, seen: { type: integer, format: int64 } }
`

const apiDoc = `
upstreams:
  crm: { spec: crm, baseUrl: "${vars.url}", headers: { Authorization: "Bearer ${secrets.token}" }, timeout: 2s, retry: off, breaker: off }
  files: { baseUrl: "${vars.url}" }
routes:
  GET /customers/{id}:
    steps:
      customer: { call: crm.getCustomer, with: { id: "${path.id}" } }
      orders: { call: crm.listOrders, with: { customer: "${customer.id}", limit: "${query.limit}" }, default: { items: [] } }
    response:
      name: "${customer.name}"
      seen: "${customer.seen}"
      brand: "${tenant.vars.brand}"
      orders: { $each: "o in ${orders.items}", id: "${o.id}", total: "${o.total}" }
      parts: "${parts}"
  GET /cached/{id}:
    steps:
      customer: { call: crm.getCustomer, with: { id: "${path.id}" } }
    cache: { ttl: 1m, stale: 5m, tags: ["customer:${path.id}"] }
    response: { name: "${customer.name}", seen: "${customer.seen}" }
  POST /orders:
    auth: { required: true, roles: [buyer] }
    steps:
      order: { call: crm.createOrder, body: "${body}" }
    purges: ["customer:${body.customer}"]
    response: { $status: 201, id: "${order.id}" }
  ANY /files/{path...}: { proxy: { upstream: files, strip: /files, maxBody: 100KiB, contentTypes: ["image/*"] } }
  POST /hooks/stripe:
    webhook: { scheme: stripe, secret: "${secrets.hook}", purges: ["customer:${body.customer}"] }
`

func tenantDoc(name string) string {
	// The key is key-of-NAME.
	return fmt.Sprintf(`
api: shop
plan: small
vars: { url: "{{upstream}}/%[1]s", brand: %[2]q }
secrets: { token: { value: secret-of-%[1]s }, hook: { value: hook-of-%[1]s } }
auth: { apiKeys: [{ id: web, hash: "sha256:%[3]s", roles: [buyer] }, { id: reader, hash: "sha256:%[4]s" }] }
`, name, strings.ToUpper(name), hash("key-of-"+name), hash("reader-of-"+name))
}

// documents are two tenants that share an API.
func documents() map[string]string {
	return map[string]string{
		"specs/crm.yaml": spec, "apis/shop.yaml": apiDoc, "plans/small.yaml": "requests: [\"100000/1m\"]\nmaxBody: 64KiB\n",
		"tenants/acme.yaml": tenantDoc("acme") + "hosts: [shop.acme.test]\n", "tenants/globex.yaml": tenantDoc("globex"),
	}
}

// A crm is the upstream of these tests; it answers below /TENANT to TENANT's token only.
type crm struct {
	calls atomic.Int64

	mu   sync.Mutex
	next map[string]http.HandlerFunc // instead of the usual answer, by path
	seen []*http.Request
}

func (u *crm) instead(path string, h http.HandlerFunc) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.next == nil {
		u.next = map[string]http.HandlerFunc{}
	}
	u.next[path] = h
}

func (u *crm) requests() []*http.Request {
	u.mu.Lock()
	defer u.mu.Unlock()
	return append([]*http.Request{}, u.seen...)
}

func (u *crm) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.calls.Add(1)
	tenant, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	u.mu.Lock()
	u.seen = append(u.seen, r.Clone(r.Context()))
	h := u.next["/"+rest]
	u.mu.Unlock()
	if h != nil {
		h(w, r)
		return
	}
	if !strings.HasPrefix(rest, "raw/") && r.Header.Get("Authorization") != "Bearer secret-of-"+tenant {
		http.Error(w, "no", http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	switch {
	case strings.HasPrefix(rest, "customers/"):
		id := strings.TrimPrefix(rest, "customers/")
		if id == "missing" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{
			"id": id, "name": "Customer " + id + " of " + tenant, "seen": json.Number("9007199254740993"),
		})
	case rest == "orders" && r.Method == http.MethodPost:
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"id":"o-9"}`))
	case rest == "orders":
		_, _ = w.Write([]byte(`{"items":[{"id":"o-1","total":12.50},{"id":"o-2","total":1e400}]}`))
	default:
		http.NotFound(w, r)
	}
}
