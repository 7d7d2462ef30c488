package rawjson

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// benchUser and benchList are the documents of the design's measurements: 909 and about 3,000 bytes.
func benchUser() []byte {
	return fmt.Appendf(nil, `{"id":"u-1","firstName":"Ada","lastName":"Lovelace","email":"ada@example.com",`+
		`"address":{"street":"12 St James's Square","city":"London","zip":"SW1Y 4JH","geo":{"lat":51.507,"lon":-0.134}},`+
		`"segment":"gold","bio":%q}`, strings.Repeat("Analyst, metaphysician. ", 28))
}

func benchList() []byte {
	items := make([]string, 20)
	for i := range items {
		items[i] = fmt.Sprintf(`{"id":"o-%d","status":"shipped","amount":{"gross":%d.50,"net":100,"currency":"EUR"},`+
			`"note":"left at the door, by the window"}`, i, 100+i)
	}
	return []byte(`{"items":[` + strings.Join(items, ",") + `],"next":null}`)
}

func BenchmarkValid(b *testing.B) {
	for name, doc := range map[string][]byte{"user": benchUser(), "list": benchList()} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(doc)))
			for b.Loop() {
				if err := Valid(doc); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/encoding-json", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(doc)))
			for b.Loop() {
				if !json.Valid(doc) {
					b.Fatal("invalid")
				}
			}
		})
	}
}

// BenchmarkScan is a view's work but for the writing: six values of the user, three of each order, all validated.
func BenchmarkScan(b *testing.B) {
	user, list := benchUser(), benchList()
	u := NewTrie()
	for _, p := range []string{"id", "firstName", "email", "address.city", "address.zip", "address.geo.lat"} {
		u.Add(dotted(p))
	}
	l := NewTrie()
	item := l.Each(dotted("items"))
	columns := []int{item.Add(dotted("id")), item.Add(dotted("status")), item.Add(dotted("amount.gross"))}
	var us, ls Scanner
	b.ReportAllocs()
	b.SetBytes(int64(len(user) + len(list)))
	for b.Loop() {
		if _, err := us.Scan(u, user); err != nil {
			b.Fatal(err)
		}
		row, err := ls.Scan(l, list)
		if err != nil {
			b.Fatal(err)
		}
		rows, _ := row.Rows(item)
		for i := range rows.Len() {
			for _, column := range columns {
				if rows.At(i).Get(column) == nil {
					b.Fatal("nothing picked")
				}
			}
		}
	}
}

func dotted(s string) Path {
	var p Path
	for name := range strings.SplitSeq(s, ".") {
		p = append(p, Seg{Name: name})
	}
	return p
}

// BenchmarkDecode is what Scan is instead of: the same documents as Go values.
func BenchmarkDecode(b *testing.B) {
	user, list := benchUser(), benchList()
	b.ReportAllocs()
	b.SetBytes(int64(len(user) + len(list)))
	for b.Loop() {
		var u, l any
		if json.Unmarshal(user, &u) != nil || json.Unmarshal(list, &l) != nil {
			b.Fatal("invalid")
		}
	}
}
