package schema

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"net/mail"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"atrium/clients/rawjson"
)

// isWhole reports whether a JSON number has no fraction: 12, 12.0 and 1.2e1 have none.
func isWhole(raw []byte) bool {
	raw = bytes.TrimSpace(raw)
	if !bytes.ContainsAny(raw, ".eE") {
		return true
	}
	f, err := strconv.ParseFloat(string(raw), 64)
	return err == nil && f == math.Trunc(f)
}

func (c *checker) number(t *Type, raw []byte, pointer string) {
	text := string(bytes.TrimSpace(raw))
	if bits := intBits(t.Format); bits > 0 && t.Kind == Integer && !fitsBits(text, bits) {
		c.report(pointer, "a number of "+strconv.Itoa(bits)+" bits", "one that is larger")
	}
	l := t.Limits
	if l == nil {
		return
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return
	}
	if least := l.Minimum; least != nil && (value < *least || l.ExclusiveMinimum && value == *least) {
		c.report(pointer, bound("at least", "more than", l.ExclusiveMinimum, *least), "a smaller number")
	}
	if most := l.Maximum; most != nil && (value > *most || l.ExclusiveMaximum && value == *most) {
		c.report(pointer, bound("at most", "less than", l.ExclusiveMaximum, *most), "a larger number")
	}
	if l.MultipleOf != nil && *l.MultipleOf > 0 && !isMultiple(text, *l.MultipleOf) {
		c.report(pointer, "a multiple of "+shortest(*l.MultipleOf), "another number")
	}
}

func bound(inclusive, exclusive string, isExclusive bool, limit float64) string {
	if isExclusive {
		return exclusive + " " + shortest(limit)
	}
	return inclusive + " " + shortest(limit)
}

func shortest(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

func intBits(format string) int {
	switch format {
	case "int32":
		return 32
	case "int64":
		return 64
	}
	return 0
}

func fitsBits(text string, bits int) bool {
	if _, err := strconv.ParseInt(text, 10, bits); err == nil {
		return true
	}
	if !strings.ContainsAny(text, ".eE") {
		return false
	}
	f, err := strconv.ParseFloat(text, 64)
	return err == nil && math.Abs(f) < math.Ldexp(1, bits-1)
}

// isMultiple divides exactly as written: 0.3 is a multiple of 0.1.
func isMultiple(text string, of float64) bool {
	if len(text) > 64 || strings.ContainsAny(text, "eE") && len(text) > 24 {
		return true
	}
	if f, err := strconv.ParseFloat(text, 64); err != nil || math.Abs(f) > 1e30 || f != 0 && math.Abs(f) < 1e-30 {
		return true
	}
	value, ok := new(big.Rat).SetString(text)
	unit, fine := new(big.Rat).SetString(shortest(of))
	return !ok || !fine || value.Quo(value, unit).IsInt()
}

func (c *checker) text(t *Type, raw []byte, pointer string) {
	if t.Limits == nil && !hasFormat(t.Format) {
		return
	}
	text := string(rawjson.AppendUnquoted(nil, bytes.TrimSpace(raw)))
	if l := t.Limits; l != nil {
		c.count(pointer, utf8.RuneCountInString(text), l.MinLength, l.MaxLength, "characters")
		if l.pattern != nil && !l.pattern.MatchString(text) {
			c.report(pointer, "text that matches "+l.Pattern, "other text")
		}
	}
	if hasFormat(t.Format) && !isFormatted(t.Format, text) {
		c.report(pointer, "text of format "+t.Format, "other text")
	}
}

func hasFormat(format string) bool {
	switch format {
	case "date-time", "date", "uuid", "email", "uri", "ipv4", "ipv6":
		return true
	}
	return false
}

func isFormatted(format, text string) bool {
	switch format {
	case "date-time":
		_, err := time.Parse(time.RFC3339, strings.ToUpper(text))
		return err == nil
	case "date":
		_, err := time.Parse(time.DateOnly, text)
		return err == nil
	case "uuid":
		return isUUID(text)
	case "email":
		address, err := mail.ParseAddress(text)
		return err == nil && address.Address == text
	case "uri":
		u, err := url.Parse(text)
		return err == nil && u.IsAbs()
	case "ipv4":
		a, err := netip.ParseAddr(text)
		return err == nil && a.Is4()
	case "ipv6":
		a, err := netip.ParseAddr(text)
		return err == nil && a.Is6()
	}
	return true
}

func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i] | 0x20
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if s[i] != '-' {
				return false
			}
		case '0' <= s[i] && s[i] <= '9', 'a' <= c && c <= 'f':
		default:
			return false
		}
	}
	return true
}

// oneOf reports whether a value is one of an enum's, which are JSON.
func oneOf(enum []string, raw []byte) bool {
	raw = bytes.TrimSpace(raw)
	if slices.Contains(enum, string(raw)) {
		return true
	}
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return false
	}
	for _, allowed := range enum {
		var other any
		if json.Unmarshal([]byte(allowed), &other) == nil && reflect.DeepEqual(value, other) {
			return true
		}
	}
	return false
}

const shownValues = 12 // of an enum, in words

func inWords(enum []string) string {
	if len(enum) == 1 {
		return enum[0]
	}
	if len(enum) > shownValues {
		return "one of " + strings.Join(enum[:shownValues], ", ") + ", ..."
	}
	return "one of " + strings.Join(enum, ", ")
}
