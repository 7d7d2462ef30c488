package expr

import (
	"reflect"

	"atrium/clients/rawjson"
	"atrium/clients/schema"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// An object is raw JSON that is read as it is asked for. A member that is not there is null, and one that is null is not
// set. It deliberately is no traits.Mapper, whose Find would make that an error.
type object struct {
	raw  []byte
	typ  *schema.Type // nil is Any
	run  *run
	seen []seen   // members that were asked for
	keys [][]byte // quoted, each once; nil until they are asked for
}

type seen struct {
	name  string
	value ref.Val
}

var (
	_ traits.Indexer     = (*object)(nil)
	_ traits.FieldTester = (*object)(nil)
	_ traits.Container   = (*object)(nil)
	_ traits.Sizer       = (*object)(nil)
	_ traits.Foldable    = (*object)(nil)
	_ traits.Zeroer      = (*object)(nil)
)

func (o *object) member(name string) ref.Val {
	for i := range o.seen {
		if o.seen[i].name == name {
			return o.seen[i].value
		}
	}
	o.run.look(len(o.raw))
	raw, _ := rawjson.Get(o.raw, rawjson.Path{{Name: name}})
	v := o.run.value(raw, memberOf(o.typ, name))
	if len(o.seen) < maxSeen {
		o.seen = append(o.seen, seen{name, v})
	}
	return v
}

const maxSeen = 16

// Get implements traits.Indexer.
func (o *object) Get(index ref.Val) ref.Val {
	if name, ok := index.(types.String); ok {
		return o.member(string(name))
	}
	return null{}
}

// IsSet implements traits.FieldTester.
func (o *object) IsSet(field ref.Val) ref.Val {
	return types.Bool(o.Get(field).Type() != types.NullType)
}

// Contains implements traits.Container: the names of an object, whatever their values.
func (o *object) Contains(value ref.Val) ref.Val {
	name, ok := value.(types.String)
	if !ok {
		return types.False
	}
	o.run.look(len(o.raw))
	_, found := rawjson.Get(o.raw, rawjson.Path{{Name: string(name)}})
	return types.Bool(found)
}

// names returns the names, quoted; a name that is there twice once.
func (o *object) names() [][]byte {
	if o.keys != nil {
		return o.keys
	}
	o.run.look(2 * len(o.raw))
	o.keys = [][]byte{}
	known := map[string]bool{}
	for quoted := range rawjson.Quoted(o.raw) {
		name := string(rawjson.AppendUnquoted(nil, quoted))
		if known[name] {
			continue
		}
		known[name] = true
		if o.keys = append(o.keys, quoted); len(o.keys) > maxList {
			stop(errLongList)
		}
	}
	return o.keys
}

// Size implements traits.Sizer.
func (o *object) Size() ref.Val { return types.Int(len(o.names())) }

// Fold implements traits.Foldable: comprehensions go over the names.
func (o *object) Fold(f traits.Folder) {
	for _, quoted := range o.names() {
		name := o.run.text(quoted)
		if !f.FoldEntry(name, o.Get(name)) {
			return
		}
	}
}

// IsZeroValue implements traits.Zeroer.
func (o *object) IsZeroValue() bool { return len(o.names()) == 0 }

// Equal implements ref.Val. The order of members does not matter.
func (o *object) Equal(other ref.Val) ref.Val {
	get, ok := other.(traits.Indexer)
	sizer, sized := other.(traits.Sizer)
	container, contains := other.(traits.Container)
	if !ok || !sized || !contains || other.Type() != types.MapType || size(sizer) != len(o.names()) {
		return types.False
	}
	for _, quoted := range o.names() {
		name := o.run.text(quoted)
		if container.Contains(name) != types.True || equal(o.Get(name), get.Get(name)) != types.True {
			return types.False
		}
	}
	return types.True
}

// Type implements ref.Val.
func (o *object) Type() ref.Type { return types.MapType }

// Value implements ref.Val.
func (o *object) Value() any { return o }

// ConvertToType implements ref.Val.
func (o *object) ConvertToType(t ref.Type) ref.Val {
	if t == types.MapType {
		return o
	}
	return types.NewErr("an object is not %s", t.TypeName())
}

// ConvertToNative implements ref.Val.
func (o *object) ConvertToNative(reflect.Type) (any, error) { return nil, errNative }
