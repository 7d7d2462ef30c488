package cache

import "testing"

func TestJudge(t *testing.T) {
	const s = second
	base := item{born: 0, fresh: 100 * s, stale: 200 * s, sie: 300 * s, keep: 400 * s, took: s}
	with := func(f func(*item)) *item {
		it := &item{born: base.born, fresh: base.fresh, stale: base.stale, sie: base.sie, keep: base.keep, took: base.took}
		if f != nil {
			f(it)
		}
		return it
	}
	never := func(it *item) { it.flags = mustRevalidate }
	noStale := func(it *item) { it.stale, it.sie, it.keep = it.fresh, it.fresh, it.fresh }
	for _, tt := range []struct {
		name   string
		it     *item
		at     int64
		stands standing
		chance float64
		want   verdict
	}{
		{"nothing", nil, 0, valid, 1, absent},
		{"fresh", with(nil), 50, valid, 1, usable},
		{"the last tenth", with(nil), 91, valid, 0, eager},
		{"an early draw of the lot", with(nil), 89, valid, 11.1, eager},
		{"no such draw", with(nil), 89, valid, 10.9, usable},
		{"too early for any draw", with(nil), 50, valid, 1e9, usable},
		{"negative ones wait for their end", with(func(it *item) { it.flags = negative }), 99, valid, 0, usable},
		{"stale", with(nil), 100, valid, 1, revalidate},
		{"stale, in place of an error", with(nil), 200, valid, 1, fallback},
		{"kept to be confirmed", with(nil), 300, valid, 1, validator},
		{"gone", with(nil), 400, valid, 1, absent},
		{"fresh, must revalidate", with(never), 50, valid, 1, usable},
		{"stale, must revalidate", with(never), 150, valid, 1, validator},
		{"soft purge of fresh content", with(nil), 50, soft, 1, revalidate},
		{"soft purge where stale is not allowed", with(noStale), 50, soft, 1, validator},
		{"soft purge, must revalidate", with(never), 50, soft, 1, validator},
		{"hard purge", with(nil), 50, purged, 1, absent},
		{"an epoch nobody knows", with(nil), 50, unknown, 1, absent},
		{"unconfirmed for too long", with(nil), 50, blind, 1, fallback},
		{"unconfirmed, no window for errors", with(noStale), 50, blind, 1, validator},
		{"marker", &item{flags: marker, keep: 2 * s}, 1, valid, 1, uncacheable},
		{"old marker", &item{flags: marker, keep: 2 * s}, 2, valid, 1, absent},
	} {
		if got := tt.it.judge(tt.at*s, tt.stands, func() float64 { return tt.chance }); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
}
