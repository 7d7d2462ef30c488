package api

import (
	"maps"
	"slices"
	"strings"

	"atrium/tenants/document"
)

// Decode reads a document of kind apis and reports everything that is wrong with it as far as no types are needed:
// shapes, names that nothing has, routes that conflict, caching that would share what is private.
// The API holds what could be read; it is fit to be compiled only when there are no issues.
func Decode(root *document.Node) (*API, document.Issues) {
	a := &API{Node: root}
	issues := document.Decode(root, a)
	c := &checker{api: a, issues: issues}
	c.upstreams()
	c.models()
	c.routes()
	return a, c.issues.Sort()
}

// A checker collects the issues of one document.
type checker struct {
	api    *API
	issues document.Issues
}

func (c *checker) add(issues ...document.Issue) {
	c.issues = append(c.issues, issues...)
}

// DecodeNode implements document.NodeDecoder: "off" or a mapping.
func (r *Retry) DecodeNode(n *document.Node) document.Issues {
	type long Retry
	return decodeOff(n, &r.Off, (*long)(r))
}

// DecodeNode implements document.NodeDecoder: "off" or a mapping.
func (b *Breaker) DecodeNode(n *document.Node) document.Issues {
	type long Breaker
	return decodeOff(n, &b.Off, (*long)(b))
}

func decodeOff(n *document.Node, off *bool, long any) document.Issues {
	switch n.Kind {
	case document.Map:
		return document.Decode(n, long)
	case document.String:
		if n.Text == "off" {
			*off = true
			return nil
		}
		return document.Issues{n.Issue(`want "off" or a mapping, found %q`, n.Text)}
	case document.Null, document.Bool, document.Int, document.Float, document.List, document.Broken:
	}
	return document.Issues{n.Issue(`want "off" or a mapping, found %s`, n.Kind)}
}

// DecodeNode implements document.NodeDecoder: a mode or a mapping.
func (a *Auth) DecodeNode(n *document.Node) document.Issues {
	modes := []string{AuthRequired, AuthOptional, AuthNone}
	if n.Kind == document.String {
		a.Mode = n.Text
		if !slices.Contains(modes, n.Text) {
			return document.Issues{n.Issue("want required, optional or none, found %q%s",
				n.Text, suggestion(n.Text, modes))}
		}
		return nil
	}
	if n.Kind != document.Map {
		return document.Issues{n.Issue("want required, optional, none or a mapping, found %s", n.Kind)}
	}
	long := struct {
		Required *bool    `json:"required"`
		Roles    []string `json:"roles"`
		Scopes   []string `json:"scopes"`
	}{}
	issues := document.Decode(n, &long)
	a.Mode, a.Roles, a.Scopes = AuthRequired, long.Roles, long.Scopes
	if long.Required != nil && !*long.Required {
		a.Mode = AuthOptional
		if len(a.Roles)+len(a.Scopes) > 0 {
			issues = append(issues, n.Get("required").Issue("roles and scopes require sign-in; leave required: false out"))
		}
	}
	return issues
}

// DecodeNode implements document.NodeDecoder: a mapping of names to steps.
func (s *Steps) DecodeNode(n *document.Node) document.Issues {
	byName := map[string]*Step{}
	issues := document.Decode(n, &byName)
	for _, f := range n.Fields {
		step := byName[f.Key]
		step.Name = f.Key
		*s = append(*s, step)
	}
	return issues
}

// routes names every route, checks each, and then all of them together.
func (c *checker) routes() {
	if c.api.Node == nil {
		return
	}
	table := c.api.Node.Get("routes")
	if table == nil || table.Kind != document.Map {
		return
	}
	var good []*Route
	for i, f := range table.Fields {
		route := c.api.Routes[f.Key]
		route.Key, route.KeyNode = f.Key, table.KeyNode(i)
		if c.key(route) {
			good = append(good, route)
		}
		c.route(route)
	}
	c.add(c.api.conflicts(good)...)
}

// key reads a route's method and pattern; false when they cannot be compared with those of others.
func (c *checker) key(r *Route) bool {
	method, path, at := splitKey(r.Key)
	r.Method = method
	ok := true
	if !slices.Contains(routeMethods(), method) {
		ok = false
		c.add(r.KeyNode.Issue("%s", methodProblem(r.Key, method)))
		if strings.HasPrefix(method, "/") || path == "" {
			return false
		}
	}
	pattern, issues := ParsePattern(r.KeyNode, at, path)
	r.Pattern = pattern
	if len(issues) == 0 {
		issues = reserved(r, at)
	}
	c.add(issues...)
	return ok && len(issues) == 0
}

func methodProblem(key, method string) string {
	switch {
	case strings.HasPrefix(key, "/"):
		return `a route's key is a method and a path, such as "GET ` + key + `"`
	case method == "HEAD" || method == "OPTIONS":
		return method + " is answered for every route and is not declared"
	}
	if near := suggestion(method, routeMethods()); near != "" {
		return "unknown method " + quote(method) + near
	}
	return "unknown method " + quote(method) + `; a route's key is a method and a path, such as "GET /orders/{id}"`
}

// reserved refuses the paths that Atrium answers itself.
func reserved(r *Route, at int) document.Issues {
	if first := r.Pattern.Segments; len(first) > 0 && first[0].Literal == "-" {
		return document.Issues{r.KeyNode.IssueAt(at, "paths under /-/ are reserved")}
	}
	return nil
}

// suggestion names the nearest of the words, if any is near.
func suggestion(word string, among []string) string {
	if best := document.Suggest(word, among); best != "" {
		return "; did you mean " + quote(best) + "?"
	}
	return ""
}

// ordered walks a map that a document declared, in the order of names.
func ordered[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
