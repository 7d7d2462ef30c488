package document

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"300ms": 300 * time.Millisecond, "5m": 5 * time.Minute, "24h": 24 * time.Hour, "7d": 168 * time.Hour,
		"1h30m": 90 * time.Minute, "0s": 0, "1.5s": 1500 * time.Millisecond, "1d12h": 36 * time.Hour,
	} {
		got, err := ParseDuration(text)
		if err != nil || time.Duration(got) != want {
			t.Errorf("ParseDuration(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "3 s", "s", "3", "-3s", "+3s", "3S", "3sec", "3us", "3ns", "1e3s", ".5s", "5.s", "1..5s", "3s ", "١s",
		"99999999999999d", "1h30", strings.Repeat("9", 400) + "s",
	} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("ParseDuration(%q) = %v, want an error", text, got)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "0s", time.Second: "1s", time.Minute: "1m", time.Hour: "1h", 24 * time.Hour: "24h", 48 * time.Hour: "2d",
		90 * time.Minute: "1h30m", 90 * time.Second: "1m30s", 36 * time.Hour: "36h", 10 * time.Minute: "10m",
	} {
		if got := Duration(d).String(); got != want {
			t.Errorf("Duration(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestSize(t *testing.T) {
	for text, want := range map[string]Size{
		"10MiB": 10 << 20, "64KB": 64000, "512B": 512, "1.5GiB": 3 << 29, "0B": 0, "2TB": 2e12, "1KiB": 1024,
	} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("ParseSize(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "10", "10 MiB", "10mib", "-1B", "MiB", "1MiB2B", "99999999TiB", "1e3B"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("ParseSize(%q) = %d, want an error", text, got)
		}
	}
}

func TestRate(t *testing.T) {
	for text, want := range map[string]Rate{
		"600/1m": {600, time.Minute}, "1/300ms": {1, 300 * time.Millisecond}, "200000/24h": {200000, 24 * time.Hour},
	} {
		if got, err := ParseRate(text); err != nil || got != want {
			t.Errorf("ParseRate(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", "600", "600/", "/1m", "0/1m", "-1/1m", "+1/1m", "600/0s", "600/m", "6e2/1m", "600 / 1m", "9999999999999999999/1s",
	} {
		if got, err := ParseRate(text); err == nil {
			t.Errorf("ParseRate(%q) = %v, want an error", text, got)
		}
	}
}

// What is rendered reads back as the same value.
func TestQuantitiesRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Duration(rapid.Int64Range(0, 1<<40).Draw(t, "ms") * int64(time.Millisecond) / 1000 * 1000)
		if got, err := ParseDuration(d.String()); err != nil || got != d {
			t.Errorf("%q reads back as %v, %v", d, got, err)
		}
		s := Size(rapid.Int64Range(0, 1<<60).Draw(t, "bytes"))
		var read Size
		if err := read.UnmarshalText([]byte(s.String())); err != nil || read != s {
			t.Errorf("%q reads back as %d, %v; want %d", s, read, err, s)
		}
		r := Rate{Quota: rapid.Int64Range(1, 1e17).Draw(t, "quota"), Window: max(time.Duration(d), time.Second)}
		var rate Rate
		if err := rate.UnmarshalText([]byte(r.String())); err != nil || rate != r {
			t.Errorf("%q reads back as %v, %v", r, rate, err)
		}
	})
}
