package expr

import (
	"context"

	"atrium/clients/rawjson"
)

// form is how a value is written.
type form uint8

const (
	asJSON form = iota
	asText      // strings unquoted, null as nothing
	asBody      // as the inside of a JSON string
)

// A node makes one value. Nodes are immutable.
type node interface {
	append(ctx context.Context, dst []byte, env Env, as form) ([]byte, error)
}

// appendRaw writes valid JSON; nil is null.
func appendRaw(dst, raw []byte, as form) []byte {
	kind := rawjson.Kind(raw)
	null := kind == rawjson.Null || kind == rawjson.Invalid
	switch {
	case null && as != asJSON:
		return dst
	case null:
		return append(dst, "null"...)
	case as == asText && kind == rawjson.String:
		return rawjson.AppendUnquoted(dst, raw)
	case as == asBody && kind == rawjson.String:
		return append(dst, raw[1:len(raw)-1]...)
	case as == asBody:
		return rawjson.AppendEscaped(dst, raw)
	}
	return append(dst, raw...)
}

// truth reports whether n is true.
func truth(ctx context.Context, n node, env Env) (bool, error) {
	switch n := n.(type) {
	case *pathNode:
		return string(n.raw(env)) == "true", nil
	case *quickNode:
		return n.truth(ctx, env)
	case *programNode:
		return n.truth(ctx, env)
	}
	var scratch [8]byte
	out, err := n.append(ctx, scratch[:0], env, asJSON)
	return string(out) == "true", err
}

// A constNode is always the same JSON.
type constNode []byte

func (n constNode) append(_ context.Context, dst []byte, _ Env, as form) ([]byte, error) {
	return appendRaw(dst, n, as), nil
}

// A pathNode copies what is written at a path.
type pathNode struct {
	slot int
	path rawjson.Path
}

func (n *pathNode) raw(env Env) []byte {
	raw, _ := rawjson.Get(env.slot(n.slot), n.path)
	return raw
}

func (n *pathNode) append(_ context.Context, dst []byte, env Env, as form) ([]byte, error) {
	return appendRaw(dst, n.raw(env), as), nil
}

// A textNode is a text with holes.
type textNode []node

func (n textNode) append(ctx context.Context, dst []byte, env Env, as form) ([]byte, error) {
	part := as
	if as == asJSON {
		part = asBody
		dst = append(dst, '"')
	}
	start := len(dst)
	var err error
	for _, p := range n {
		if dst, err = within(ctx, p, dst, start, env, part); err != nil {
			return dst, err
		}
	}
	if as == asJSON {
		dst = append(dst, '"')
	}
	return dst, nil
}

// within appends a part of a value that starts at start, as long as the whole is not too large: a short expression may
// name a large document many times.
func within(ctx context.Context, n node, dst []byte, start int, env Env, as form) ([]byte, error) {
	if p, ok := n.(*pathNode); ok {
		raw := p.raw(env)
		if len(dst)-start+len(raw) > maxOutput {
			return dst, errOutput
		}
		return appendRaw(dst, raw, as), nil
	}
	dst, err := n.append(ctx, dst, env, as)
	if err == nil && len(dst)-start > maxOutput {
		err = errOutput
	}
	return dst, err
}

// folded returns a constant when no part of the text varies.
func (n textNode) folded() node {
	for _, p := range n {
		if _, ok := p.(constNode); !ok {
			return n
		}
	}
	raw, err := n.append(context.Background(), nil, nil, asJSON)
	if err != nil {
		return n
	}
	return constNode(raw)
}

// A choiceNode is one of two values.
type choiceNode struct{ test, yes, no node }

func (n *choiceNode) append(ctx context.Context, dst []byte, env Env, as form) ([]byte, error) {
	holds, err := truth(ctx, n.test, env)
	if err != nil {
		return dst, err
	}
	if holds {
		return n.yes.append(ctx, dst, env, as)
	}
	return n.no.append(ctx, dst, env, as)
}

// A defaultNode is what is written at a path or, where that is null, another value.
type defaultNode struct {
	path  *pathNode
	other node
}

func (n *defaultNode) append(ctx context.Context, dst []byte, env Env, as form) ([]byte, error) {
	if raw := n.path.raw(env); !rawjson.IsNull(raw) {
		return appendRaw(dst, raw, as), nil
	}
	return n.other.append(ctx, dst, env, as)
}

// A listNode is a list written out.
type listNode []node

func (n listNode) append(ctx context.Context, dst []byte, env Env, as form) ([]byte, error) {
	if as != asJSON {
		return appendEscaped(ctx, n, dst, env, as)
	}
	start := len(dst)
	dst = append(dst, '[')
	for i, elem := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = within(ctx, elem, dst, start, env, asJSON); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

// An objectNode is an object written out.
type objectNode []member

type member struct {
	name  []byte // with quotes and colon
	value node
}

func (n objectNode) append(ctx context.Context, dst []byte, env Env, as form) ([]byte, error) {
	if as != asJSON {
		return appendEscaped(ctx, n, dst, env, as)
	}
	start := len(dst)
	dst = append(dst, '{')
	for i, m := range n {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		dst = append(dst, m.name...)
		if dst, err = within(ctx, m.value, dst, start, env, asJSON); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// appendEscaped writes a list or object where text is wanted.
func appendEscaped(ctx context.Context, n node, dst []byte, env Env, as form) ([]byte, error) {
	raw, err := n.append(ctx, nil, env, asJSON)
	if err != nil {
		return dst, err
	}
	return appendRaw(dst, raw, as), nil
}
