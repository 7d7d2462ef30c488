package expr

import (
	"math"
	"strconv"

	"atrium/clients/rawjson"
	"atrium/clients/schema"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
)

// A run is one evaluation: what it was given and what it has left. Values of raw JSON belong to it.
type run struct {
	program *programNode
	env     Env
	values  []ref.Val         // of the program's names, once they were asked for
	left    int               // bytes of JSON that may still be looked at
	numbers map[uint64][]byte // how a double was written, when it was not written as we would; nil: in several ways
}

// stop ends the evaluation from wherever it is.
func stop(err error) {
	panic(interpreter.EvalCancelledError{Cause: interpreter.CostLimitExceeded, Message: err.Error()})
}

// look pays for reading n bytes of JSON.
func (r *run) look(n int) {
	if r.left -= n; r.left < 0 {
		stop(errScan)
	}
}

// value makes a CEL value of JSON of type t; nil t is Any.
func (r *run) value(raw []byte, t *schema.Type) ref.Val {
	switch rawjson.Kind(raw) {
	case rawjson.Bool:
		return types.Bool(raw[0] == 't')
	case rawjson.Number:
		return r.number(raw, t)
	case rawjson.String:
		return r.text(raw)
	case rawjson.Array:
		return &list{raw: raw, elem: elementOf(t), run: r}
	case rawjson.Object:
		return &object{raw: raw, typ: t, run: r}
	case rawjson.Null, rawjson.Invalid:
	}
	return null{}
}

func (r *run) text(raw []byte) ref.Val {
	if len(raw) > maxText {
		stop(errLongText)
	}
	r.look(len(raw))
	var scratch [128]byte
	return types.String(rawjson.AppendUnquoted(scratch[:0], raw))
}

// number makes an int of what is written as one, unless its type says that it is a number.
func (r *run) number(raw []byte, t *schema.Type) ref.Val {
	text := string(raw)
	if t == nil || t.Kind != schema.Number {
		if i, err := strconv.ParseInt(text, 10, 64); err == nil {
			return types.Int(i)
		}
		if u, err := strconv.ParseUint(text, 10, 64); err == nil {
			return types.Uint(u)
		}
	}
	f, _ := strconv.ParseFloat(text, 64) // too large is infinite, which compares rightly
	if t != nil && t.Kind == schema.Integer && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return types.Int(f)
	}
	if r.program.numbers && !math.IsInf(f, 0) {
		r.remember(f, raw)
	}
	return types.Double(f)
}

// remember notes how a double was written, so that a result that is the same number is written the same.
func (r *run) remember(f float64, raw []byte) {
	bits := math.Float64bits(f)
	before, known := r.numbers[bits]
	switch {
	case r.numbers == nil:
		r.numbers = map[uint64][]byte{bits: raw}
	case !known:
		r.numbers[bits] = raw
	case string(before) != string(raw) && (digits(before) > exactDigits || digits(raw) > exactDigits):
		r.numbers[bits] = nil
	}
}

// exactDigits is how many digits a double always tells apart.
const exactDigits = 15

func digits(raw []byte) int {
	n := 0
	for _, b := range raw {
		if b|0x20 == 'e' {
			break
		}
		if b >= '0' && b <= '9' {
			n++
		}
	}
	return n
}

func elementOf(t *schema.Type) *schema.Type {
	if t == nil || t.Kind != schema.Array {
		return nil
	}
	return t.Elem
}

// memberOf returns the type of a member as far as it matters here: which numbers are integers.
func memberOf(t *schema.Type, name string) *schema.Type {
	if t == nil {
		return nil
	}
	for i := range t.Fields {
		if t.Fields[i].Name == name {
			return t.Fields[i].Type
		}
	}
	for _, one := range t.OneOf {
		if m := memberOf(one, name); m != nil {
			return m
		}
	}
	return t.Extra
}
