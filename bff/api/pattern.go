package api

import (
	"slices"
	"strings"

	"atrium/tenants/document"
)

// A Pattern is a route's path: literal segments, {name}, {name...} or {name...?} at its end.
// The root path "/" has no segments.
type Pattern struct {
	Text     string
	Segments []Segment
}

// A Segment is one part of a Pattern between slashes.
type Segment struct {
	Literal  string // "" when Param is set
	Param    string
	Rest     bool // {name...}: one or more segments
	Optional bool // {name...?}: none or more
}

// String writes the segment as documents do.
func (s Segment) String() string {
	switch {
	case s.Optional:
		return "{" + s.Param + "...?}"
	case s.Rest:
		return "{" + s.Param + "...}"
	case s.Param != "":
		return "{" + s.Param + "}"
	}
	return s.Literal
}

// Params names the parameters in the order of the path.
func (p Pattern) Params() []string {
	var names []string
	for _, s := range p.Segments {
		if s.Param != "" {
			names = append(names, s.Param)
		}
	}
	return names
}

// Rest says whether the pattern ends with a parameter of several segments.
func (p Pattern) Rest() bool {
	return len(p.Segments) > 0 && p.Segments[len(p.Segments)-1].Rest
}

// literalCharacters may stand in a literal segment. A colon and a star are left out: routers read them as
// parameters of their own.
const literalCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()+,;=@"

// ParsePattern reads a pattern written at the node, offset bytes into its text.
func ParsePattern(n *document.Node, offset int, text string) (Pattern, document.Issues) {
	p := Pattern{Text: text}
	if !strings.HasPrefix(text, "/") {
		return p, document.Issues{n.IssueAt(offset, `a path starts with "/", found %q`, text)}
	}
	if text == "/" {
		return p, nil
	}
	var issues document.Issues
	offset++
	parts := strings.Split(text[1:], "/")
	for i, part := range parts {
		segment, problem := parseSegment(part)
		switch {
		case problem != "":
			issues = append(issues, n.IssueAt(offset, "%s", problem))
		case segment.Rest && i < len(parts)-1:
			issues = append(issues, n.IssueAt(offset, "%s may only be the last part of a path", part))
		case segment.Param != "" && slices.Contains(p.Params(), segment.Param):
			issues = append(issues, n.IssueAt(offset, "the path names the parameter %q twice", segment.Param))
		}
		p.Segments = append(p.Segments, segment)
		offset += len(part) + 1
	}
	return p, issues
}

// parseSegment reads the text between two slashes; problem is "" when it is good.
func parseSegment(part string) (segment Segment, problem string) {
	inner, isParam := strings.CutPrefix(part, "{")
	if isParam {
		inner, isParam = strings.CutSuffix(inner, "}")
	}
	if !isParam {
		return Segment{Literal: part}, literalProblem(part)
	}
	name, optional := strings.CutSuffix(inner, "...?")
	rest := optional
	if !optional {
		name, rest = strings.CutSuffix(inner, "...")
	}
	segment = Segment{Param: name, Rest: rest, Optional: optional}
	if !isIdentifier(name) {
		return segment, "a path parameter is a name of letters, digits and _, such as {orderId}, found " + part
	}
	return segment, ""
}

func literalProblem(part string) string {
	switch {
	case part == "":
		return `a path has no empty parts and does not end with "/"`
	case part == "." || part == "..":
		return "a path cannot hold the part " + part
	case strings.ContainsAny(part, "{}"):
		return "a path parameter is a whole part, such as /orders/{id}, found " + part
	}
	if i := strings.IndexFunc(part, func(r rune) bool { return !strings.ContainsRune(literalCharacters, r) }); i >= 0 {
		return "a path cannot hold the character " + string([]rune(part[i:])[:1])
	}
	return ""
}

// isIdentifier says whether CEL reads the text as one name.
func isIdentifier(text string) bool {
	if text == "" || len(text) > 64 {
		return false
	}
	for i, r := range text {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return true
}
