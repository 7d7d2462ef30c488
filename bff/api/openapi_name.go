package api

import (
	"strconv"
	"strings"
)

// operationID makes the name of an operation from its method and path: getDashboardById.
func (g *generator) operationID(method string, segments []Segment) string {
	var id strings.Builder
	id.WriteString(strings.ToLower(method))
	for _, s := range segments {
		if s.Param != "" {
			id.WriteString("By" + pascal(s.Param))
		} else {
			id.WriteString(pascal(s.Literal))
		}
	}
	if len(segments) == 0 {
		id.WriteString("Root")
	}
	return g.unique(id.String())
}

// unique gives every id once; one that is taken gets a number.
func (g *generator) unique(id string) string {
	free := id
	for n := 2; g.ids[free]; n++ {
		free = id + strconv.Itoa(n)
	}
	g.ids[free] = true
	return free
}

// pascal joins the words of a name, each with a capital; what is no letter or digit parts words.
func pascal(text string) string {
	var b strings.Builder
	capital := true
	for _, r := range text {
		switch {
		case r >= 'a' && r <= 'z' && capital:
			b.WriteRune(r - 'a' + 'A')
			capital = false
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9':
			b.WriteRune(r)
			capital = false
		default:
			capital = true
		}
	}
	return b.String()
}

// tagOf groups operations by the first part of their path.
func tagOf(r RouteDoc, segments []Segment) string {
	if r.Kind == KindWebhook {
		return tagWebhooks
	}
	for _, s := range segments {
		if s.Literal != "" {
			return s.Literal
		}
	}
	return tagRoot
}

// The tags of operations that are not named by their path.
const (
	tagWebhooks    = "webhooks"
	tagRoot        = "root"
	tagGenerations = "generations"
)

func describeTag(name string) string {
	switch name {
	case tagWebhooks:
		return "What other services call."
	case tagRoot:
		return "What is at the root."
	case tagGenerations:
		return "Answers of a model, while they are made and after."
	}
	return "What is below /" + name + "."
}
