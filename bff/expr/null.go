package expr

import (
	"errors"
	"reflect"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

var errNative = errors.New("values of raw JSON have no native form")

// null is CEL's null but for one thing: what is inside of it is null as well, so that a path passes it on.
type null struct{}

var (
	_ traits.Indexer     = null{}
	_ traits.FieldTester = null{}
	_ traits.Zeroer      = null{}
)

func (null) Get(ref.Val) ref.Val                       { return null{} }
func (null) IsSet(ref.Val) ref.Val                     { return types.False }
func (null) IsZeroValue() bool                         { return true }
func (null) Equal(other ref.Val) ref.Val               { return types.Bool(other.Type() == types.NullType) }
func (null) Type() ref.Type                            { return types.NullType }
func (null) Value() any                                { return types.NullValue.Value() }
func (null) ConvertToType(t ref.Type) ref.Val          { return types.NullValue.ConvertToType(t) }
func (null) ConvertToNative(reflect.Type) (any, error) { return nil, errNative }
