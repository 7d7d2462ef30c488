package view

import (
	"bytes"
	"cmp"
	"strconv"

	"atrium/clients/rawjson"
)

// compare orders two JSON values: false, true, numbers by value, text by its characters, then lists and objects as
// equals. What is null or absent comes last, whichever the direction.
func compare(a, b []byte, desc bool) int {
	x, y := rank(a), rank(b)
	if x == last || y == last {
		return cmp.Compare(x, y)
	}
	c := cmp.Compare(x, y)
	if c == 0 {
		c = compareAlike(a, b, x)
	}
	if desc {
		return -c
	}
	return c
}

// The ranks of values among each other.
const (
	truths = iota
	numbers
	texts
	others
	last
)

func rank(raw []byte) int {
	switch rawjson.Kind(raw) {
	case rawjson.Bool:
		return truths
	case rawjson.Number:
		return numbers
	case rawjson.String:
		return texts
	case rawjson.Array, rawjson.Object:
		return others
	case rawjson.Invalid, rawjson.Null:
	}
	return last
}

func compareAlike(a, b []byte, rank int) int {
	switch rank {
	case truths:
		return bytes.Compare(a[:1], b[:1]) // "false" before "true"
	case numbers:
		return compareNumbers(a, b)
	case texts:
		if bytes.IndexByte(a, '\\') < 0 && bytes.IndexByte(b, '\\') < 0 {
			return bytes.Compare(a[1:len(a)-1], b[1:len(b)-1])
		}
		return bytes.Compare(rawjson.AppendUnquoted(nil, a), rawjson.AppendUnquoted(nil, b))
	}
	return 0
}

// compareNumbers is exact for integers of 64 bits; other numbers compare as the nearest float64.
func compareNumbers(a, b []byte) int {
	m, errM := strconv.ParseInt(string(a), 10, 64)
	n, errN := strconv.ParseInt(string(b), 10, 64)
	if errM == nil && errN == nil {
		return cmp.Compare(m, n)
	}
	x, _ := strconv.ParseFloat(string(a), 64) // out of range is infinity, which orders well
	y, _ := strconv.ParseFloat(string(b), 64)
	return cmp.Compare(x, y)
}
