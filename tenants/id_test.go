package tenants

import (
	"regexp"
	"strings"
	"testing"
)

func FuzzParseID(f *testing.F) {
	for _, id := range []string{"", "a", "-", "a-", "-a", "a-b", "A", "ä", "a.b", strings.Repeat("a", 32), strings.Repeat("a", 33)} {
		f.Add(id)
	}
	pattern := regexp.MustCompile(`\A[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?\z`)
	f.Fuzz(func(t *testing.T, text string) {
		id, err := ParseID(text)
		if want := pattern.MatchString(text); (err == nil) != want {
			t.Fatalf("%q: %v, and the pattern says %t", text, err, want)
		}
		if err == nil && string(id) != text || err != nil && id != "" {
			t.Fatalf("%q became %q, %v", text, id, err)
		}
	})
}

func TestCheckName(t *testing.T) {
	for _, c := range []struct {
		kind Kind
		name string
		ok   bool
	}{
		{KindAPIs, "storefront", true},
		{KindAPIs, "Store_front-2.v1", true},
		{KindAPIs, strings.Repeat("a", MaxNameLength), true},
		{KindAPIs, strings.Repeat("a", MaxNameLength+1), false},
		{KindAPIs, "", false},
		{KindAPIs, ".", false},
		{KindAPIs, "..", false},
		{KindAPIs, "a..b", false},
		{KindAPIs, ".a", false},
		{KindAPIs, "a.", false},
		{KindAPIs, "a/b", false},
		{KindAPIs, `a\b`, false},
		{KindAPIs, "a b", false},
		{KindAPIs, "a@7", false},
		{KindAPIs, "ä", false},
		{KindAPIs, "a\x00", false},
		{KindTenants, "acme", true},
		{KindTenants, "Acme", false},
		{KindTenants, "a.b", false},
		{KindTenants, "a_b", false},
	} {
		if err := CheckName(c.kind, c.name); (err == nil) != c.ok {
			t.Errorf("CheckName(%s, %q): %v", c.kind, c.name, err)
		}
	}
}
