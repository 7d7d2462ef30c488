package api

import (
	"slices"
	"strings"

	"atrium/tenants/document"
)

// rootNames are the names that every hole may use; steps cannot take them.
func rootNames() []string {
	return []string{"path", "query", "header", "body", "user", "tenant", "vars", "secrets", "now", "parts"}
}

// celKeywords cannot be names in an expression.
func celKeywords() []string {
	return []string{
		"true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import",
		"let", "loop", "package", "namespace", "return", "var", "void", "while",
	}
}

func (c *checker) steps(r *Route) {
	table := r.Node.Get("steps")
	for i, s := range r.Steps {
		if problem := stepNameProblem(s.Name); problem != "" {
			c.add(table.KeyIssue(i, "%s", problem))
		}
		if s.Node == nil || s.Node.Kind != document.Map {
			continue
		}
		c.call(s)
		c.stepMembers(s)
		if s.Cache != nil {
			c.cache(s.Cache, Steps{s})
		}
	}
}

func stepNameProblem(name string) string {
	switch {
	case slices.Contains(rootNames(), name):
		return "a step cannot be called " + name + ": holes use that name for something else"
	case slices.Contains(celKeywords(), name):
		return "a step cannot be called " + name + ": it is a word of the expression language"
	case !isIdentifier(name):
		return "a step's name is made of letters, digits and _, found " + quote(name)
	}
	return ""
}

// call checks that the called upstream, and an operation declared in this document, exist.
func (c *checker) call(s *Step) {
	n := s.Node.Get("call")
	if n == nil || n.Kind != document.String {
		return
	}
	upstream, operation, ok := strings.Cut(s.Call, ".")
	if !ok || upstream == "" || operation == "" {
		c.add(n.Issue("want upstream.operation, such as crm.getCustomer, found %q", s.Call))
		return
	}
	u := c.upstreamName(upstream, n)
	if u == nil || u.Spec != "" || u.Node.Get("spec") != nil {
		return
	}
	if table := u.Node.Get("operations"); table != nil && table.Kind != document.Map {
		return
	}
	if names := ordered(u.Operations); !slices.Contains(names, operation) {
		c.add(n.IssueAt(len(upstream)+1, "the upstream %q has no operation %q%s",
			upstream, operation, document.DidYouMean(operation, names)))
	}
}

func (c *checker) stepMembers(s *Step) {
	if s.Each == nil {
		for _, name := range []string{"concurrency", "maxItems"} {
			if i := fieldIndex(s.Node, name); i >= 0 {
				c.add(s.Node.KeyIssue(i, "%s belongs to each, which this step has not", name))
			}
		}
	}
	if s.Optional && s.Default != nil {
		c.add(s.Node.KeyIssue(fieldIndex(s.Node, "default"),
			"a step is optional or has a default; with a default it is never absent"))
	}
	headers := s.Node.Get("headers")
	for i, f := range fieldsOf(headers) {
		if problem := headerProblem(f.Key); problem != "" {
			c.add(headers.KeyIssue(i, "%s", problem))
		}
	}
}

// cache checks one cache declaration and the steps whose answers it keeps.
func (c *checker) cache(k *Cache, steps Steps) {
	if k.Node == nil || k.Node.Kind != document.Map {
		return
	}
	if n := k.Node.Get("ttl"); n != nil && n.Kind == document.String && k.TTL == 0 && n.Text != "" {
		if _, err := document.ParseDuration(n.Text); err == nil {
			c.add(n.Issue("a cache that keeps nothing; leave it out, or say how long"))
		}
	}
	for i, name := range k.Vary {
		if problem := headerProblem(name); problem != "" {
			c.add(k.Node.Get("vary").Items[i].Issue("%s", problem))
		}
	}
	at := k.Node.Get("scope")
	if at == nil {
		at = k.Node
	}
	for _, s := range steps {
		name, _, _ := strings.Cut(s.Call, ".")
		u := c.api.Upstreams[name]
		if u == nil {
			continue
		}
		switch header := forwardedCredential(u, s); {
		case header != "" && k.Scope != ScopeUser:
			c.add(at.Issue("step %s sends the caller's %s to %s, so its answers are the caller's own; say scope: user",
				s.Name, header, name))
		case k.Scope == ScopeGlobal && !u.Shared:
			c.add(at.Issue("scope global shares answers between tenants, and the upstream %s is not shared: true", name))
		}
	}
}

// forwardedCredential names the caller's credential that a step sends upstream, "" when it sends none.
func forwardedCredential(u *Upstream, s *Step) string {
	for _, name := range u.Forward {
		if isCredentialHeader(name) {
			return name
		}
	}
	for _, member := range []string{"with", "body", "headers"} {
		for _, name := range headerReferences(s.Node.Get(member)) {
			if isCredentialHeader(name) {
				return name
			}
		}
	}
	return ""
}
