package schema

import (
	"strconv"

	"atrium/clients/rawjson"
)

func appendLimits(dst []byte, l *Limits) []byte {
	if l == nil {
		return dst
	}
	dst = appendBound(dst, "inimum", l.Minimum, l.ExclusiveMinimum)
	dst = appendBound(dst, "aximum", l.Maximum, l.ExclusiveMaximum)
	dst = appendNumber(dst, "multipleOf", l.MultipleOf)
	dst = appendCounts(dst, "Length", l.MinLength, l.MaxLength)
	dst = appendCounts(dst, "Items", l.MinItems, l.MaxItems)
	dst = appendCounts(dst, "Properties", l.MinProperties, l.MaxProperties)
	if l.Pattern != "" {
		dst = rawjson.AppendQuoted(member(dst, "pattern"), l.Pattern)
	}
	if l.UniqueItems {
		dst = append(member(dst, "uniqueItems"), "true"...)
	}
	return dst
}

// appendBound writes a minimum or maximum; name lacks its first letter, which "exclusive" before it makes a capital.
func appendBound(dst []byte, name string, limit *float64, exclusive bool) []byte {
	if exclusive {
		return appendNumber(dst, "exclusiveM"+name, limit)
	}
	return appendNumber(dst, "m"+name, limit)
}

func appendNumber(dst []byte, name string, limit *float64) []byte {
	if limit == nil {
		return dst
	}
	format := byte('f')
	if f := *limit; f > 1e15 || f < -1e15 || f != 0 && f < 1e-6 && f > -1e-6 {
		format = 'g'
	}
	return strconv.AppendFloat(member(dst, name), *limit, format, -1, 64)
}

func appendCounts(dst []byte, what string, least int, most *int) []byte {
	if least > 0 {
		dst = strconv.AppendInt(member(dst, "min"+what), int64(least), 10)
	}
	if most != nil {
		dst = strconv.AppendInt(member(dst, "max"+what), int64(*most), 10)
	}
	return dst
}
