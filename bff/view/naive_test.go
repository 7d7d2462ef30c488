package view

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The naive interpreter makes a template's value out of decoded values, as the documentation says and as slowly as it
// likes. It knows path holes only.

var (
	naiveHole = regexp.MustCompile(`\$\{([^}]*)\}`)
	naiveSeg  = regexp.MustCompile(`\.(\w+)|\[(\d+)\]`)
	naiveEach = regexp.MustCompile(`^(\w+)(?:, (\w+))? in \$\{(.*)\}$`)
	errNaive  = errors.New("not of the shape")
	errAbsent = errors.New("left out")
)

type naive map[string]any // the values of names

func (n naive) path(source string) any {
	root := regexp.MustCompile(`^\w+`).FindString(source)
	value := n[root]
	for _, seg := range naiveSeg.FindAllStringSubmatch(source[len(root):], -1) {
		switch v := value.(type) {
		case map[string]any:
			value = v[seg[1]]
			if seg[1] == "" {
				value = nil
			}
		case []any:
			i, err := strconv.Atoi(seg[2])
			value = nil
			if err == nil && i < len(v) {
				value = v[i]
			}
		default:
			value = nil
		}
	}
	return value
}

func (n naive) text(template string) any {
	holes := naiveHole.FindAllStringSubmatch(template, -1)
	if len(holes) == 1 && holes[0][0] == template {
		return n.path(holes[0][1])
	}
	return naiveHole.ReplaceAllStringFunc(template, func(hole string) string {
		switch v := n.path(hole[2 : len(hole)-1]).(type) {
		case nil:
			return ""
		case string:
			return v
		default:
			return string(encode(v))
		}
	})
}

func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimSpace(b.Bytes())
}

func decode(raw []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

// value makes the value of a template; errAbsent when $if leaves it out.
func (n naive) value(template any) (any, error) {
	switch t := template.(type) {
	case string:
		return n.text(t), nil
	case []any:
		return n.list(t)
	case map[string]any:
		if condition, ok := t["$if"]; ok && n.text(condition.(string)) != true {
			return nil, errAbsent
		}
		if _, ok := t["$each"]; ok {
			return n.each(t)
		}
		return n.one(t)
	}
	return template, nil
}

func (n naive) list(templates []any) (any, error) {
	list := []any{}
	for _, t := range templates {
		v, err := n.value(t)
		switch {
		case errors.Is(err, errAbsent):
		case err != nil:
			return nil, err
		default:
			list = append(list, v)
		}
	}
	return list, nil
}

func (n naive) one(t map[string]any) (any, error) {
	if item, ok := t["$item"]; ok {
		return n.value(item)
	}
	object := map[string]any{}
	if from, ok := t["$spread"]; ok {
		switch v := n.text(from.(string)).(type) {
		case nil:
		case map[string]any:
			maps.Copy(object, v)
		default:
			return nil, errNaive
		}
	}
	for key, field := range t {
		if strings.HasPrefix(key, "$") {
			continue
		}
		v, err := n.value(field)
		switch {
		case errors.Is(err, errAbsent):
			delete(object, key)
		case err != nil:
			return nil, err
		default:
			object[key] = v
		}
	}
	return object, nil
}

func (n naive) each(t map[string]any) (any, error) {
	head := naiveEach.FindStringSubmatch(t["$each"].(string))
	var turns []naive
	turn := func(key, value any) {
		inside := maps.Clone(n)
		if head[2] == "" {
			inside[head[1]] = value
		} else {
			inside[head[1]], inside[head[2]] = key, value
		}
		if where, ok := t["$where"]; !ok || inside.text(where.(string)) == true {
			turns = append(turns, inside)
		}
	}
	switch over := n.path(head[3]).(type) {
	case nil:
		return nil, nil
	case []any:
		if head[2] != "" {
			return nil, errNaive
		}
		for _, v := range over {
			turn(nil, v)
		}
	case map[string]any:
		if head[2] == "" {
			return nil, errNaive
		}
		for _, k := range slices.Sorted(maps.Keys(over)) {
			turn(k, over[k])
		}
	default:
		return nil, errNaive
	}
	if by, ok := t["$sort"]; ok {
		slices.SortStableFunc(turns, func(a, b naive) int { return naiveCompare(a.text(by.(string)), b.text(by.(string))) })
	}
	if limit, ok := t["$limit"]; ok {
		turns = turns[:min(len(turns), limit.(int))]
	}
	list := []any{}
	for _, inside := range turns {
		v, err := inside.one(t)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

func naiveCompare(a, b any) int {
	x, y := naiveRank(a), naiveRank(b)
	if x != y {
		return cmp.Compare(x, y)
	}
	switch v := a.(type) {
	case json.Number:
		f, _ := v.Float64()
		g, _ := b.(json.Number).Float64()
		return cmp.Compare(f, g)
	case string:
		return strings.Compare(v, b.(string))
	}
	return 0
}

func naiveRank(v any) int {
	switch v := v.(type) {
	case nil:
		return 9
	case bool:
		if v {
			return 1
		}
		return 0
	case json.Number:
		return 2
	case string:
		return 3
	}
	return 4
}
