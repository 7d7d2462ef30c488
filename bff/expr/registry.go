package expr

import (
	"strconv"
	"strings"
	"sync"

	"atrium/clients/schema"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// A registry gives objects a name that CEL knows them by: that of the component and a number, "Order#7", which no
// expression can write. Types are added as they are met, so that a large schema costs nothing until it is used.
type registry struct {
	mu    sync.Mutex
	names map[*schema.Type]string
	types map[string]*schema.Type
}

var _ types.Provider = (*registry)(nil)

func newRegistry() *registry {
	return &registry{names: map[*schema.Type]string{}, types: map[string]*schema.Type{}}
}

// maxListNesting bounds lists of lists, which may go round in a circle.
const maxListNesting = 8

// cel returns what CEL calls a type. That it allows null is checked apart.
func (r *registry) cel(t *schema.Type) *types.Type { return r.nested(t, maxListNesting) }

func (r *registry) nested(t *schema.Type, depth int) *types.Type {
	if t == nil || depth == 0 {
		return types.DynType
	}
	switch t.Kind {
	case schema.Null:
		return types.NullType
	case schema.Bool:
		return types.BoolType
	case schema.Integer:
		return types.IntType
	case schema.Number:
		return types.DoubleType
	case schema.String:
		return types.StringType
	case schema.Array:
		return types.NewListType(r.nested(t.Elem, depth-1))
	case schema.Object:
		if isMap(t) {
			return types.NewMapType(types.StringType, r.nested(t.Extra, depth-1))
		}
		return types.NewObjectType(r.name(t))
	case schema.Union:
		if onlyObjects(t) {
			return types.NewObjectType(r.name(t))
		}
	case schema.Any:
	}
	return types.DynType
}

func isMap(t *schema.Type) bool { return len(t.Fields) == 0 && t.Extra != nil }

func onlyObjects(t *schema.Type) bool {
	for _, one := range t.OneOf {
		if one.Kind != schema.Object {
			return false
		}
	}
	return true
}

func (r *registry) name(t *schema.Type) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if name, ok := r.names[t]; ok {
		return name
	}
	plain := t.NotNull()
	name, ok := r.names[plain]
	if !ok {
		name = t.Name + "#" + strconv.Itoa(len(r.types))
		r.names[plain], r.types[name] = name, plain
	}
	r.names[t] = name
	return name
}

// find returns the type that cel named; nil when there is none.
func (r *registry) find(name string) *schema.Type {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.types[name]
}

// shown returns a CEL type's name as people know it.
func shown(name string) string {
	if plain, _, ok := strings.Cut(name, "#"); ok {
		name = plain
	}
	if name == "" {
		return "object"
	}
	return name
}

// EnumValue implements types.Provider.
func (r *registry) EnumValue(name string) ref.Val { return types.NewErr("unknown enum %s", name) }

// FindIdent implements types.Provider.
func (r *registry) FindIdent(string) (ref.Val, bool) { return nil, false }

// FindStructType implements types.Provider.
func (r *registry) FindStructType(name string) (*types.Type, bool) {
	if r.find(name) == nil {
		return nil, false
	}
	return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
}

// FindStructFieldNames implements types.Provider.
func (r *registry) FindStructFieldNames(name string) ([]string, bool) {
	t := r.find(name)
	if t == nil {
		return nil, false
	}
	return t.FieldNames(), true
}

// FindStructFieldType implements types.Provider.
func (r *registry) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	t := r.find(name)
	if t == nil {
		return nil, false
	}
	next, wrong := followPlain(t, namedStep(field, true))
	if wrong != nil {
		return nil, false
	}
	return &types.FieldType{Type: r.cel(next)}, true
}

// NewValue implements types.Provider.
func (r *registry) NewValue(name string, _ map[string]ref.Val) ref.Val {
	return types.NewErr("unknown type %s", name)
}
