package expr

import "context"

type programNode struct{}

func (n *programNode) append(context.Context, []byte, Env, form) ([]byte, error) { return nil, ErrEval }
func (n *programNode) truth(context.Context, Env) (bool, error)                  { return false, ErrEval }
