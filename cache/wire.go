package cache

import (
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/zeebo/xxh3"
)

// The value in Redis, all numbers big endian:
//
//	magic "atr" version | flags u8 | status u16 | key digest 16 bytes
//	born fresh stale sie keep took stored: i64 each
//	stamps: u16 count, each field u16, soft i64, hard i64
//	ETag, upstream ETag, Last-Modified: u16 length and text each
//	header: u16 count, each name u16 length and text, value u32 length and text
//	body: u32 length and bytes
//	checksum u64: XXH3 of all before it
const (
	magic     = "atr\x01"
	wireFixed = len(magic) + 1 + 2 + len(sum{}) + 7*8
	maxHeader = 64 << 10 // names and values of an entry's header together
)

// errCorrupt is why a value is not an entry. It is never shown: the value is a miss.
var errCorrupt = errors.New("not an entry of this version")

// encode returns the value of an item; false when a part exceeds its bound.
func encode(it *item) ([]byte, bool) {
	names := slices.Sorted(maps.Keys(it.Header))
	fields, size := 0, 0
	for _, name := range names {
		for _, v := range it.Header[name] {
			fields, size = fields+1, size+len(name)+len(v)
		}
	}
	texts := [...]string{it.ETag, it.UpstreamETag, it.LastModified}
	if size > maxHeader || fields > math.MaxUint16 || len(it.Body) > math.MaxInt32 {
		return nil, false
	}
	b := make([]byte, 0, wireFixed+2+18*len(it.stamps)+6*fields+size+len(it.Body)+256)
	b = append(append(b, magic...), it.flags)
	b = binary.BigEndian.AppendUint16(b, uint16(it.Status))
	b = append(b, it.sum[:]...)
	for _, v := range [...]int64{it.born, it.fresh, it.stale, it.sie, it.keep, it.took, it.Stored.UnixMicro()} {
		b = binary.BigEndian.AppendUint64(b, uint64(v))
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(it.stamps)))
	for _, s := range it.stamps {
		b = binary.BigEndian.AppendUint16(b, s.field)
		b = binary.BigEndian.AppendUint64(b, uint64(s.soft))
		b = binary.BigEndian.AppendUint64(b, uint64(s.hard))
	}
	for _, text := range texts {
		if len(text) > math.MaxUint16 {
			return nil, false
		}
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(text))), text...)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(fields))
	for _, name := range names {
		for _, v := range it.Header[name] {
			b = append(binary.BigEndian.AppendUint16(b, uint16(len(name))), name...)
			b = append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...)
		}
	}
	b = append(binary.BigEndian.AppendUint32(b, uint32(len(it.Body))), it.Body...)
	return binary.BigEndian.AppendUint64(b, xxh3.Hash(b)), true
}

// decode reads a value that was stored under the key with this digest. The body stays where it is: b belongs to the item.
func decode(key sum, b []byte) (*item, error) {
	if len(b) < wireFixed+8 || string(b[:len(magic)]) != magic {
		return nil, errCorrupt
	}
	text, check := b[:len(b)-8], b[len(b)-8:]
	if xxh3.Hash(text) != binary.BigEndian.Uint64(check) {
		return nil, errCorrupt
	}
	r := reader{b: text[len(magic):]}
	it := &item{flags: r.bytes(1)[0]}
	it.Status = int(r.u16())
	copy(it.sum[:], r.bytes(len(it.sum)))
	for _, v := range [...]*int64{&it.born, &it.fresh, &it.stale, &it.sie, &it.keep, &it.took} {
		*v = r.i64()
	}
	it.Stored = time.UnixMicro(r.i64())
	it.stamps = make([]stamp, min(int(r.u16()), MaxTags+1))
	for i := range it.stamps {
		it.stamps[i] = stamp{field: r.u16(), epoch: epoch{soft: r.i64(), hard: r.i64()}}
	}
	for _, text := range [...]*string{&it.ETag, &it.UpstreamETag, &it.LastModified} {
		*text = string(r.bytes(int(r.u16())))
	}
	it.Header = r.header()
	it.Body = r.bytes(int(r.u32()))
	if r.failed || len(r.b) != 0 || it.sum != key {
		return nil, errCorrupt
	}
	it.weight = weigh(it)
	return it, nil
}

// reader takes values off the front of b; past its end it gives zeros and remembers that it failed.
type reader struct {
	b      []byte
	failed bool
}

func (r *reader) bytes(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.failed, r.b = true, nil
		return make([]byte, min(max(n, 0), 16))
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) u16() uint16 { return binary.BigEndian.Uint16(r.bytes(2)) }
func (r *reader) u32() uint32 { return binary.BigEndian.Uint32(r.bytes(4)) }
func (r *reader) i64() int64  { return int64(binary.BigEndian.Uint64(r.bytes(8))) }

func (r *reader) header() http.Header {
	n := int(r.u16())
	if n == 0 || r.failed {
		return nil
	}
	h := make(http.Header, min(n, 64))
	for range n {
		name := string(r.bytes(int(r.u16())))
		value := string(r.bytes(int(r.u32())))
		if r.failed {
			return nil
		}
		h[name] = append(h[name], value)
	}
	return h
}
