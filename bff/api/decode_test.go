package api

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"atrium/tenants/document"
)

func storefront(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile("testdata/storefront.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestFullFlavourDecodes(t *testing.T) {
	a, issues := decode(storefront(t))
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	crm, shop := a.Upstreams["crm"], a.Upstreams["shop"]
	if crm.Spec != "crm" || time.Duration(crm.Timeout) != 2*time.Second ||
		crm.Headers["Authorization"].Text != "Bearer ${secrets.crmToken}" {
		t.Errorf("crm = %+v", crm)
	}
	if shop.Retry.Attempts != 2 || shop.Breaker.Off || !slices.Equal(shop.Forward, []string{"Accept-Language"}) {
		t.Errorf("shop = %+v", shop)
	}
	if m := a.Models["assistant"]; m.Model != "gpt-4.1-mini" || !slices.Equal(m.Fallbacks, []string{"backup"}) {
		t.Errorf("assistant = %+v", m)
	}
	checkDashboard(t, a.Routes["GET /dashboard/{id}"])
	if o := a.Routes["POST /orders"]; o.Auth.Mode != AuthRequired || !slices.Equal(o.Auth.Roles, []string{"customer"}) ||
		len(o.Purges) != 1 || o.Response.Get("$status").Text != "201" {
		t.Errorf("POST /orders = %+v", o)
	}
	files := a.Routes["ANY /files/{path...}"]
	if p := files.Proxy; p.Upstream != "files" || p.MaxBody != 10<<20 || p.Strip != "/files" || !files.Pattern.Rest() {
		t.Errorf("files = %+v", p)
	}
	if c := a.Routes["POST /assistant"].Chat; c.Model != "assistant" || c.System.Kind != document.String || len(c.Tools) != 1 {
		t.Errorf("chat = %+v", c)
	}
	if w := a.Routes["POST /hooks/stripe"].Webhook; w.Scheme != "stripe" || w.Secret.Text != "${secrets.stripeHook}" {
		t.Errorf("webhook = %+v", w)
	}
}

func checkDashboard(t *testing.T, r *Route) {
	t.Helper()
	if r.Method != http.MethodGet || r.Key != "GET /dashboard/{id}" || r.KeyNode.Line != 11 || r.KeyNode.Column != 3 {
		t.Errorf("route = %s %s at %d:%d", r.Method, r.Key, r.KeyNode.Line, r.KeyNode.Column)
	}
	var names []string
	for _, s := range r.Steps {
		names = append(names, s.Name)
		if s.Node == nil {
			t.Errorf("step %s has no node", s.Name)
		}
	}
	if diff := cmp.Diff([]string{"customer", "orders", "stock", "offers"}, names); diff != "" {
		t.Errorf("steps out of order: %s", diff)
	}
	orders := r.Steps[1]
	if orders.Call != "shop.listOrders" || string(orders.Default.JSON()) != `{"items":[]}` || orders.With["limit"].Text != "20" {
		t.Errorf("orders = %+v", orders)
	}
	if r.Cache.Scope != ScopeUser || time.Duration(r.Cache.StaleIfError) != time.Hour || len(r.Cache.Tags) != 1 {
		t.Errorf("cache = %+v", r.Cache)
	}
	if diff := cmp.Diff([]string{"id"}, r.Pattern.Params()); diff != "" {
		t.Error(diff)
	}
}

func TestShortForms(t *testing.T) {
	a, issues := decode(`
upstreams:
  a: { baseUrl: "https://a", retry: off, breaker: off }
  b: { baseUrl: "https://b", retry: {}, breaker: { open: 1m } }
auth: required
routes:
  GET /1: { auth: none, response: 1 }
  GET /2: { auth: { required: true }, response: 1 }
  GET /3: { auth: { required: false }, response: 1 }
  GET /4: { auth: { roles: [x] }, response: 1 }
  GET /5: { auth: {}, response: 1 }
  GET /6: { response: 1 }
`)
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	if u := a.Upstreams["a"]; !u.Retry.Off || !u.Breaker.Off {
		t.Errorf("off is not off: %+v", u)
	}
	if u := a.Upstreams["b"]; u.Retry.Off || u.Breaker.Off || time.Duration(u.Breaker.Open) != time.Minute {
		t.Errorf("a mapping is off: %+v", u)
	}
	for key, want := range map[string]string{
		"GET /1": AuthNone, "GET /2": AuthRequired, "GET /3": AuthOptional, "GET /4": AuthRequired, "GET /5": AuthRequired,
	} {
		if got := a.Routes[key].Auth.Mode; got != want {
			t.Errorf("%s: auth %q, want %q", key, got, want)
		}
	}
	if a.Routes["GET /6"].Auth != nil || a.AuthOf(a.Routes["GET /6"]).Mode != AuthRequired {
		t.Error("a route without auth has one, or the API's does not hold for it")
	}
	if got := (&API{}).AuthOf(&Route{}).Mode; got != AuthNone {
		t.Errorf("without any auth the mode is %q", got)
	}
}

func TestKind(t *testing.T) {
	a, _ := decode(`
routes:
  GET /1: { response: 1 }
  POST /2: { steps: { a: { call: b.c } } }
  ANY /3: { proxy: { upstream: u } }
  POST /4: { chat: { model: m } }
  POST /5: { webhook: { scheme: stripe } }
  GET /6: { response: 1, proxy: { upstream: u } }
  GET /7: { summary: nothing }
  GET /8: 1
  GET /9: @broken
  POST /10: { chat: 1 }
`)
	for key, want := range map[string]string{
		"GET /1": KindView, "POST /2": KindView, "ANY /3": KindProxy, "POST /4": KindChat, "POST /5": KindWebhook,
		"GET /6": "", "GET /7": "", "GET /8": "", "GET /9": "", "POST /10": "",
	} {
		if got := a.Routes[key].Kind(); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
}

func TestDecodeOddDocuments(t *testing.T) {
	for _, text := range []string{
		"", "[]", "text", "routes:", "routes: []", "routes: {GET /a: }", "routes: {GET /a: 1}", "upstreams: {a: }",
		"upstreams: {a: 1}", "models: {a: [1]}", "routes: {GET /a: {steps: [1], response: 1}}",
		"routes: {GET /a: {steps: {a: }, cache: , response: 1}}", "routes: {GET /a: {cache: 1, response: 1}}",
		"routes: {POST /a: {chat: 1}}", "routes: {POST /a: {webhook: }}", "routes: {GET /a: {proxy: , auth: 1}}",
		"routes: {GET /a: {input: {path: [1], query: 1}, response: 1}}", "routes: {POST /a: {chat: {tools: 1, model: 1}}}",
		"routes: {GET /a: {proxy: {upstream: 1, strip: 1, contentTypes: 1}}}", "upstreams: {a: {operations: 1, headers: 1}}",
		"routes: {'': {response: 1}, ' ': {response: 1}, GET: {response: 1}, 'GET ': {response: 1}}",
	} {
		a, issues := decode(text) // must not panic
		if a == nil {
			t.Errorf("%q: nothing was decoded", text)
		}
		for _, issue := range issues {
			if issue.Line < 1 || issue.Column < 1 || issue.Message == "" {
				t.Errorf("%q: issue %+v has no place or no words", text, issue)
			}
		}
	}
}

// A quoted key is pointed into behind its quote.
func TestKeyPlaces(t *testing.T) {
	_, issues := decode("routes:\n  \"GET /a/x{id}\": { response: 1 }\n")
	if len(issues) != 1 || issues[0].Column != 11 {
		t.Errorf("issues = %v, want one at column 11", issues)
	}
}

func TestSchemaTakesTheFullFlavour(t *testing.T) {
	compareFile(t, "testdata/schema.json", Schema())
	var doc any
	if err := json.Unmarshal(Schema(), &doc); err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("apis.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("apis.json")
	if err != nil {
		t.Fatal(err)
	}
	for text, good := range map[string]bool{
		storefront(t):                          true,
		"auth: none":                           true,
		"auth: { required: true, roles: [a] }": true,
		"auth: maybe":                          false,
		"upstreams: { a: { baseUrl: x, retry: on } }": false,
		"upstreams: { a: { retry: off } }":            false,
		"upstreams: { a: { baseUrl: { a: b } } }":     false,
		"routes: { GET /a: { steps: { a: {} } } }":    false,
		"routes: { GET /a: { respnse: 1 } }":          false,
	} {
		root, issues := document.Parse("f", []byte(text))
		if len(issues) > 0 {
			t.Fatal(issues)
		}
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(root.JSON())))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(value); (err == nil) != good {
			t.Errorf("%.60q: %v, want good = %v", text, err, good)
		}
	}
}

// Every text about a member is of a member that exists, and reaches the schema.
func TestAboutIsOfMembers(t *testing.T) {
	var texts []string
	for _, part := range about() {
		texts = slices.AppendSeq(texts, maps.Values(part))
	}
	var doc any
	if err := json.Unmarshal(Schema(), &doc); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if text, ok := v["description"].(string); ok {
				found[text] = true
			}
			for _, inner := range v {
				walk(inner)
			}
		case []any:
			for _, inner := range v {
				walk(inner)
			}
		}
	}
	walk(doc)
	for _, text := range texts {
		if !found[text] {
			t.Errorf("the schema does not say %q", text)
		}
	}
}
