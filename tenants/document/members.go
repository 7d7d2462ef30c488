package document

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// rules are what a `doc` tag says.
type rules struct {
	required bool
	node     bool
	text     bool
	enum     []string
	min, max *float64
}

func (r rules) allows(word string) bool { return slices.Contains(r.enum, word) }

// names lists the allowed words for a person: "stripe, github or standard".
func (r rules) names() string {
	last := len(r.enum) - 1
	if last == 0 {
		return r.enum[0]
	}
	return strings.Join(r.enum[:last], ", ") + " or " + r.enum[last]
}

func parseRules(tag string) rules {
	var r rules
	for rule := range strings.SplitSeq(tag, ",") {
		name, value, _ := strings.Cut(rule, "=")
		switch name {
		case "":
		case "required":
			r.required = true
		case "node":
			r.node = true
		case "text":
			r.text = true
		case "enum":
			r.enum = strings.Split(value, "|")
		case "min":
			r.min = parseBound(value)
		case "max":
			r.max = parseBound(value)
		default:
			panic(fmt.Sprintf("document: unknown rule %q in a doc tag", rule))
		}
	}
	return r
}

func parseBound(text string) *float64 {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(fmt.Sprintf("document: %q in a doc tag is not a number", text))
	}
	return &f
}

// A member is one struct field that a mapping can fill.
type member struct {
	name  string
	index []int
	rules rules
}

// members lists what a mapping may say to fill a struct, and the field that wants the node itself, if any.
func members(t reflect.Type) (all []member, node []int) {
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		r := parseRules(f.Tag.Get("doc"))
		switch {
		case r.node:
			node = f.Index
		case f.Anonymous && name == "":
			inner, _ := members(f.Type)
			for _, m := range inner {
				m.index = append(slices.Clone(f.Index), m.index...)
				all = append(all, m)
			}
		case name != "" && name != "-" && f.IsExported():
			all = append(all, member{name: name, index: f.Index, rules: r})
		}
	}
	return all, node
}

func (d *decoder) structure(n *Node, v reflect.Value) {
	if n.Kind != Map && n.Kind != Null {
		d.report(n, "want a mapping, found %s", n.Kind)
		return
	}
	all, node := members(v.Type())
	if node != nil {
		v.FieldByIndex(node).Set(reflect.ValueOf(n))
	}
	names := make([]string, len(all))
	for i, m := range all {
		names[i] = m.name
	}
	for i, f := range n.Fields {
		at := slices.Index(names, f.Key)
		if at < 0 {
			d.issues = append(d.issues, n.KeyIssue(i, "unknown key %s%s", quoted(f.Key), DidYouMean(f.Key, names)))
			continue
		}
		if isAbsent(f.Value, v.FieldByIndex(all[at].index).Type()) || all[at].rules.required && f.Value.Kind == Null {
			continue
		}
		d.value(f.Value, v.FieldByIndex(all[at].index), all[at].rules)
	}
	for _, m := range all {
		if m.rules.required && isMissing(n, m.name) {
			d.report(n, "%s is missing", quoted(m.name))
		}
	}
}

// isAbsent says whether a member's value counts as if the member were not written.
func isAbsent(n *Node, t reflect.Type) bool {
	return n.Kind == Null && t != reflect.TypeFor[*Node]()
}

func isMissing(n *Node, name string) bool {
	value := n.Get(name)
	return value == nil || value.Kind == Null
}
