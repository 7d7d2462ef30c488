package httpcache

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"atrium/cache"
)

// maxVary bounds the request headers that select an answer; what varies by more is not kept.
const maxVary = 16

// varyNames are the request headers that select the answer, canonical and sorted; false when nothing ever selects it again.
// A coded body is selected by Accept-Encoding even where the upstream forgot to say so.
func varyNames(h http.Header) (names []string, ok bool) {
	for _, line := range h["Vary"] {
		for name := range strings.SplitSeq(line, ",") {
			switch name = strings.Trim(name, " \t"); name {
			case "*":
				return nil, false
			case "":
			default:
				names = append(names, http.CanonicalHeaderKey(name))
			}
		}
	}
	if coding := h.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		names = append(names, "Accept-Encoding")
	}
	slices.Sort(names)
	return slices.Compact(names), true
}

// union of two sorted lists of names.
func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// covers reports whether every name of b is in a.
func covers(a, b []string) bool { return len(union(a, b)) == len(a) }

// recordField names the selecting headers in a record. It is no valid field name: no upstream can send it.
const recordField = ":vary"

// record is the entry under a base key whose answers are under variant keys.
func record(names []string) cache.Entry {
	return cache.Entry{Status: http.StatusOK, Header: http.Header{recordField: names}}
}

// recordPolicy lets a record stay while it is used. It is in nobody's way: what it leads to has its own freshness.
var recordPolicy = cache.Policy{TTL: 24 * time.Hour, Stale: 24 * time.Hour}

// recorded returns the names of a record; false when the entry is none.
func recorded(e *cache.Entry) ([]string, bool) {
	if e == nil {
		return nil, false
	}
	names, ok := e.Header[recordField]
	return names, ok
}

// selecting writes the values of the selecting headers, as sent upstream, so that equal ones are equal bytes.
func selecting(names []string, sent http.Header) []byte {
	var b []byte
	for _, name := range names {
		b = append(append(b, name...), 0)
		if values, ok := sent[name]; ok {
			b = append(append(b, 1), normal(values)...)
		}
		b = append(b, 0)
	}
	return b
}

// normal joins a field's lines, and takes away the blanks around its commas (RFC 9111, section 4.1). In quoted strings
// blanks mean something.
func normal(values []string) string {
	whole := strings.Join(values, ",")
	if strings.Contains(whole, `"`) {
		return whole
	}
	members := strings.Split(whole, ",")
	for i, m := range members {
		members[i] = strings.Trim(m, " \t")
	}
	return strings.Join(members, ",")
}
