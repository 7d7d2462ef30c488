package expr

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"atrium/clients/rawjson"
	"atrium/clients/schema"
	"atrium/tenants/document"

	"github.com/google/go-cmp/cmp"
)

func compile(t testing.TB, s *Scope, src string) *Value {
	t.Helper()
	v, issues := s.Value(text(src))
	if len(issues) > 0 {
		t.Fatalf("%s: %v", src, issues)
	}
	return v
}

func TestScopesNest(t *testing.T) {
	outer := NewScope().With("o", schema.Of(schema.String)).With("p", nil)
	inner := outer.With("o", schema.Of(schema.Integer))
	if outer.Slots() != 2 || inner.Slots() != 3 {
		t.Errorf("slots: %d and %d, want 2 and 3", outer.Slots(), inner.Slots())
	}
	for _, tt := range []struct {
		scope *Scope
		name  string
		slot  int
		ok    bool
		kind  schema.Kind
	}{
		{outer, "o", 0, true, schema.String},
		{outer, "p", 1, true, schema.Any},
		{inner, "o", 2, true, schema.Integer},
		{inner, "p", 1, true, schema.Any},
		{inner, "q", 0, false, 0},
		{NewScope(), "o", 0, false, 0},
	} {
		slot, ok := tt.scope.Slot(tt.name)
		if slot != tt.slot || ok != tt.ok {
			t.Errorf("Slot(%s) = %d, %v, want %d, %v", tt.name, slot, ok, tt.slot, tt.ok)
		}
		if typ, ok := tt.scope.Type(tt.name); ok != tt.ok || ok && typ.Kind != tt.kind {
			t.Errorf("Type(%s) = %v, %v", tt.name, typ, ok)
		}
	}
	env := Env{[]byte(`"outside"`), nil, []byte(`7`)}
	for _, tt := range []struct {
		scope     *Scope
		src, want string
	}{
		{outer, "${o}", `"outside"`},
		{inner, "${o}", `7`},
		{inner, "${o + 1}", `8`},
		{inner, "${[1].map(o, o + 1)}", `[2]`},
	} {
		got, err := compile(t, tt.scope, tt.src).AppendJSON(t.Context(), nil, env)
		if err != nil || string(got) != tt.want {
			t.Errorf("%s = %s, %v, want %s", tt.src, got, err, tt.want)
		}
	}
}

func TestLiterals(t *testing.T) {
	for _, tt := range []struct {
		node document.Node
		want string
		kind schema.Kind
	}{
		{document.Node{Kind: document.Null}, "null", schema.Null},
		{document.Node{Kind: document.Broken}, "null", schema.Null},
		{document.Node{Kind: document.Bool, Text: "true"}, "true", schema.Bool},
		{document.Node{Kind: document.Int, Text: "9007199254740993"}, "9007199254740993", schema.Integer},
		{document.Node{Kind: document.Float, Text: "1.50"}, "1.50", schema.Number},
		{document.Node{Kind: document.String, Text: ""}, `""`, schema.String},
		{document.Node{Kind: document.String, Text: `a "b"`}, `"a \"b\""`, schema.String},
		{document.Node{Kind: document.String, Text: `$${a}`}, `"${a}"`, schema.String},
		{document.Node{Kind: document.String, Text: `${2 * 3}`}, `6`, schema.Integer},
	} {
		v, issues := NewScope().Value(&tt.node)
		if len(issues) > 0 {
			t.Fatal(issues)
		}
		raw, ok := v.Const()
		if !ok || string(raw) != tt.want || v.Type.Kind != tt.kind || v.Names != nil || v.Fields != nil {
			t.Errorf("%+v is %s, %v, %v", tt.node, raw, ok, v)
		}
	}
	for _, kind := range []document.Kind{document.List, document.Map} {
		if _, issues := NewScope().Value(&document.Node{Kind: kind}); len(issues) != 1 {
			t.Errorf("a node of kind %d has %d issues, want 1", kind, len(issues))
		}
	}
}

func TestWhatAValueMentions(t *testing.T) {
	s := NewScope().With("a", nil).With("b", nil).With("list", schema.ArrayOf(nil))
	for _, tt := range []struct {
		src           string
		names, fields []string
	}{
		{"${a.x.y}", []string{"a"}, []string{"a.x"}},
		{"${a}", []string{"a"}, []string{"a.*"}},
		{`${a["x"]}${b.y} ${a.x}`, []string{"a", "b"}, []string{"a.x", "b.y"}},
		{"${a[0]}", []string{"a"}, []string{"a.*"}},
		{"${a[b.k]}", []string{"a", "b"}, []string{"a.*", "b.k"}},
		{"${has(a.x) && a.?y.orValue(false)}", []string{"a"}, []string{"a.x", "a.y"}},
		{"${list.map(a, a.x + b.z)}", []string{"b", "list"}, []string{"b.z", "list.*"}},
		{"${a.x == null ? b.p : b.q}", []string{"a", "b"}, []string{"a.x", "b.p", "b.q"}},
		{"text", nil, nil},
	} {
		v := compile(t, s, tt.src)
		if diff := cmp.Diff([][]string{tt.names, tt.fields}, [][]string{v.Names, v.Fields}); diff != "" {
			t.Errorf("%s mentions (-want +got):\n%s", tt.src, diff)
		}
	}
}

