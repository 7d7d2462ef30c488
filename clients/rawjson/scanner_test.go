package rawjson

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRowsOfNestedLists(t *testing.T) {
	trie := NewTrie()
	next := trie.Add(at("next"))
	first := trie.Add(at("orders", 0, "id"))
	order := trie.Each(at("orders"))
	id, name := order.Add(at("id")), order.Add(at("customer", "name"))
	line := order.Each(at("lines"))
	sku := line.Add(at("sku"))
	if order != trie.Each(at("orders")) || id != order.Add(at("id")) {
		t.Error("the same path is asked for twice")
	}

	var s Scanner
	row, err := s.Scan(trie, []byte(`{"orders":[
		{"id":1,"lines":[{"sku":"a"},{"sku":"b"}],"customer":{"name":"Ada"}},
		{"id":2},
		7,
		{"lines":[],"id":3},
		{"id":4,"lines":[{"sku":"x"}],"lines":[{"sku":"c"},{}]}
	],"next":"p2"}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	orders, _ := row.Rows(order)
	for i := range orders.Len() {
		o := orders.At(i)
		text := append(append(o.Get(id), '/'), o.Get(name)...)
		lines, ok := o.Rows(line)
		if ok {
			text = append(text, '/')
		}
		for j := range lines.Len() {
			text = append(append(text, lines.At(j).Get(sku)...), ';')
		}
		got = append(got, string(text))
	}
	want := []string{`1/"Ada"/"a";"b";`, "2/", "/", "3//", `4//"c";;`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := string(row.Get(next)) + string(row.Get(first)); got != `"p2"1` {
		t.Errorf("beside the rows: %s", got)
	}
	if got := string(orders.At(2).Value()); got != "7" {
		t.Errorf("an element as a whole: %s", got)
	}
	if orders.At(0).Key() != nil {
		t.Error("an element of a list has a key")
	}
}

func TestRowsOfAnObject(t *testing.T) {
	trie := NewTrie()
	entry := trie.Each(nil)
	price := entry.Add(at("price"))
	chosen := trie.Add(at("b", "price"))
	var s Scanner
	row, err := s.Scan(trie, []byte(`{"a":{"price":1},"\u0062":{"price":2},"c":null}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	rows, ok := row.Rows(entry)
	for i := range rows.Len() {
		got = append(got, string(rows.At(i).Key())+"="+string(rows.At(i).Get(price)))
	}
	if diff := cmp.Diff([]string{`"a"=1`, `"\u0062"=2`, `"c"=`}, got); diff != "" || !ok {
		t.Error(diff)
	}
	if got := string(row.Get(chosen)); got != "2" {
		t.Errorf("beside the rows: %s", got)
	}
}

func TestRowsOfWhatIsNoList(t *testing.T) {
	trie := NewTrie()
	items := trie.Each(at("items"))
	var s Scanner
	for _, doc := range []string{`{"items":null}`, `{}`, `[]`, `1`, `{"items":"x"}`, `{"items":[1],"items":2}`} {
		row, err := s.Scan(trie, []byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		if rows, ok := row.Rows(items); ok || rows.Len() != 0 {
			t.Errorf("%s has %d rows", doc, rows.Len())
		}
	}
	row, err := s.Scan(trie, []byte(`{"items":[]}`))
	if rows, ok := row.Rows(items); err != nil || !ok || rows.Len() != 0 {
		t.Errorf("an empty list: %v, %v, %d rows", err, ok, rows.Len())
	}
}

func TestScanRefusesWhatIsNotJSON(t *testing.T) {
	trie := NewTrie()
	trie.Add(at("a", "b"))
	trie.Each(at("items")).Add(at("id"))
	var s Scanner
	for _, doc := range []string{
		"", `{"a":{"b":1}`, `{"a":{"b":1}} 2`, `{"items":[{"id":01}]}`, `{"items":[1,]}`, `{"a":{"b":tru}}`, `{"z":[1 2]}`,
		`{"a":`, `{"items":[`, "{\"a\":{\"b\":\"\xff\"}}", `{"a" {}}`,
		`{"a":` + strings.Repeat("[", 600) + strings.Repeat("]", 600) + `}`,
	} {
		_, err := s.Scan(trie, []byte(doc))
		if _, ok := errors.AsType[*SyntaxError](err); !ok {
			t.Errorf("Scan(%.40s) = %v, want a *SyntaxError", doc, err)
		}
	}
}

func TestScanBoundsRows(t *testing.T) {
	trie := NewTrie()
	trie.Each(nil).Add(at("id"))
	doc := []byte("[" + strings.Repeat("1,", MaxSpans/2) + "1]")
	var s Scanner
	if _, err := s.Scan(trie, doc); !errors.Is(err, ErrTooMany) {
		t.Errorf("Scan = %v, want ErrTooMany", err)
	}
	s.Reset()
	for _, table := range s.tables {
		if cap(table) > keepSpans {
			t.Errorf("a Scanner that was Reset keeps %d spans", cap(table))
		}
	}
}

func TestScanAllocatesNothing(t *testing.T) {
	trie := NewTrie()
	trie.Add(at("next"))
	trie.Each(at("items")).Add(at("amount", "gross"))
	doc := benchList()
	var s Scanner
	allocs := testing.AllocsPerRun(20, func() {
		if _, err := s.Scan(trie, doc); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations a scan, want none", allocs)
	}
}

func TestManyMembers(t *testing.T) {
	trie := NewTrie()
	names := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}
	columns := make([]int, len(names))
	for i, name := range names {
		columns[i] = trie.Add(at(name))
	}
	var s Scanner
	row, err := s.Scan(trie, []byte(`{"j":9,"a":0,"z":1,"\u0065":4}`))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for i, name := range names {
		if raw := row.Get(columns[i]); raw != nil {
			got[name] = string(raw)
		}
	}
	if diff := cmp.Diff(map[string]string{"j": "9", "a": "0", "e": "4"}, got); diff != "" {
		t.Error(diff)
	}
}
