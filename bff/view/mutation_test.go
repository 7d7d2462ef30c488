package view

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"atrium/bff/api"
	"atrium/tenants/document"

	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"
)

// corpusDocuments are the documents of the corpora, decoded.
func corpusDocuments(t *testing.T) []map[string]any {
	t.Helper()
	var all []map[string]any
	for _, folder := range []string{"compile", "run"} {
		files, err := filepath.Glob(filepath.Join("testdata", folder, "*.txtar"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			root, issues := document.Parse(file, []byte(preamble+section(a, "api.yaml")))
			if len(issues) > 0 {
				t.Fatal(issues)
			}
			doc, err := decode(root.JSON())
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, doc.(map[string]any))
		}
	}
	return all
}

// mutate returns a value with one place inside it changed.
func (d drawer) mutate(v any) any {
	if d.pick("here", 5) > 0 {
		switch v := v.(type) {
		case map[string]any:
			if len(v) > 0 {
				key := rapid.SampledFrom(slices.Sorted(maps.Keys(v))).Draw(d.T, "key")
				changed := maps.Clone(v)
				if d.pick("rename", 6) == 0 {
					delete(changed, key)
					key = rapid.SampledFrom(mutantKeys).Draw(d.T, "name")
				}
				changed[key] = d.mutate(v[key])
				return changed
			}
		case []any:
			if len(v) > 0 {
				i := d.pick("element", len(v))
				changed := slices.Clone(v)
				changed[i] = d.mutate(v[i])
				return changed
			}
		}
	}
	return rapid.SampledFrom(mutants).Draw(d.T, "mutant")
}

var (
	mutantKeys = []string{"$each", "$item", "$if", "$spread", "$where", "$sort", "$limit", "$status", "$$x", "id", "customer"}
	mutants    = []any{
		nil, true, 5, -1, 1.5, "", "x", "${", "${}", "${customer}", "${customer.id}", "${orders.items[0].amount}", "${path.id}",
		"${query.a}", "${body}", "${parts}", "${secrets.x}", "${1 + 1}", `${customer.?id.orValue("")}`, "a ${stock} b",
		"o in ${orders.items}", "k, v in ${customer}", "x in ${x}", "crm.getCustomer", "shop.listOrders", "raw.get",
		[]any{},
		map[string]any{},
		[]any{"${customer.id}"},
		map[string]any{"$if": "${true}", "a": 1},
		map[string]any{"$each": "e in ${orders.items}", "$item": "${e}"},
	}
)

// A document that is wrong in any place has issues with places; one that compiles answers JSON of its type, or an error,
// whatever the upstreams say.
func TestMutatedDocuments(t *testing.T) {
	ops, documents := loadOperations(t), corpusDocuments(t)
	rapid.Check(t, func(rt *rapid.T) {
		d := drawer{rt}
		doc := maps.Clone(documents[d.pick("document", len(documents))])
		for range 1 + d.pick("mutations", 3) {
			doc["routes"] = d.mutate(doc["routes"])
		}
		root, issues := document.Parse("api.json", encode(doc))
		if len(issues) > 0 {
			return
		}
		a, _ := api.Decode(root)
		for _, r := range a.Routes {
			if r == nil || r.Response == nil {
				continue
			}
			p, issues := Compile(r, Deps{Operations: ops.of(rt, a)})
			for _, issue := range issues {
				if issue.Line == 0 || issue.Message == "" {
					rt.Errorf("an issue without a place or a message: %+v", issue)
				}
			}
			if p != nil {
				mutantRuns(rt, p, alike(encode(d.json(3))))
			}
		}
	})
}

func mutantRuns(t *rapid.T, p *Program, caller alike) {
	in, mistakes := p.Bind(&Request{Path: []string{"1"}, Body: []byte(`{"items":[{"sku":"a","quantity":1}],"name":"x"}`)})
	if len(mistakes) > 0 {
		return
	}
	result, err := p.Run(t.Context(), in, caller)
	if err != nil || result.Body == nil {
		return
	}
	if !json.Valid(result.Body) {
		t.Errorf("answered %s", result.Body)
	}
}
