package api

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"atrium/clients/schema"
	"atrium/tenants/document"
)

func pattern(t *testing.T, text string) Pattern {
	t.Helper()
	p, issues := ParsePattern(&document.Node{}, 0, text)
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	return p
}

// storefrontDocs are routes of every kind, and some that make life hard for an OpenAPI document.
func storefrontDocs(t *testing.T) []RouteDoc {
	text, whole := schema.Of(schema.String), schema.Of(schema.Integer)
	order := schema.ObjectOf(
		schema.Field{Name: "id", Type: text, Required: true},
		schema.Field{Name: "total", Type: schema.Of(schema.Number).OrNull(), Required: true},
	)
	order.Name = "Order"
	order.Fields = append(order.Fields, schema.Field{Name: "replaces", Type: order.OrNull()})
	upstreamProblem := schema.ObjectOf(schema.Field{Name: "reason", Type: text})
	upstreamProblem.Name = "Problem"
	dashboard := schema.ObjectOf(
		schema.Field{Name: "name", Type: text, Required: true},
		schema.Field{Name: "orders", Type: schema.ArrayOf(order), Required: true},
		schema.Field{Name: "failure", Type: upstreamProblem},
	)
	return []RouteDoc{
		{
			Method: "GET", Pattern: pattern(t, "/dashboard/{id}"), Summary: "A customer's dashboard",
			Path: []Param{{Name: "id", Type: whole}},
			Query: []Param{
				{Name: "limit", Type: whole.OrNull(), Default: []byte("20"), Description: "How many orders."},
				{Name: "sort", Required: true},
			},
			Response: dashboard,
		},
		{
			Method: "POST", Pattern: pattern(t, "/orders"), Auth: &Auth{Mode: AuthRequired, Scopes: []string{"orders"}},
			Body: order, BodyRequired: true, Response: order, Status: 201,
		},
		{Method: "DELETE", Pattern: pattern(t, "/orders/{orderId}"), Auth: &Auth{Mode: AuthOptional}, Status: 204},
		{Method: "GET", Pattern: pattern(t, "/orders/{id}"), Path: []Param{{Name: "id", Type: whole}}},
		{Method: "GET", Pattern: pattern(t, "/orders-by-id"), Auth: &Auth{Mode: AuthNone}},
		{Method: "GET", Pattern: pattern(t, "/orders_by/id")},
		{Method: "GET", Pattern: pattern(t, "/")},
		{
			Method: Any, Pattern: pattern(t, "/files/{path...?}"), Kind: KindProxy,
			ContentTypes: []string{"image/*", "application/pdf"},
		},
		{Method: "PUT", Pattern: pattern(t, "/raw/{path...}"), Kind: KindProxy},
		{Method: "POST", Pattern: pattern(t, "/assistant"), Kind: KindChat, Auth: &Auth{Mode: AuthRequired}},
		{Method: "POST", Pattern: pattern(t, "/hooks/stripe"), Kind: KindWebhook},
	}
}

func TestOpenAPIGolden(t *testing.T) {
	for name, info := range map[string]Info{
		"openapi":          {Title: "Acme", Version: "7", Server: "https://shop.acme.com", APIKeys: true, Bearer: true, Session: true},
		"openapi-defaults": {},
	} {
		t.Run(name, func(t *testing.T) {
			docs := storefrontDocs(t)
			if name == "openapi-defaults" {
				docs = docs[:1]
			}
			got, err := OpenAPI(info, docs)
			if err != nil {
				t.Fatal(err)
			}
			validate(t, got)
			compareFile(t, filepath.Join("testdata", name+".json"), got)
		})
	}
}

// compareFile compares bytes with a golden file, or writes it.
func compareFile(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// validate holds a document to OpenAPI's rules and to some that linters add.
func validate(t *testing.T, text []byte) {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	safe := regexp.MustCompile(`^[A-Za-z0-9]+$`)
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if ids[op.OperationID] || !safe.MatchString(op.OperationID) {
				t.Errorf("%s %s: operationId %q is empty, odd or taken", method, path, op.OperationID)
			}
			ids[op.OperationID] = true
			if op.Summary == "" || len(op.Tags) == 0 || op.Security == nil || op.Responses.Default() == nil {
				t.Errorf("%s %s lacks a summary, tags, security or a default response", method, path)
			}
			for _, tag := range op.Tags {
				if doc.Tags.Get(tag) == nil {
					t.Errorf("%s %s: the tag %q is not declared", method, path, tag)
				}
			}
		}
	}
}

func TestOpenAPIEqualInputEqualBytes(t *testing.T) {
	first, err := OpenAPI(Info{}, storefrontDocs(t))
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		again, err := OpenAPI(Info{}, storefrontDocs(t))
		if err != nil || string(again) != string(first) {
			t.Fatalf("the document changes from one time to the next: %v", err)
		}
	}
}

func TestOpenAPIOfNothing(t *testing.T) {
	got, err := OpenAPI(Info{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	validate(t, got)
	for _, word := range []string{"securitySchemes", "responses", "generations"} {
		if strings.Contains(string(got), word) {
			t.Errorf("the document of no routes has %s", word)
		}
	}
	if !json.Valid(got) {
		t.Error("not JSON")
	}
}
