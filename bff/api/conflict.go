package api

import (
	"maps"
	"slices"
	"strings"

	"atrium/tenants/document"
)

// Any is the method of routes that take every method.
const Any = "ANY"

// routeMethods are what a route's key may start with. HEAD and OPTIONS are answered for every path.
func routeMethods() []string {
	return []string{"GET", "POST", "PUT", "PATCH", "DELETE", Any}
}

// A place is a node of the tree of paths that one method's routes form. Parameters are equal there whatever
// their names, as the router gives them names of its own.
type place struct {
	literals map[string]*place
	param    *place
	rest     *Route // of a route with {name...} here
	route    *Route // of a route that ends here
}

// conflicts reports routes that no request could tell apart: two of the same shape, and a parameter of several
// segments beside anything else at its position. Everything else is settled by: literal before parameter.
func (a *API) conflicts(routes []*Route) document.Issues {
	var issues document.Issues
	said := map[[2]string]bool{}
	for _, method := range routeMethods()[:len(routeMethods())-1] {
		root := &place{}
		for _, r := range a.ownRoutes(routes) {
			if r.Method == method {
				root.add(r) // they may be of one shape; what matters is that they are there
			}
		}
		for _, r := range routes {
			if r.Method != method && r.Method != Any {
				continue
			}
			other := root.add(r)
			if other == nil || said[[2]string{r.Key, other.Key}] {
				continue
			}
			said[[2]string{r.Key, other.Key}] = true
			issues = append(issues, r.conflict(other))
		}
	}
	return issues.Sort()
}

// ownRoutes are the routes that Atrium adds to those of the document. They have no KeyNode.
func (a *API) ownRoutes(routes []*Route) []*Route {
	var own []*Route
	add := func(key, method string, segments ...Segment) {
		own = append(own, &Route{Key: key, Method: method, Pattern: Pattern{Segments: segments}})
	}
	for _, method := range routeMethods() {
		add("paths under /-/", method, Segment{Literal: "-"}, Segment{Param: "own"})
	}
	if a.OpenAI {
		v1 := Segment{Literal: "v1"}
		add("POST /v1/chat/completions", "POST", v1, Segment{Literal: "chat"}, Segment{Literal: "completions"})
		add("POST /v1/embeddings", "POST", v1, Segment{Literal: "embeddings"})
		add("GET /v1/models", "GET", v1, Segment{Literal: "models"})
	}
	for _, r := range routes {
		if r.Chat != nil && !r.Pattern.Rest() {
			resume := append(slices.Clone(r.Pattern.Segments), Segment{Param: "chatId"}, Segment{Literal: "stream"})
			add("GET "+r.Pattern.Text+"/{chatId}/stream", "GET", resume...)
		}
	}
	return own
}

// conflict says which other route stands in the way; one of Atrium's own has no key.
func (r *Route) conflict(other *Route) document.Issue {
	rest := ""
	if r.Pattern.Rest() || other.Pattern.Rest() {
		rest = "; a parameter of several parts cannot stand beside other paths"
	}
	if other.KeyNode == nil {
		return r.KeyNode.Issue("this route takes requests that Atrium answers itself: %s%s", other.Key, rest)
	}
	return r.KeyNode.Issue("this route takes the same requests as %q of line %d%s", other.Key, other.KeyNode.Line, rest)
}

// add puts a route into the tree; it returns the route that stands in the way, if any.
func (p *place) add(r *Route) *Route {
	for _, s := range r.Pattern.Segments {
		if s.Rest {
			return p.addRest(r, s.Optional)
		}
		if p.rest != nil {
			return p.rest
		}
		p = p.child(s)
	}
	if p.route != nil {
		return p.route
	}
	if p.rest != nil && p.rest.Pattern.Segments[len(p.rest.Pattern.Segments)-1].Optional {
		return p.rest
	}
	p.route = r
	return nil
}

func (p *place) addRest(r *Route, optional bool) *Route {
	if other := p.first(!optional); other != nil {
		return other
	}
	p.rest = r
	return nil
}

// first returns a route at or below the place; below only when below is set.
func (p *place) first(below bool) *Route {
	if !below && p.route != nil {
		return p.route
	}
	if p.rest != nil {
		return p.rest
	}
	if p.param != nil {
		return p.param.first(false)
	}
	for _, name := range slices.Sorted(maps.Keys(p.literals)) {
		if r := p.literals[name].first(false); r != nil {
			return r
		}
	}
	return nil
}

func (p *place) child(s Segment) *place {
	if s.Param != "" {
		if p.param == nil {
			p.param = &place{}
		}
		return p.param
	}
	if p.literals == nil {
		p.literals = map[string]*place{}
	}
	if p.literals[s.Literal] == nil {
		p.literals[s.Literal] = &place{}
	}
	return p.literals[s.Literal]
}

// splitKey cuts "GET /path" into its method and path, and says where the path starts.
func splitKey(key string) (method, path string, at int) {
	method, path, _ = strings.Cut(key, " ")
	at = len(method) + 1 + len(path) - len(strings.TrimLeft(path, " "))
	return method, strings.TrimSpace(path), at
}
