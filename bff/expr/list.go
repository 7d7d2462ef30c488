package expr

import (
	"reflect"

	"atrium/clients/rawjson"
	"atrium/clients/schema"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// A list is raw JSON that is read as it is asked for.
type list struct {
	raw   []byte
	elem  *schema.Type // nil is Any
	run   *run
	read  bool
	elems [][]byte
	made  []ref.Val // values of elements that were asked for
}

var (
	_ traits.Lister   = (*list)(nil)
	_ traits.Foldable = (*list)(nil)
	_ traits.Zeroer   = (*list)(nil)
)

func (l *list) elements() [][]byte {
	if l.read {
		return l.elems
	}
	l.read = true
	l.run.look(len(l.raw))
	for elem := range rawjson.Each(l.raw) {
		if l.elems = append(l.elems, elem); len(l.elems) > maxList {
			stop(errLongList)
		}
	}
	l.made = make([]ref.Val, len(l.elems))
	return l.elems
}

func (l *list) at(i int) ref.Val {
	elems := l.elements()
	if l.made[i] == nil {
		l.made[i] = l.run.value(elems[i], l.elem)
	}
	return l.made[i]
}

// GetInt64Index makes the element that is not there null, as a path does.
func (l *list) GetInt64Index(i int64) (any, bool) {
	if i < 0 || i >= int64(len(l.elements())) {
		return null{}, true
	}
	return l.at(int(i)), true
}

// Get implements traits.Indexer.
func (l *list) Get(index ref.Val) ref.Val {
	i, err := types.GetOrError(index)
	if err != nil {
		return types.WrapErr(err)
	}
	v, _ := l.GetInt64Index(int64(i))
	return v.(ref.Val)
}

// Size implements traits.Sizer.
func (l *list) Size() ref.Val { return types.Int(len(l.elements())) }

// IsZeroValue implements traits.Zeroer.
func (l *list) IsZeroValue() bool { return len(l.elements()) == 0 }

// Add implements traits.Adder.
func (l *list) Add(other ref.Val) ref.Val {
	if o, ok := other.(traits.Lister); ok {
		return concat(l, o)
	}
	return types.MaybeNoSuchOverloadErr(other)
}

// Contains implements traits.Container.
func (l *list) Contains(value ref.Val) ref.Val {
	for i := range l.elements() {
		if equal(l.at(i), value) == types.True {
			return types.True
		}
	}
	return types.False
}

// Fold implements traits.Foldable.
func (l *list) Fold(f traits.Folder) {
	for i := range l.elements() {
		if !f.FoldEntry(types.Int(i), l.at(i)) {
			return
		}
	}
}

// Iterator implements traits.Iterable.
func (l *list) Iterator() traits.Iterator { return &iterator{list: l} }

// Equal implements ref.Val.
func (l *list) Equal(other ref.Val) ref.Val {
	o, ok := other.(traits.Lister)
	if !ok || size(o) != len(l.elements()) {
		return types.False
	}
	for i := range l.elements() {
		if equal(l.at(i), o.Get(types.Int(i))) != types.True {
			return types.False
		}
	}
	return types.True
}

// Type implements ref.Val.
func (l *list) Type() ref.Type { return types.ListType }

// Value implements ref.Val.
func (l *list) Value() any { return l }

// ConvertToType implements ref.Val.
func (l *list) ConvertToType(t ref.Type) ref.Val {
	if t == types.ListType {
		return l
	}
	return types.NewErr("a list is not %s", t.TypeName())
}

// ConvertToNative implements ref.Val.
func (l *list) ConvertToNative(reflect.Type) (any, error) { return nil, errNative }

// An iterator goes over a list.
type iterator struct {
	null // what an iterator is as a value does not matter
	list *list
	next int
}

// HasNext implements traits.Iterator.
func (i *iterator) HasNext() ref.Val { return types.Bool(i.next < len(i.list.elements())) }

// Next implements traits.Iterator.
func (i *iterator) Next() ref.Val {
	i.next++
	return i.list.at(i.next - 1)
}
