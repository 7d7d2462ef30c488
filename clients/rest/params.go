package rest

import (
	"cmp"
	"slices"
	"strings"

	"atrium/clients/schema"
	"atrium/tenants/document"
)

// Where a parameter is sent.
const (
	inPath   = "path"
	inQuery  = "query"
	inHeader = "header"
	inCookie = "cookie"
)

func places() []string { return []string{inPath, inQuery, inHeader, inCookie} }

func (r *specReader) params(list *document.Node) []*Param {
	if list == nil {
		return nil
	}
	if list.Kind != document.List {
		r.report(list, "want a list of parameters, found %v", list.Kind)
		return nil
	}
	var all []*Param
	for _, item := range list.Items {
		if n := r.schemas.Deref(item); n != nil {
			if p := r.param(n); p != nil {
				all = append(all, p)
			}
		}
	}
	return all
}

// param reads a parameter; nil when it is one that OpenAPI wants ignored, or after an issue. One that is written in a
// way that is not supported is nil as well, unless it is required, which makes its operation Unsupported.
func (r *specReader) param(n *document.Node) *Param {
	p := &Param{
		Name: text(n.Get("name")), In: text(n.Get("in")), Description: text(n.Get("description")),
		Required: isTrue(n.Get("required")),
	}
	switch {
	case p.Name == "":
		r.report(n, "a parameter has a name")
		return nil
	case !slices.Contains(places(), p.In):
		r.report(n, "a parameter is in path, query, header or cookie%s", document.DidYouMean(p.In, places()))
		return nil
	case p.In == inHeader && isOurs(p.Name):
		return nil
	}
	p.Required = p.Required || p.In == inPath
	supported := p.setStyle(text(n.Get("style")), n.Get("explode"))
	body := n.Get("schema")
	if content := n.Get("content"); content != nil {
		media, value := pickJSON(content)
		supported = media != ""
		p.style, body = styleJSON, value.Get("schema")
	}
	if !supported && !p.Required {
		return nil
	}
	p.unsupported = !supported
	p.Type = r.schemas.Read(body)
	p.Default = p.Type.Default
	return p
}

// isOurs tells the headers that OpenAPI does not take as parameters.
func isOurs(name string) bool {
	return slices.ContainsFunc([]string{"Accept", "Content-Type", "Authorization"}, func(ours string) bool {
		return strings.EqualFold(name, ours)
	})
}

func isTrue(n *document.Node) bool { return n != nil && n.Kind == document.Bool && n.Text == "true" }

// setStyle reads how values are written; false when it is a way that is not supported.
func (p *Param) setStyle(name string, explode *document.Node) bool {
	p.style = styleSimple
	if p.In == inQuery || p.In == inCookie {
		p.style = styleForm
	}
	switch {
	case name == "", name == "simple" && p.style == styleSimple, name == "form" && p.style == styleForm:
	case name == "spaceDelimited" && p.In == inQuery:
		p.style = styleSpace
	case name == "pipeDelimited" && p.In == inQuery:
		p.style = stylePipe
	case name == "deepObject" && p.In == inQuery:
		p.style = styleDeepObject
	default:
		return false
	}
	p.explode = p.style == styleForm
	if explode != nil {
		p.explode = isTrue(explode)
	}
	return true
}

// merge puts the parameters of an operation over those of its path, and orders them by where they are sent.
func merge(shared, own []*Param) []*Param {
	all := slices.Clone(own)
	for _, p := range shared {
		overridden := slices.ContainsFunc(own, func(q *Param) bool { return q.Name == p.Name && q.In == p.In })
		if !overridden {
			all = append(all, p)
		}
	}
	slices.SortStableFunc(all, func(a, b *Param) int {
		return cmp.Compare(slices.Index(places(), a.In), slices.Index(places(), b.In))
	})
	return all
}

// implicit is a path parameter that a document names in its path only.
func implicit(name string) *Param {
	return &Param{Name: name, In: inPath, Required: true, Type: schema.Of(schema.String), style: styleSimple}
}
