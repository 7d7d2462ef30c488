package expr

import (
	"fmt"
	"strings"
	"testing"

	"atrium/clients/schema"
	"atrium/tenants/document"
)

func benchScope() (*Scope, Env) {
	order := &schema.Type{Kind: schema.Object, Name: "Order", Fields: []schema.Field{
		{Name: "id", Type: schema.Of(schema.Integer), Required: true},
		{Name: "total", Type: schema.Of(schema.Number), Required: true},
		{Name: "status", Type: schema.Of(schema.String), Required: true},
		{Name: "note", Type: schema.Of(schema.String)},
	}}
	items := make([]string, 20)
	for i := range items {
		items[i] = fmt.Sprintf(`{"id":%d,"total":%d.50,"status":"shipped","note":"left at the door, by the window"}`, i, i)
	}
	s := NewScope().With("o", order).
		With("orders", schema.ObjectOf(schema.Field{Name: "items", Type: schema.ArrayOf(order), Required: true}))
	return s, Env{[]byte(items[7]), []byte(`{"items":[` + strings.Join(items, ",") + `]}`)}
}

func text(s string) *document.Node {
	return &document.Node{File: "apis/test.yaml", Line: 1, Column: 1, Kind: document.String, Text: s}
}

func BenchmarkEval(b *testing.B) {
	s, env := benchScope()
	for _, src := range []string{
		"${o.total}", "order ${o.id}: ${o.note}", `${o.?note.orValue("none")}`, `${o.status != "cancelled"}`,
		"${o.total > 10}", "${o.total * 2}", `${o.status == "open" ? o.total : 0}`,
		"${orders.items.filter(i, i.total > 10)}", "${orders.items.map(i, i.total)}",
	} {
		v, issues := s.Value(text(src))
		if len(issues) > 0 {
			b.Fatal(issues)
		}
		b.Run(src, func(b *testing.B) {
			b.ReportAllocs()
			var dst []byte
			var err error
			for b.Loop() {
				if dst, err = v.AppendJSON(b.Context(), dst[:0], env); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	for _, src := range []string{"${o.total}", `${o.status != "cancelled" && o.total > 10}`, "${orders.items.map(i, i.total)}"} {
		b.Run(src, func(b *testing.B) {
			b.ReportAllocs()
			s, _ := benchScope()
			for b.Loop() {
				if _, issues := s.Value(text(src)); len(issues) > 0 {
					b.Fatal(issues)
				}
			}
		})
		b.Run(src+"/new scope", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s, _ := benchScope()
				if _, issues := s.Value(text(src)); len(issues) > 0 {
					b.Fatal(issues)
				}
			}
		})
	}
}
