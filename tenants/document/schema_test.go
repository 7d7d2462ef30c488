package document

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func TestSchemaGolden(t *testing.T) {
	got := Schema("https://atrium.example/schemas/shop.json", "Shop", shop{}, map[string]string{
		"shop.name": "what people call it", "shop.wait": "at the door", "shelf.books": "how many",
	})
	path := filepath.Join("testdata", "schema.json")
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
		t.Error(diff)
	}
}

// The schema accepts what Decode accepts and refuses what it refuses.
func TestSchemaAgreesWithDecode(t *testing.T) {
	var doc any
	if err := json.Unmarshal(Schema("https://atrium.example/shop.json", "Shop", shop{}), &doc); err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("https://atrium.example/shop.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("https://atrium.example/shop.json")
	if err != nil {
		t.Fatal(err)
	}
	for text, good := range map[string]bool{
		`{"name": "x"}`: true,
		`{"name": "x", "region": "eu", "wait": "300ms"}`: true,
		`{"name": "x", "room": 7, "visits": ["600/1m"]}`: true,
		`{"name": "x", "shelves": {"a": {"books": 1}}}`:  true,
		`{"name": "x", "note": [1, {"any": null}]}`:      true,
		`{}`:                                              false,
		`{"name": "x", "nam": "y"}`:                       false,
		`{"name": 1}`:                                     false,
		`{"name": "x", "size": "huge"}`:                   false,
		`{"name": "x", "floors": 0}`:                      false,
		`{"name": "x", "floors": 10}`:                     false,
		`{"name": "x", "wait": "3 s"}`:                    false,
		`{"name": "x", "wait": 3}`:                        false,
		`{"name": "x", "room": "10mb"}`:                   false,
		`{"name": "x", "visits": ["0/1m"]}`:               false,
		`{"name": "x", "shelves": {"a": {"topic": "b"}}}`: false,
		`{"name": "x", "shelves": [{"books": 1}]}`:        false,
	} {
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		root, issues := Parse("f.json", []byte(text))
		if len(issues) > 0 {
			t.Fatal(issues)
		}
		decoded := Decode(root, new(shop))
		if ok := schema.Validate(value) == nil; ok != good || (len(decoded) == 0) != good {
			t.Errorf("%s: schema says %v, Decode says %v, want %v", text, ok, decoded, good)
		}
	}
}
