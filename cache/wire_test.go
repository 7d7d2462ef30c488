package cache

import (
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func sample() *item {
	return &item{
		Entry: Entry{
			Status: 200, Body: []byte(`{"a":9007199254740993}`), ETag: `"x"`, UpstreamETag: `W/"y"`, LastModified: "yesterday",
			Header: http.Header{"Content-Type": {"application/json"}, "Link": {"<a>", "<b>"}}, Stored: time.UnixMicro(77),
		},
		sum: sum{1, 2, 3}, born: 1, fresh: 2, stale: 3, sie: 4, keep: 5, took: 6, flags: negative,
		stamps: []stamp{{0, epoch{7, 8}}, {4096, epoch{1 << 60, 10}}},
	}
}

func same(t interface{ Fatalf(string, ...any) }, got, want *item) {
	opts := cmp.Options{
		cmp.AllowUnexported(item{}, stamp{}, epoch{}), cmpopts.EquateEmpty(),
		cmpopts.IgnoreFields(item{}, "throttle", "weight"),
	}
	if diff := cmp.Diff(want, got, opts); diff != "" {
		t.Fatalf("not what was encoded (-want +got):\n%s", diff)
	}
}

func TestWireRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		it := sample()
		it.Body = rapid.SliceOf(rapid.Byte()).Draw(t, "body")
		it.Status = rapid.IntRange(200, 599).Draw(t, "status")
		it.ETag = rapid.String().Draw(t, "etag")
		it.Header = rapid.MapOfN(rapid.StringN(1, 8, 16), rapid.SliceOfN(rapid.String(), 1, 3), 0, 5).Draw(t, "header")
		b, ok := encode(it)
		if !ok {
			t.Fatalf("not encoded")
		}
		got, err := decode(it.sum, b)
		if err != nil {
			t.Fatalf("decode: %v", err)
		}
		same(t, got, it)
	})
}

// 20: a value that was changed, cut, written by another version or copied to another key is a miss.
func Test20DamagedValues(t *testing.T) {
	good, _ := encode(sample())
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 100_000 {
		b := append([]byte(nil), good...)
		switch n % 4 {
		case 0:
			b[r.IntN(len(b))] ^= byte(1 + r.IntN(255))
		case 1:
			b = b[:r.IntN(len(b))]
		case 2:
			b = append(b, byte(r.IntN(256)))
		case 3:
			i, j := r.IntN(len(b)), r.IntN(len(b))
			if b[i] == b[j] {
				continue
			}
			b[i], b[j] = b[j], b[i]
		}
		if it, err := decode(sum{1, 2, 3}, b); err == nil {
			t.Fatalf("damage %d was not seen: %+v", n, it.Entry)
		}
	}
	if _, err := decode(sum{9}, good); err == nil {
		t.Error("a value of another key was taken")
	}
}

func FuzzDecode(f *testing.F) {
	good, _ := encode(sample())
	f.Add(good)
	f.Add(good[:len(good)-8])
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		it, err := decode(sum{1, 2, 3}, b)
		if err != nil {
			return
		}
		again, ok := encode(it)
		if !ok {
			t.Fatal("what was decoded cannot be encoded")
		}
		back, err := decode(it.sum, again)
		if err != nil {
			t.Fatal(err)
		}
		same(t, back, it)
	})
}
