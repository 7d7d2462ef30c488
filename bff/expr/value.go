package expr

import (
	"context"
	"errors"

	"atrium/clients/rawjson"
	"atrium/clients/schema"
)

// Errors of an evaluation. The error that wraps them names the hole's place, never a value.
var (
	ErrCost = errors.New("the expression costs too much")
	ErrEval = errors.New("the expression has no value")
)

// A Value is a compiled scalar. It is immutable and safe for concurrent use.
type Value struct {
	Type *schema.Type

	// Names are the roots mentioned, sorted.
	Names []string

	// Fields are the members of roots mentioned, sorted: "vars.brand", "header.accept-language". A root that is used as a
	// whole, or by a member that is not known before it runs, is "vars.*".
	Fields []string

	node  node
	place string // file:line:column
}

// Path returns the slot and path of a value that is only a path. The caller may copy the bytes itself: nowhere is null.
func (v *Value) Path() (slot int, path rawjson.Path, ok bool) {
	if p, ok := v.node.(*pathNode); ok {
		return p.slot, p.path, true
	}
	return 0, nil, false
}

// Const returns the JSON of a value that is always the same.
func (v *Value) Const() ([]byte, bool) {
	if c, ok := v.node.(constNode); ok {
		return c, true
	}
	return nil, false
}

// AppendJSON appends the value as JSON; what is absent is null. The error wraps ErrCost, ErrEval or the cause of ctx's
// end; dst is as it was then.
func (v *Value) AppendJSON(ctx context.Context, dst []byte, env Env) ([]byte, error) {
	return v.append(ctx, dst, env, asJSON)
}

// AppendText appends the value as text: strings unquoted, null as nothing, numbers as written, lists and objects as
// JSON. Errors are those of AppendJSON.
func (v *Value) AppendText(ctx context.Context, dst []byte, env Env) ([]byte, error) {
	return v.append(ctx, dst, env, asText)
}

func (v *Value) append(ctx context.Context, dst []byte, env Env, as form) ([]byte, error) {
	out, err := v.node.append(ctx, dst, env, as)
	if err != nil {
		return dst, v.failed(err)
	}
	return out, nil
}

// failed gives an error its place, unless a part of the value did.
func (v *Value) failed(err error) error {
	if errors.Is(err, errOutput) {
		return &failure{place: v.place, kind: ErrCost, reason: reason(err)}
	}
	return err
}

// Bool reports whether the value is true; null, absent and anything else are false. Errors are those of AppendJSON.
func (v *Value) Bool(ctx context.Context, env Env) (bool, error) {
	holds, err := truth(ctx, v.node, env)
	if err != nil {
		return false, v.failed(err)
	}
	return holds, nil
}
