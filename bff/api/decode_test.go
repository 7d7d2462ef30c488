package api

import (
	"os"
	"testing"

	"atrium/tenants/document"
)

func TestFullFlavourDecodes(t *testing.T) {
	text, err := os.ReadFile("testdata/storefront.yaml")
	if err != nil {
		t.Fatal(err)
	}
	root, issues := document.Parse("apis/storefront.yaml", text)
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	a, issues := Decode(root)
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	_ = a
}
