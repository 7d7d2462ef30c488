package expr

import (
	"context"
	"errors"

	"atrium/clients/rawjson"
	"atrium/clients/schema"
	"atrium/tenants/document"
)

// Errors of an evaluation. The error that wraps them names the hole's place, never a value.
var (
	ErrCost = errors.New("expression costs too much")
	ErrEval = errors.New("expression has no value")
)

// A Scope holds the names that holes may use, with their types and slots. It is immutable.
type Scope struct{}

// NewScope returns a Scope without names.
func NewScope() *Scope { panic("soon") }

// With returns a Scope that also has name, in a slot of its own; a name that is there already is shadowed.
func (s *Scope) With(name string, t *schema.Type) *Scope { panic("soon") }

// Slots returns how many slots an Env for this Scope needs.
func (s *Scope) Slots() int { panic("soon") }

// Slot returns the slot of a name.
func (s *Scope) Slot(name string) (int, bool) { panic("soon") }

// Env is the raw JSON of each slot, which must be valid; nil is absent, which reads as null.
type Env [][]byte

// Value compiles a scalar: a literal, one hole, or text with holes.
func (s *Scope) Value(n *document.Node) (*Value, document.Issues) { panic("soon") }

// Expr compiles an expression written without ${}, which starts offset characters into the scalar n.
func (s *Scope) Expr(n *document.Node, offset int, src string) (*Value, document.Issues) {
	panic("soon")
}

// A Value is a compiled scalar. It is immutable and safe for concurrent use.
type Value struct {
	Type   *schema.Type
	Names  []string // the roots mentioned, sorted
	Fields []string // first-level members of the roots mentioned, such as "vars.brand"; "vars.*" when not known
}

// Path returns the slot and path of a value that is only a path.
func (v *Value) Path() (slot int, path rawjson.Path, ok bool) { panic("soon") }

// Const returns a literal, as JSON.
func (v *Value) Const() ([]byte, bool) { panic("soon") }

// AppendJSON appends the value as JSON; what is absent is null.
func (v *Value) AppendJSON(ctx context.Context, dst []byte, env Env) ([]byte, error) { panic("soon") }

// AppendText appends the value as text: strings unquoted, null as nothing, lists and objects as JSON.
func (v *Value) AppendText(ctx context.Context, dst []byte, env Env) ([]byte, error) { panic("soon") }

// Bool evaluates a condition; null and absent are false.
func (v *Value) Bool(ctx context.Context, env Env) (bool, error) { panic("soon") }
