package cache

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// 02: keys of different tenants or parts differ, also where ids are prefixes of each other and parts look like syntax.
func Test02KeysAreApart(t *testing.T) {
	tenant := rapid.StringMatching(`[ab]{1,3}`)
	part := rapid.SliceOfN(rapid.SampledFrom([]byte("ab{}:|.\x00")), 0, 3)
	parts := rapid.SliceOfN(part, 0, 3)
	rapid.Check(t, func(t *rapid.T) {
		t1, p1 := tenant.Draw(t, "tenant 1"), parts.Draw(t, "parts 1")
		t2, p2 := tenant.Draw(t, "tenant 2"), parts.Draw(t, "parts 2")
		alike := t1 == t2 && slices.EqualFunc(p1, p2, bytes.Equal)
		a, b := NewKey(t1, p1...), NewKey(t2, p2...)
		if (a == b) != alike || (a.sum == b.sum) != alike || (a.String() == b.String()) != alike {
			t.Fatalf("%q %q and %q %q: %s, %s", t1, p1, t2, p2, a, b)
		}
		if SharedKey(p1...).sum == a.sum {
			t.Fatalf("a shared key is a tenant's: %q", p1)
		}
	})
}

func TestKeyNames(t *testing.T) {
	k := NewKey("acme", []byte("a"))
	if !strings.HasPrefix(k.String(), "b1:{acme.") || !strings.HasSuffix(k.String(), "}:e") {
		t.Errorf("entry %s", k)
	}
	if slot := func(s string) string { return s[strings.Index(s, "{"):strings.Index(s, "}")] }; slot(k.String()) != slot(k.lock()) {
		t.Errorf("the entry %s and its lock %s are in different slots", k, k.lock())
	}
}

// 02: no tenant is ever given another one's answer, through memory or a flight.
func Test02TenantsNeverMeet(t *testing.T) {
	c := open(t, Options{})
	rapid.Check(t, func(t *rapid.T) {
		tenant := rapid.StringMatching(`[ab]{1,4}`).Draw(t, "tenant")
		part := rapid.SliceOfN(rapid.SampledFrom([]byte("ab{}:|.\x00")), 0, 4).Draw(t, "part")
		own := tenant + "\xff" + string(part)
		u := &upstream{answer: func(int64) Answer { return storable(200, own) }}
		r, err := c.Fetch(t.Context(), Request{Key: NewKey(tenant, part), Policy: Policy{TTL: 1e12}}, u.fill)
		if err != nil || string(r.Body) != own {
			t.Fatalf("asked for %q, got %q, %v", own, r.Body, err)
		}
	})
}
