package view

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/dunglas/httpsfv"
)

func TestPartsHeaderIsTheDictionaryOfTheContract(t *testing.T) {
	parts := Parts{
		{Step: "customer", Outcome: OK, Elapsed: 12 * time.Millisecond},
		{Step: "orders", Outcome: Cached, Age: 3 * time.Second, Elapsed: time.Millisecond},
		{Step: "offers", Outcome: Failed, Status: 503, Elapsed: 300 * time.Millisecond},
	}
	want := "customer=ok;ms=12, orders=cached;age=3, offers=failed;status=503;ms=300"
	if got := parts.Header(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !parts.Degraded() || parts[:2].Degraded() {
		t.Error("parts are degraded when one failed or was defaulted")
	}
}

func TestPartsHeaderParses(t *testing.T) {
	parts := Parts{
		{Step: "recentOrders", Outcome: Defaulted, Status: 500, Elapsed: time.Second, Counts: &Counts{OK: 2, Defaulted: 1}},
		{Step: "_hidden", Outcome: Skipped},
		{Step: "a1_b", Outcome: Stale, Age: time.Hour},
	}
	dictionary, err := httpsfv.UnmarshalDictionary([]string{parts.Header()})
	if err != nil {
		t.Fatalf("%v: %s", err, parts.Header())
	}
	if want := []string{"recentorders", "*_hidden", "a1_b"}; !slices.Equal(dictionary.Names(), want) {
		t.Errorf("keys %q, want %q", dictionary.Names(), want)
	}
	member, _ := dictionary.Get("recentorders")
	item, ok := member.(httpsfv.Item)
	if !ok || item.Value != httpsfv.Token("defaulted") {
		t.Fatalf("want the token defaulted, got %#v", member)
	}
	for name, want := range map[string]int64{"status": 500, "ms": 1000, "ok": 2, "defaulted": 1} {
		if got, _ := item.Params.Get(name); got != want {
			t.Errorf("%s is %v, want %d", name, got, want)
		}
	}
}

func TestPartsJSON(t *testing.T) {
	parts := Parts{
		{Step: "offers", Outcome: Failed, Status: 503, Elapsed: 300 * time.Millisecond},
		{Step: "stock", Outcome: Cached, Age: 4 * time.Second, Counts: &Counts{OK: 1, Cached: 2}},
	}
	got := parts.AppendJSON(nil)
	want := `{"offers":{"outcome":"failed","status":503,"ms":300},` +
		`"stock":{"outcome":"cached","ms":0,"age":4,"counts":{"ok":1,"cached":2}}}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !json.Valid(got) {
		t.Error("not JSON")
	}
	steps := []*Step{{Name: "offers"}, {Name: "stock", Each: true}}
	if mistakes := partsType(steps).Check(got, 5); len(mistakes) > 0 {
		t.Errorf("parts are not of their type: %v", mistakes)
	}
}
