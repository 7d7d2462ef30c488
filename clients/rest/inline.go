package rest

import (
	"net/http"
	"slices"
	"strings"

	"atrium/clients/schema"
	"atrium/tenants/document"
)

// Inline reads an operation that is declared as text: "GET /customers/{id}". Its parameters are those of its path, of
// any scalar type; WithQuery adds what callers pass besides. Body and answer are of any type.
func Inline(id string, n *document.Node) (*Operation, document.Issues) {
	if n.Kind != document.String {
		return nil, document.Issues{n.Issue("want a method and a path such as GET /customers/{id}, found %v", n.Kind)}
	}
	method, path, _ := strings.Cut(n.Text, " ")
	path = strings.TrimSpace(path)
	known := methods()
	if !slices.Contains(known, strings.ToLower(method)) {
		for i := range known {
			known[i] = strings.ToUpper(known[i])
		}
		return nil, document.Issues{n.Issue("want a method and a path such as GET /customers/{id}%s",
			document.DidYouMean(method, known))}
	}
	if !strings.HasPrefix(path, "/") {
		return nil, document.Issues{n.IssueAt(len(method)+1, "a path starts with /")}
	}
	o := &Operation{
		ID: id, Method: strings.ToUpper(method), Path: path, Inline: true,
		Response: schema.Of(schema.Any), accept: jsonMedia, bodyMedia: jsonMedia,
	}
	if err := o.parsePath(); err != nil {
		return nil, document.Issues{n.IssueAt(len(method)+1, "the path %s: %v", path, err)}
	}
	switch o.Method {
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		o.Body = schema.Of(schema.Any)
	}
	return o, nil
}
