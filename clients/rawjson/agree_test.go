package rawjson

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// decode reads a text as encoding/json does, numbers as written.
func decode(t interface{ Fatal(...any) }, text []byte) any {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// walk is what Get does, on a decoded value.
func walk(v any, path Path) (any, bool) {
	for _, seg := range path {
		switch w := v.(type) {
		case map[string]any:
			next, ok := w[seg.Name]
			if !ok || seg.IsIndex {
				return nil, false
			}
			v = next
		case []any:
			if !seg.IsIndex || seg.Index < 0 || seg.Index >= len(w) {
				return nil, false
			}
			v = w[seg.Index]
		default:
			return nil, false
		}
	}
	return v, true
}

// agree holds Get, and a Trie of all the paths, to decoding.
func agree(t interface {
	Fatal(...any)
	Fatalf(string, ...any)
}, doc []byte, paths []Path,
) {
	decoded := decode(t, doc)
	trie := NewTrie()
	columns := make([]int, len(paths))
	loops := make([]*Trie, len(paths))
	for i, p := range paths {
		columns[i], loops[i] = trie.Add(p), trie.Each(p)
	}
	var s Scanner
	row, err := s.Scan(trie, doc)
	if err != nil {
		t.Fatalf("Scan(%q): %v", doc, err)
	}
	for i, p := range paths {
		want, ok := walk(decoded, p)
		raw, found := Get(doc, p)
		if found != ok || !bytes.Equal(raw, row.Get(columns[i])) {
			t.Fatalf("%s of %q: Get %q, Row %q, want %v", p, doc, raw, row.Get(columns[i]), want)
		}
		if !ok {
			continue
		}
		if diff := cmp.Diff(want, decode(t, raw)); diff != "" {
			t.Fatalf("%s of %q: %s", p, doc, diff)
		}
		rows, _ := row.Rows(loops[i])
		j := 0
		for elem := range Each(raw) {
			if !bytes.Equal(rows.At(j).Value(), elem) {
				t.Fatalf("row %d of %s of %q: %q, want %q", j, p, doc, rows.At(j).Value(), elem)
			}
			j++
		}
		for key, elem := range Quoted(raw) {
			if !bytes.Equal(rows.At(j).Value(), elem) || !bytes.Equal(rows.At(j).Key(), key) {
				t.Fatalf("row %d of %s of %q: %q %q", j, p, doc, rows.At(j).Key(), rows.At(j).Value())
			}
			j++
		}
		if rows.Len() != j {
			t.Fatalf("%s of %q has %d rows, want %d", p, doc, rows.Len(), j)
		}
	}
}

func TestAgreesWithDecoding(t *testing.T) {
	names := []string{"a", "b", `\u0061`, "", "é"}
	space := rapid.SampledFrom([]string{"", "", " ", "\n\t"})
	scalar := rapid.SampledFrom([]string{"null", "true", "0", "-1.5e3", "9007199254740993", `"a"`, `"\n\u00e9"`, "1e400"})
	var value func(r *rapid.T, depth int) string
	value = func(r *rapid.T, depth int) string {
		kind := rapid.IntRange(0, 2).Draw(r, "kind")
		if depth > 3 || kind == 0 {
			return space.Draw(r, "space") + scalar.Draw(r, "scalar") + space.Draw(r, "space")
		}
		var parts []string
		for range rapid.IntRange(0, 4).Draw(r, "size") {
			part := value(r, depth+1)
			if kind == 2 {
				part = space.Draw(r, "space") + `"` + rapid.SampledFrom(names).Draw(r, "name") + `" :` + part
			}
			parts = append(parts, part)
		}
		if kind == 1 {
			return " [" + strings.Join(parts, ",") + "]"
		}
		return "{" + strings.Join(parts, ",") + "} "
	}
	seg := rapid.Custom(func(r *rapid.T) Seg {
		if rapid.Bool().Draw(r, "index") {
			return Seg{Index: rapid.IntRange(0, 3).Draw(r, "index"), IsIndex: true}
		}
		return Seg{Name: rapid.SampledFrom([]string{"a", "b", "", "é"}).Draw(r, "name")}
	})
	paths := rapid.SliceOfN(rapid.Map(rapid.SliceOfN(seg, 0, 4), func(s []Seg) Path { return s }), 1, 8)
	rapid.Check(t, func(r *rapid.T) {
		agree(r, []byte(value(r, 0)), paths.Draw(r, "paths"))
	})
}

func FuzzScan(f *testing.F) {
	f.Add([]byte(sample), "items.0.sku|twice.a|name")
	f.Add([]byte(`[[1,{"a":[]}],{"a":{"a":1,"a":[2]}}]`), "0.1.a|1.a.a|1|")
	f.Fuzz(func(t *testing.T, doc []byte, paths string) {
		if Valid(doc) != nil || len(paths) > 200 {
			return
		}
		var all []Path
		for p := range strings.SplitSeq(paths, "|") {
			var path Path
			for name := range strings.SplitSeq(p, ".") {
				if len(name) == 1 && isDigit(name[0]) {
					path = append(path, Seg{Index: int(name[0] - '0'), IsIndex: true})
				} else if name != "" {
					path = append(path, Seg{Name: name})
				}
			}
			all = append(all, path)
		}
		agree(t, doc, all)
	})
}
