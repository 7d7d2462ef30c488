package expr

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"atrium/clients/rawjson"
	"atrium/clients/schema"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
)

// A programNode is what CEL evaluates.
type programNode struct {
	cel     cel.Program
	names   []root
	place   string // file:line:column
	loops   bool
	numbers bool // the result may hold numbers, which are written as they were
	runs    sync.Pool
}

// A root is a name that a program mentions.
type root struct {
	name string
	slot int
	typ  *schema.Type
}

func (n *programNode) add(r root) {
	for _, known := range n.names {
		if known.name == r.name {
			return
		}
	}
	n.names = append(n.names, r)
}

func (n *programNode) append(ctx context.Context, dst []byte, env Env, as form) ([]byte, error) {
	r := n.begin(env)
	defer n.end(r)
	v, err := n.eval(ctx, r)
	if err != nil {
		return dst, err
	}
	out, err := n.write(dst, v, as, r)
	if err != nil {
		return dst, n.failed(err)
	}
	return out, nil
}

func (n *programNode) truth(ctx context.Context, env Env) (bool, error) {
	r := n.begin(env)
	defer n.end(r)
	v, err := n.eval(ctx, r)
	return v == types.True, err
}

// write is appendResult, which may look at JSON and find that it is too much.
func (n *programNode) write(dst []byte, v ref.Val, as form, r *run) (out []byte, err error) {
	defer func() {
		switch stopped := recover().(type) {
		case nil:
		case interpreter.EvalCancelledError:
			err = stopped
		default:
			panic(stopped)
		}
	}()
	return appendResult(dst, v, as, r)
}

func (n *programNode) begin(env Env) *run {
	r, ok := n.runs.Get().(*run)
	if !ok {
		r = &run{program: n, values: make([]ref.Val, len(n.names))}
	}
	r.env, r.left = env, maxScan
	return r
}

func (n *programNode) end(r *run) {
	clear(r.values)
	r.env, r.numbers = nil, nil
	n.runs.Put(r)
}

func (n *programNode) eval(ctx context.Context, r *run) (ref.Val, error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("%s: %w", n.place, context.Cause(ctx))
	}
	var v ref.Val
	var err error
	if n.loops {
		v, _, err = n.cel.ContextEval(ctx, r)
	} else {
		v, _, err = n.cel.Eval(r)
	}
	switch {
	case err == nil:
		return v, nil
	case ctx.Err() != nil && errors.Is(err, interpreter.InterruptError{}):
		return nil, fmt.Errorf("%s: %w", n.place, context.Cause(ctx))
	}
	return nil, n.failed(err)
}

// failed says where and why an evaluation failed.
func (n *programNode) failed(err error) error {
	kind := ErrEval
	if _, stopped := errors.AsType[interpreter.EvalCancelledError](err); stopped || errors.Is(err, ErrCost) {
		kind = ErrCost
	}
	return &failure{place: n.place, kind: kind, reason: reason(err)}
}

// ResolveName implements CEL's Activation. A name that a macro's hides is asked for with a point.
func (r *run) ResolveName(asked string) (any, bool) {
	asked = strings.TrimPrefix(asked, ".")
	for i := range r.program.names {
		root := &r.program.names[i]
		if root.name != asked {
			continue
		}
		if r.values[i] == nil {
			raw, _ := rawjson.Get(r.env.slot(root.slot), nil)
			r.values[i] = r.value(raw, root.typ)
		}
		return r.values[i], true
	}
	return nil, false
}

// Parent implements CEL's Activation.
func (r *run) Parent() cel.Activation { return nil }
