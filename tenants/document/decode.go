package document

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
)

// A NodeDecoder decodes itself from a node, reporting every issue. Decode calls it instead of looking inside.
// It is called with nodes of any kind but Broken.
type NodeDecoder interface {
	DecodeNode(n *Node) Issues
}

// Decode fills the value into points to, strictly, and reports every issue: unknown and missing members, wrong
// types, numbers out of range. What could be decoded is filled in even when there are issues.
//
// Structs name their members by `json:"name"` tags; a field without one is no member, an embedded struct's
// members count as the outer struct's. A `doc:"..."` tag adds rules, separated by commas:
//
//	required        the member must be there
//	enum=a|b|c      text must be one of these
//	min=1  max=9    bounds of a number
//	text            a *Node must be text
//	node            on a *Node field that is no member: the struct's own node
//
// A nil node, which is what Parse gives when nothing could be read, decodes to nothing.
//
// The rules of a list or mapping hold for its elements. A *Node field keeps the subtree as it is. Maps have string
// keys. A null counts as an absent member, but it is an empty mapping where a map or list holds structs, and a *Node
// keeps it.
func Decode(n *Node, into any) Issues {
	target := reflect.ValueOf(into)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		panic(fmt.Sprintf("document: decode into %T, which is not a pointer", into))
	}
	var d decoder
	if n == nil {
		return nil
	}
	d.value(n, target.Elem(), rules{})
	return d.issues
}

type decoder struct {
	issues Issues
}

func (d *decoder) report(n *Node, format string, args ...any) {
	d.issues = append(d.issues, n.Issue(format, args...))
}

// value decodes n into v, which is settable.
func (d *decoder) value(n *Node, v reflect.Value, r rules) {
	if v.Type() == reflect.TypeFor[*Node]() {
		v.Set(reflect.ValueOf(n))
		if r.text && n.Kind != String && n.Kind != Broken {
			d.wantText(n)
		}
		return
	}
	if n.Kind == Broken {
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		d.value(n, v.Elem(), r)
		return
	}
	if own, ok := reflect.TypeAssert[NodeDecoder](v.Addr()); ok {
		d.issues = append(d.issues, own.DecodeNode(n)...)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.structure(n, v)
	case reflect.Map:
		d.mapping(n, v, r)
	case reflect.Slice:
		d.list(n, v, r)
	default:
		d.scalar(n, v, r)
	}
}

func (d *decoder) mapping(n *Node, v reflect.Value, r rules) {
	if n.Kind == Null {
		return
	}
	if n.Kind != Map {
		d.report(n, "want a mapping, found %s", n.Kind)
		return
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(n.Fields)))
	for _, f := range n.Fields {
		elem := reflect.New(v.Type().Elem()).Elem()
		d.value(f.Value, elem, r)
		if elem.Kind() == reflect.Pointer && elem.IsNil() {
			elem.Set(reflect.New(elem.Type().Elem())) // a Broken member still has its name
		}
		v.SetMapIndex(reflect.ValueOf(f.Key).Convert(v.Type().Key()), elem)
	}
}

func (d *decoder) list(n *Node, v reflect.Value, r rules) {
	if n.Kind == Null {
		return
	}
	if n.Kind != List {
		d.report(n, "want a list, found %s", n.Kind)
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Items), len(n.Items)))
	for i, item := range n.Items {
		d.value(item, v.Index(i), r)
	}
}

func (d *decoder) scalar(n *Node, v reflect.Value, r rules) {
	switch v.Kind() {
	case reflect.Bool:
		if n.Kind != Bool {
			d.report(n, "want true or false, found %s", n.found())
			return
		}
		v.SetBool(n.Text == "true")
	case reflect.String:
		d.text(n, v, r)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		i, err := strconv.ParseInt(n.Text, 10, v.Type().Bits())
		if n.Kind != Int || err != nil {
			d.report(n, "want a whole number%s, found %s", tooLarge(err), n.found())
			return
		}
		v.SetInt(i)
		d.bounds(n, float64(i), r)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		i, err := strconv.ParseUint(n.Text, 10, v.Type().Bits())
		if n.Kind != Int || err != nil {
			d.report(n, "want a whole number that is not negative%s, found %s", tooLarge(err), n.found())
			return
		}
		v.SetUint(i)
		d.bounds(n, float64(i), r)
	case reflect.Float32, reflect.Float64:
		f, err := strconv.ParseFloat(n.Text, v.Type().Bits())
		if n.Kind != Int && n.Kind != Float || err != nil {
			d.report(n, "want a number, found %s", n.found())
			return
		}
		v.SetFloat(f)
		d.bounds(n, f, r)
	default:
		panic(fmt.Sprintf("document: decode into a %s", v.Type()))
	}
}

// tooLarge says so when a number was one but is too large.
func tooLarge(err error) string {
	if errors.Is(err, strconv.ErrRange) {
		return " and not so large"
	}
	return ""
}

func (d *decoder) text(n *Node, v reflect.Value, r rules) {
	if n.Kind != String {
		d.wantText(n)
		return
	}
	v.SetString(n.Text)
	if len(r.enum) > 0 && !r.allows(n.Text) {
		d.report(n, "want %s, found %s%s", r.names(), n.found(), didYouMean(n.Text, r.enum))
	}
}

func (d *decoder) wantText(n *Node) {
	switch n.Kind {
	case Bool, Int, Float:
		d.report(n, "want text, found %s; write it in quotes", n.found())
	default:
		d.report(n, "want text, found %s", n.Kind)
	}
}

func (d *decoder) bounds(n *Node, value float64, r rules) {
	if r.min != nil && value < *r.min {
		d.report(n, "want at least %v, found %s", *r.min, n.Text)
	}
	if r.max != nil && value > *r.max {
		d.report(n, "want at most %v, found %s", *r.max, n.Text)
	}
}
