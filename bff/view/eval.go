package view

import (
	"context"
	"errors"
	"fmt"

	"atrium/bff/expr"
	"atrium/clients/rawjson"
)

// What making one value may cost.
const (
	maxBytes = 64 << 20 // of a response or of a step's arguments
	maxTurns = 1 << 20  // of all loops together
)

var (
	errTooLarge = errors.New("the response exceeds 64 MiB")
	errTurns    = errors.New("the loops turn more than 1,048,576 times")
	errShape    = errors.New("the value is not of the shape that the template needs")
)

// An eval makes values out of a frame. Evals of one frame may run at once as long as they use different loops.
type eval struct {
	*frame
	env   expr.Env // may differ from the frame's where loop names differ
	arena []byte   // where raw puts what it makes; earlier results stay valid
	made  int      // bytes that went through the arena
	turns int
}

// raw returns the value of c as JSON, copied only where it has to be made.
func (e *eval) raw(ctx context.Context, c *code) ([]byte, error) {
	if len(c.ops) == 1 {
		o := &c.ops[0]
		if o.code == opText {
			return o.text, nil
		}
		if o.code == opCopy || o.code == opSlot {
			return e.pick(o), nil
		}
	}
	arena := e.arena
	e.arena = nil // what is made on the way must not go where this value goes
	start := len(arena)
	made, err := e.run(ctx, c.ops, arena)
	if err != nil {
		return nil, err
	}
	e.arena = made
	if e.made += len(made) - start; e.made > maxBytes {
		return nil, errTooLarge
	}
	return made[start:len(made):len(made)], nil
}

// pick returns the value of an opCopy or opSlot; nil when it is absent.
func (e *eval) pick(o *op) []byte {
	if o.code == opSlot {
		return e.env[o.row]
	}
	return e.rows[o.row].Get(int(o.column))
}

// run appends what ops make.
func (e *eval) run(ctx context.Context, ops []op, dst []byte) ([]byte, error) {
	return e.between(ctx, ops, 0, dst)
}

// between appends what ops make from one of them on.
func (e *eval) between(ctx context.Context, ops []op, from int, dst []byte) ([]byte, error) {
	var err error
	for i := from; i < len(ops); i++ {
		o := &ops[i]
		switch o.code {
		case opText:
			dst = append(dst, o.text...)
		case opCopy, opSlot:
			dst = appendValue(dst, e.pick(o))
		case opValue:
			dst, err = o.value.AppendJSON(ctx, dst, e.env)
		case opComma:
			dst = appendComma(dst)
		case opUnless:
			var holds bool
			if holds, err = o.value.Bool(ctx, e.env); !holds {
				i = int(o.row) - 1
			}
		case opLoop:
			dst, err = e.loop(ctx, o.loop, dst)
		case opSpread:
			dst, err = e.spread(ctx, o.spread, dst)
		case opMember:
			dst, err = e.member(ctx, o, dst)
		}
		if err != nil {
			return dst, err
		}
	}
	if len(dst) > maxBytes {
		return dst, errTooLarge
	}
	return dst, nil
}

func appendValue(dst, value []byte) []byte {
	if value == nil {
		value = null
	}
	return append(dst, value...)
}

// appendComma appends a comma unless a list or object has just begun. No value ends like one begins.
func appendComma(dst []byte) []byte {
	if last := dst[len(dst)-1]; last == '{' || last == '[' {
		return dst
	}
	return append(dst, ',')
}

func (e *eval) member(ctx context.Context, o *op, dst []byte) ([]byte, error) {
	value, err := e.raw(ctx, o.member)
	if err != nil || rawjson.IsNull(value) {
		return dst, err
	}
	return append(append(appendComma(dst), o.text...), value...), nil
}

func (e *eval) spread(ctx context.Context, s *spread, dst []byte) ([]byte, error) {
	object, err := e.raw(ctx, &s.object)
	if err != nil || rawjson.IsNull(object) {
		return dst, err
	}
	if rawjson.Kind(object) != rawjson.Object {
		return dst, fmt.Errorf("%s: $spread wants an object: %w", s.place, errShape)
	}
	for name, value := range rawjson.Members(object) {
		if _, written := s.except[name]; written {
			continue
		}
		dst = append(rawjson.AppendQuoted(appendComma(dst), name), ':')
		dst = append(dst, value...)
	}
	return dst, nil
}
