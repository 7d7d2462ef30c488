package chat

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
)

// kind says what an event of a log is.
type kind uint8

const (
	chunkEvent  kind = iota // a chunk as the model sent it
	textEvent               // a chunk that is nothing but a piece of text: event.text
	callEvent               // a tool call that is about to run: toolEvent
	resultEvent             // and its outcome: toolEvent
	roundEvent              // the model is asked again, with the results; no data
	endEvent                // the answer is whole: ending
	failEvent               // the answer broke off: failure
)

// An event is one entry of a log. Its bytes are valid until the next event is read.
type event struct {
	kind kind
	data []byte // JSON
	text []byte // a JSON string inside data; nil when there is none
}

// A log is the append-only record of a generation. The chunks of an answer differ in a few bytes, so of each only what
// differs from an earlier one is kept: about 30 bytes a token instead of 400.
type log struct {
	records []record
	bytes   []byte   // what the records do not share
	bases   [][]byte // chunks that later ones are told by
	size    int
	max     int
}

// A record is an event: prefix and suffix of a base, and bytes between.
type record struct {
	offset, length uint32 // of the bytes between, in log.bytes
	text, textEnd  uint32 // place of event.text in event.data; none when equal
	base           uint16 // in log.bases, counted from 1; 0 for none
	prefix, suffix uint16
	kind           kind
}

const recordSize = 24

// errLogFull is returned for an event that a log has no room for.
var errLogFull = errors.New("the answer is larger than a generation may be")

// append adds an event. text is the place of the event's text in data. An event that ends a generation always fits.
func (l *log) append(k kind, data []byte, text [2]int) error {
	r := record{kind: k, text: uint32(text[0]), textEnd: uint32(text[1])}
	last := k == endEvent || k == failEvent
	// So all lengths and places below fit their types.
	if !last && (len(data) > math.MaxInt32/2 || l.size+len(data)+recordSize > l.max) {
		return errLogFull
	}
	between := data
	if k == chunkEvent || k == textEvent {
		between = l.share(&r, data)
	}
	r.offset, r.length = uint32(len(l.bytes)), uint32(len(between))
	l.bytes = append(l.bytes, between...)
	l.records = append(l.records, r)
	l.size += len(between) + recordSize
	return nil
}

// share finds what data has in common with the last base, and makes it the next base when that is little.
func (l *log) share(r *record, data []byte) []byte {
	if n := len(l.bases); n > 0 {
		base := l.bases[n-1]
		prefix := commonPrefix(base, data)
		suffix := commonSuffix(base[prefix:], data[prefix:])
		if prefix+suffix >= len(data)/2 {
			r.base, r.prefix, r.suffix = uint16(n), uint16(prefix), uint16(suffix)
			return data[prefix : len(data)-suffix]
		}
	}
	if len(data) > math.MaxUint16 || len(l.bases) == math.MaxUint16 {
		return data
	}
	l.bases = append(l.bases, append([]byte(nil), data...))
	l.size += len(data)
	r.base, r.prefix = uint16(len(l.bases)), uint16(len(data))
	return nil
}

// A reader reads a log that may grow meanwhile. It sees what was there when it was made.
type reader struct {
	log  log
	next int
	buf  []byte
}

// read returns the next event; false when there is no more for now.
func (r *reader) read() (event, bool) {
	if r.next >= len(r.log.records) {
		return event{}, false
	}
	rec := &r.log.records[r.next]
	r.next++
	data := r.log.bytes[rec.offset : rec.offset+rec.length]
	if rec.base > 0 {
		base := r.log.bases[rec.base-1]
		r.buf = append(append(r.buf[:0], base[:rec.prefix]...), data...)
		r.buf = append(r.buf, base[len(base)-int(rec.suffix):]...)
		data = r.buf
	}
	e := event{kind: rec.kind, data: data}
	if rec.text < rec.textEnd {
		e.text = data[rec.text:rec.textEnd]
	}
	return e, true
}

func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	i := 0
	for ; i+8 <= n; i += 8 {
		if x := binary.LittleEndian.Uint64(a[i:]) ^ binary.LittleEndian.Uint64(b[i:]); x != 0 {
			return i + bits.TrailingZeros64(x)/8
		}
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}

func commonSuffix(a, b []byte) int {
	n := min(len(a), len(b))
	i := 0
	for ; i+8 <= n; i += 8 {
		x := binary.LittleEndian.Uint64(a[len(a)-i-8:]) ^ binary.LittleEndian.Uint64(b[len(b)-i-8:])
		if x != 0 {
			return i + bits.LeadingZeros64(x)/8
		}
	}
	for i < n && a[len(a)-1-i] == b[len(b)-1-i] {
		i++
	}
	return i
}
