package rest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// parsePath compiles Path. Parameters that it names and nobody declared are added, as text; path parameters that it
// does not name are dropped.
func (o *Operation) parsePath() error {
	path, query, _ := strings.Cut(o.Path, "?")
	if strings.Contains(o.Path, "#") {
		return errors.New("a fragment is never sent")
	}
	o.query = escapeLoose(query)
	named := make(map[string]bool)
	for text := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		seg, err := o.parseSegment(text, named)
		if err != nil {
			return err
		}
		o.template = append(o.template, seg)
	}
	unused := func(p *Param) bool { return p.In == inPath && !named[p.Name] }
	if slices.ContainsFunc(o.Params, unused) {
		o.Params = slices.DeleteFunc(slices.Clone(o.Params), unused)
		o.template = nil
		return o.parsePath() // the indices have changed
	}
	return nil
}

func (o *Operation) parseSegment(text string, named map[string]bool) (segment, error) {
	var seg segment
	for text != "" {
		before, rest, found := strings.Cut(text, "{")
		if before != "" {
			seg = append(seg, piece{text: escapeLoose(before), param: -1})
		}
		if !found {
			break
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || name == "" {
			return nil, errors.New("want {name}")
		}
		if named[name] {
			return nil, fmt.Errorf("{%s} is there twice", name)
		}
		named[name] = true
		at := slices.IndexFunc(o.Params, func(p *Param) bool { return p.In == inPath && p.Name == name })
		if at < 0 {
			at = slices.IndexFunc(o.Params, func(p *Param) bool { return p.In != inPath })
			if at < 0 {
				at = len(o.Params)
			}
			o.Params = slices.Insert(slices.Clone(o.Params), at, implicit(name)) // behind all that have an index already
		}
		seg = append(seg, piece{param: at})
		text = after
	}
	if len(seg) == 1 && (seg[0].text == "." || seg[0].text == "..") {
		return nil, errors.New("a dot segment leads elsewhere")
	}
	return seg, nil
}
