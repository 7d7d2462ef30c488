package view

import (
	"regexp"
	"slices"
	"strings"

	"atrium/bff/api"
	"atrium/clients/rest"
	"atrium/clients/schema"
	"atrium/tenants/document"
)

// The members of open-ended names become known by being mentioned: query parameters, variables and the fields of a
// body without a schema. Mentions are found in the text of the holes, before anything has a type.
var (
	mention = regexp.MustCompile(`(?:^|[^\w.])(query|body|vars|tenant\s*\.\s*vars)\s*` +
		`(?:\.\s*\??\s*([A-Za-z_]\w*)|\[\s*\??\s*["']([^"'\\]+)["']\s*\])`)
	onlyMention = regexp.MustCompile(`^\$\{\s*(path|query|body)\s*` +
		`(?:\.\s*([A-Za-z_]\w*)|\[\s*["']([^"'\\]+)["']\s*\])\s*\}$`)
	onlyBody = regexp.MustCompile(`^\$\{\s*body\s*\}$`)
	anyBody  = regexp.MustCompile(`(?s)\$\{(?:.*[^\w.])?\s*body\b`)
	space    = regexp.MustCompile(`\s+`)
)

// mentions are the members mentioned of each root, sorted.
type mentions map[string][]string

func findMentions(n *document.Node) mentions {
	m := mentions{}
	m.walk(n)
	for root, names := range m {
		slices.Sort(names)
		m[root] = slices.Compact(names)
	}
	return m
}

func (m mentions) walk(n *document.Node) {
	if n == nil {
		return
	}
	if n.Kind == document.String && strings.Contains(n.Text, "${") {
		for _, found := range mention.FindAllStringSubmatch(n.Text, -1) {
			root := space.ReplaceAllString(found[1], "")
			if name := found[2] + found[3]; found[2] != "" || root == "query" || root == "body" {
				m[root] = append(m[root], name) // of variables, what is in brackets may be absent
			}
		}
	}
	for _, item := range n.Items {
		m.walk(item)
	}
	for _, f := range n.Fields {
		m.walk(f.Value)
	}
}

// A feed is the first place of an operation that takes a member as it is: it lends its type to one that has none.
type feed struct {
	typ         *schema.Type
	required    bool
	description string
}

// feeds are by root and member: "query.page".
type feeds map[string]feed

func (f feeds) add(name string, one feed) {
	if known, ok := f[name]; ok {
		known.required = known.required || one.required
		f[name] = known
		return
	}
	f[name] = one
}

func findFeeds(steps api.Steps, operation func(*api.Step) *rest.Operation) feeds {
	f := feeds{}
	for _, s := range steps {
		op := operation(s)
		if op == nil {
			continue
		}
		for _, field := range fieldsOf(s.Node.Get("with")) {
			if i := op.Param(field.Key); i >= 0 {
				p := op.Params[i]
				one := feed{p.Type, p.Required, p.Description}
				if op.Inline {
					one.typ = schema.Of(schema.String) // it takes anything, and is written as text
				}
				f.member(field.Value, one)
			}
		}
		f.body(s.Body, op.Body, op.BodyRequired)
	}
	return f
}

// member notes a template that is one hole with one member.
func (f feeds) member(n *document.Node, one feed) {
	if n == nil || n.Kind != document.String {
		return
	}
	if found := onlyMention.FindStringSubmatch(n.Text); found != nil {
		f.add(found[1]+"."+found[2]+found[3], one)
	}
}

// body notes what a step's body takes from the request.
func (f feeds) body(n *document.Node, want *schema.Type, required bool) {
	if n == nil || want == nil {
		return
	}
	switch n.Kind {
	case document.String:
		if onlyBody.MatchString(n.Text) {
			f.add("body", feed{typ: want, required: required})
		} else {
			f.member(n, feed{typ: want, required: required})
		}
	case document.Map:
		for _, field := range n.Fields {
			if m, ok := want.Member(field.Key); ok {
				f.body(field.Value, m.Type, m.Required && !m.Type.AllowsNull())
			}
		}
	case document.Null, document.Bool, document.Int, document.Float, document.List,
		document.Broken:
	}
}
