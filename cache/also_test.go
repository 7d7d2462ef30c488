package cache

import (
	"context"
	"testing"
	"time"
)

func TestRevalidateAsksThoughTheEntryIsFresh(t *testing.T) {
	c := New(Options{})
	defer c.Close()
	key, fills := NewKey("acme", []byte("a")), 0
	ask := func(revalidate bool) Result {
		r, err := c.Fetch(t.Context(), Request{Key: key, Policy: Policy{TTL: time.Minute}, Revalidate: revalidate},
			func(_ context.Context, stale *Entry) (Answer, error) {
				if fills++; fills > 1 && stale == nil {
					t.Error("what was there is not shown to the fill")
				}
				return Answer{Entry: Entry{Status: 200, Body: []byte{byte('0' + fills)}}, Shareable: true, Store: true}, nil
			})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	ask(false)
	if r := ask(true); r.State != Miss || string(r.Body) != "2" {
		t.Errorf("revalidating gives %v %q, want the second fill", r.State, r.Body)
	}
	if r := ask(false); r.State != Hit || string(r.Body) != "2" {
		t.Errorf("afterwards it is %v %q, want what was confirmed last", r.State, r.Body)
	}
}

func TestAlsoIsStoredUnderItsOwnKeyAndStamps(t *testing.T) {
	c := New(Options{})
	defer c.Close()
	base, variant := NewKey("acme", []byte("base")), NewKey("acme", []byte("variant"))
	none := func(context.Context, *Entry) (Answer, error) {
		return Answer{Entry: Entry{Status: 200, Body: []byte("filled")}, Shareable: true}, nil
	}
	fill := func(purge bool) {
		_, err := c.Fetch(t.Context(), Request{Key: base, Revalidate: true}, func(ctx context.Context, _ *Entry) (Answer, error) {
			if purge { // while the upstream is asked: what it answers may be older
				if err := c.Purge(ctx, "acme", Purge{Tags: []string{"thing"}}); err != nil {
					t.Error(err)
				}
			}
			return Answer{Entry: Entry{Status: 200, Body: []byte("record")}, Shareable: true, Also: []Also{
				{Key: variant, Entry: Entry{Status: 200, Body: []byte("also")}, Policy: Policy{TTL: time.Minute, Tags: []string{"thing"}}},
				{Key: NewKey("globex", []byte("variant")), Entry: Entry{Status: 200}, Policy: Policy{TTL: time.Minute}},
			}}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	fill(false)
	if r, err := c.Fetch(t.Context(), Request{Key: variant}, none); err != nil || r.State != Hit || string(r.Body) != "also" {
		t.Errorf("the other key has %v %v", r, err)
	}
	if state, _ := c.Peek(t.Context(), NewKey("globex", []byte("variant"))); state != Miss {
		t.Errorf("another tenant's key is %v: a fill may not store outside its scope", state)
	}
	fill(true)
	if r, err := c.Fetch(t.Context(), Request{Key: variant}, none); err != nil || r.State == Hit {
		t.Errorf("purged during the fill, and yet %v %v", r, err)
	}
}