func TestPath(t *testing.T) {
	s := NewScope().With("x", nil).With("a", nil)
	slot, path, ok := compile(t, s, `${a.b[2]["c d"]}`).Path()
	want := rawjson.Path{{Name: "b"}, {Index: 2, IsIndex: true}, {Name: "c d"}}
	if diff := cmp.Diff(want, path); slot != 1 || !ok || diff != "" {
		t.Errorf("slot %d, %v: %s", slot, ok, diff)
	}
	for _, src := range []string{"a", "${a.b} ", "${a.b + 1}", "${a.?b.orValue(1)}", "${1}"} {
		if _, _, ok := compile(t, s, src).Path(); ok {
			t.Errorf("%s is a path", src)
		}
	}
}

func TestExprIsPlacedInItsScalar(t *testing.T) {
	s := NewScope().With("orders", schema.ObjectOf(schema.Field{Name: "items", Type: schema.ArrayOf(nil), Required: true}))
	n := text("o in ${orders.itms}")
	_, issues := s.Expr(n, 7, "orders.itms")
	want := `apis/test.yaml:1:15: orders has no member "itms"; did you mean "items"?`
	if issues.Error() != want {
		t.Errorf("issues: %v, want %s", issues, want)
	}
	v, issues := s.Expr(n, 7, "orders.items")
	if len(issues) > 0 || v.Type.Kind != schema.Array {
		t.Errorf("%v, %v", v, issues)
	}
}

func TestEveryIssueOfATextIsReported(t *testing.T) {
	s := NewScope().With("a", schema.ObjectOf())
	_, issues := s.Value(text("${b} ${a.x} ${a +} é${c}"))
	var got []string
	for _, issue := range issues {
		got = append(got, fmt.Sprint(issue.Column, " ", issue.Message))
	}
	want := []string{
		`3 unknown name "b"; there is a`, `10 a has no member "x"`, `18 want expression, found the end`,
		`23 unknown name "c"; there is a`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestBool(t *testing.T) {
	s := NewScope().With("a", nil)
	for _, tt := range []struct {
		src, a string
		want   bool
	}{
		{"${a}", "true", true},
		{"${a}", "false", false},
		{"${a}", "null", false},
		{"${a}", "", false},
		{"${a}", `"true"`, false},
		{"${a}", "1", false},
		{"${a.?b.orValue(true)}", "{}", true},
		{"${a.b == 1 ? true : false}", `{"b":1}`, true},
		{"${a.b.size() > 1}", `{"b":"xy"}`, true},
		{"true", "", false},
		{"${true}", "", true},
	} {
		var raw []byte
		if tt.a != "" {
			raw = []byte(tt.a)
		}
		got, err := compile(t, s, tt.src).Bool(t.Context(), Env{raw})
		if err != nil || got != tt.want {
			t.Errorf("%s with %s is %v, %v, want %v", tt.src, tt.a, got, err, tt.want)
		}
	}
}

func TestFailuresNameThePlaceAndNoValue(t *testing.T) {
	s := NewScope().With("a", nil)
	secret := Env{[]byte(`{"b":"sk-secret-1234"}`)}
	for _, src := range []string{
		"${int(a.b)}", "${a.b + 1}", "${a.b && true}", "${string(timestamp(a.b))}", "x ${a.b * 2}", "${[a.b - 1]}",
		"${[1][a.b]}", `${duration(a.b) > duration("1s")}`,
		`${a.b.matches("^x") || a.b}`, "${base64.decode(a.b).size()}", "${double(a.b) < 1}", "${a.b.substring(100)}",
	} {
		v, issues := s.Value(text(src))
		if len(issues) > 0 {
			t.Fatalf("%s: %v", src, issues)
		}
		got, err := v.AppendJSON(t.Context(), []byte("before"), secret)
		if !errors.Is(err, ErrEval) || string(got) != "before" {
			t.Errorf("%s gives %s, %v, want ErrEval and nothing appended", src, got, err)
			continue
		}
		if message := err.Error(); message[:17] != "apis/test.yaml:1:" || contains(message, "secret") || contains(message, "1234") {
			t.Errorf("%s: %s", src, message)
		}
	}
}

func contains(s, sub string) bool {
	return len(s) >= len(sub) && (s[:len(sub)] == sub || contains(s[1:], sub))
}

func TestPathsAllocateNothing(t *testing.T) {
	s, env := benchScope()
	for _, src := range []string{
		"${o.note}", "${orders.items[3].note}", "order ${o.id}: ${o.note}", `${o.?note.orValue("none")}`,
		`${o.status != "cancelled" && o.total > 10}`, `${o.total > 10 ? o.id : o.total}`, `${[o.id, {"n": o.note}]}`,
	} {
		v := compile(t, s, src)
		dst := make([]byte, 0, 1<<10)
		ctx := context.Background()
		allocs := testing.AllocsPerRun(20, func() {
			if _, err := v.AppendJSON(ctx, dst, env); err != nil {
				t.Fatal(err)
			}
		})
		if allocs > 0 {
			t.Errorf("%s allocates %v times", src, allocs)
		}
	}
}

func TestValuesAreSharedByGoroutines(t *testing.T) {
	s, env := benchScope()
	shared := compile(t, s, "${orders.items.filter(i, i.total > 10).map(i, i.id).size()}")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, issues := s.Value(text("${orders.items.map(i, i.note.size()).size()}")); len(issues) != 1 {
				t.Errorf("issues: %v, want that note may be null", issues)
			}
			own, issues := s.Value(text("${orders.items.exists(i, i.id == 7)}"))
			if len(issues) > 0 {
				t.Error(issues)
				return
			}
			for range 20 {
				got, err := shared.AppendJSON(t.Context(), nil, env)
				if err != nil || string(got) != "10" {
					t.Errorf("shared: %s, %v", got, err)
				}
				if holds, err := own.Bool(t.Context(), env); !holds || err != nil {
					t.Errorf("own: %v, %v", holds, err)
				}
			}
		})
	}
	wg.Wait()
}
