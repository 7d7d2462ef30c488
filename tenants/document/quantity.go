package document

import (
	"math"
	"strconv"
	"strings"
)

// cutQuantity splits "1.5h30m" into "1.5", "h" and "30m".
func cutQuantity(text string) (number, unit, rest string, ok bool) {
	end := strings.IndexFunc(text, func(r rune) bool { return r != '.' && !isDigit(r) })
	if end <= 0 {
		return "", "", "", false
	}
	whole, fraction, hasFraction := strings.Cut(text[:end], ".")
	if whole == "" || hasFraction && (fraction == "" || strings.Contains(fraction, ".")) {
		return "", "", "", false
	}
	tail := text[end:]
	next := strings.IndexFunc(tail, isDigit)
	if next < 0 {
		next = len(tail)
	}
	return text[:end], tail[:next], tail[next:], true
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// scaled is number times unit, exact for whole numbers; ok is false when it does not fit.
func scaled(number string, unit int64) (product int64, ok bool) {
	if n, err := strconv.ParseInt(number, 10, 64); err == nil {
		return n * unit, n <= math.MaxInt64/unit
	}
	f, err := strconv.ParseFloat(number, 64)
	f = math.Round(f * float64(unit))
	if err != nil || f >= math.MaxInt64 {
		return 0, false
	}
	return int64(f), true
}
