package bff

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"atrium/bff/api"
)

// match finds the route of a method and an escaped path outside of a request, as the engine would: literals win over parameters, and
// both over the rest of a path.
func (g *gateway) match(method, escaped string) (*route, []string, bool) {
	var best *route
	var params []string
	for _, r := range g.routes {
		if !r.takes(method) {
			continue
		}
		values, ok := matchPattern(r.doc.Pattern, escaped)
		if ok && (best == nil || moreLiteral(r.doc.Pattern, best.doc.Pattern)) {
			best, params = r, values
		}
	}
	return best, params, best != nil
}

func (r *route) takes(method string) bool {
	return r.doc.Method == method || r.doc.Method == "ANY" || r.doc.Method == http.MethodGet && method == http.MethodHead
}

func matchPattern(p api.Pattern, escaped string) ([]string, bool) {
	parts := strings.Split(strings.TrimPrefix(escaped, "/"), "/")
	if escaped == "/" || escaped == "" {
		parts = nil
	}
	var values []string
	for i, s := range p.Segments {
		if s.Rest {
			if i >= len(parts) && !s.Optional {
				return nil, false
			}
			return append(values, unescape(strings.Join(parts[min(i, len(parts)):], "/"))), true
		}
		if i >= len(parts) || s.Param == "" && parts[i] != s.Literal || parts[i] == "" {
			return nil, false
		}
		if s.Param != "" {
			values = append(values, unescape(parts[i]))
		}
	}
	return values, len(parts) == len(p.Segments)
}

func unescape(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}

// moreLiteral reports whether a names its paths more exactly than b: at the first place where they differ in kind.
func moreLiteral(a, b api.Pattern) bool {
	rank := func(s api.Segment) int { return slices.Index([]bool{s.Rest, s.Param != "", true}, true) }
	for i := range min(len(a.Segments), len(b.Segments)) {
		if x, y := rank(a.Segments[i]), rank(b.Segments[i]); x != y {
			return x > y
		}
	}
	return len(a.Segments) > len(b.Segments)
}
