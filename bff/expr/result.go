package expr

import (
	"encoding/base64"
	"fmt"
	"math"
	"slices"
	"strconv"

	"atrium/clients/rawjson"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

var errNoJSON = fmt.Errorf("%w: it gives what is no JSON", ErrEval)

// appendResult writes what CEL gave. r may be nil when no raw JSON is in it.
func appendResult(dst []byte, v ref.Val, as form, r *run) ([]byte, error) {
	switch v := v.(type) {
	case types.String:
		return appendString(dst, string(v), as), nil
	case *types.Optional:
		if !v.HasValue() {
			return appendRaw(dst, nil, as), nil
		}
		return appendResult(dst, v.GetValue(), as, r)
	case null, types.Null:
		return appendRaw(dst, nil, as), nil
	case *object:
		return appendRaw(dst, v.raw, as), nil
	case *list:
		return appendRaw(dst, v.raw, as), nil
	case types.Bytes:
		return appendString(dst, base64.StdEncoding.EncodeToString(v), as), nil
	case traits.Lister, traits.Mapper:
		if as == asJSON {
			return appendNested(dst, v, r)
		}
		raw, err := appendNested(nil, v, r)
		if err != nil {
			return dst, err
		}
		return appendRaw(dst, raw, as), nil
	}
	return appendScalar(dst, v, r)
}

func appendString(dst []byte, s string, as form) []byte {
	switch as {
	case asText:
		return append(dst, s...)
	case asBody:
		return rawjson.AppendEscaped(dst, s)
	case asJSON:
	}
	return rawjson.AppendQuoted(dst, s)
}

func appendScalar(dst []byte, v ref.Val, r *run) ([]byte, error) {
	switch v := v.(type) {
	case types.Bool:
		return strconv.AppendBool(dst, bool(v)), nil
	case types.Int:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case types.Uint:
		return strconv.AppendUint(dst, uint64(v), 10), nil
	case types.Double:
		return appendDouble(dst, float64(v), r)
	case *types.Err:
		return dst, fmt.Errorf("%w: %s", ErrEval, reason(v))
	}
	return dst, errNoJSON
}

// appendDouble writes a number as the JSON that it came from wrote it, if it came from any.
func appendDouble(dst []byte, f float64, r *run) ([]byte, error) {
	if r != nil && r.numbers != nil {
		if raw, ok := r.numbers[math.Float64bits(f)]; ok && raw == nil {
			return dst, fmt.Errorf("%w: it takes two numbers that differ beyond the 15th digit for one", ErrEval)
		} else if ok {
			return append(dst, raw...), nil
		}
	}
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return dst, fmt.Errorf("%w: a number is out of range", ErrEval)
	}
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, f, format, -1, 64), nil
}

// appendNested writes a list or map that CEL made. The members of a map are sorted, because CEL keeps no order.
func appendNested(dst []byte, v ref.Val, r *run) ([]byte, error) {
	start := len(dst)
	if l, ok := v.(traits.Lister); ok {
		dst = append(dst, '[')
		for i := range size(l) {
			if i > 0 {
				dst = append(dst, ',')
			}
			var err error
			if dst, err = appendPart(dst, start, l.Get(types.Int(i)), r); err != nil {
				return dst, err
			}
		}
		return append(dst, ']'), nil
	}
	m, _ := v.(traits.Mapper)
	names, err := sortedNames(m)
	dst = append(dst, '{')
	for i, name := range names {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(rawjson.AppendQuoted(dst, string(name)), ':')
		if dst, err = appendPart(dst, start, m.Get(name), r); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), err
}

// appendPart writes a part of a value that starts at start, as long as it is not too large.
func appendPart(dst []byte, start int, v ref.Val, r *run) ([]byte, error) {
	if len(dst)-start > maxOutput {
		return dst, errOutput
	}
	return appendResult(dst, v, asJSON, r)
}

func sortedNames(m traits.Mapper) ([]types.String, error) {
	var names []types.String
	for it := m.Iterator(); it.HasNext() == types.True; {
		name, ok := it.Next().(types.String)
		if !ok {
			return nil, fmt.Errorf("%w: names of an object must be text", ErrEval)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}
