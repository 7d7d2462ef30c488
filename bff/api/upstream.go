package api

import (
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"atrium/tenants/document"
)

func (c *checker) upstreams() {
	for _, name := range ordered(c.api.Upstreams) {
		u := c.api.Upstreams[name]
		if u.Node == nil || u.Node.Kind != document.Map {
			continue
		}
		if !isName(name) {
			c.nameIssue("upstreams", name)
		}
		c.operations(u)
		c.baseURL(u.BaseURL)
		c.upstreamHeaders(u)
		if u.Shared {
			c.shared(u)
		}
	}
}

// isName says whether the text can name an upstream or a model: no dots, as calls are upstream.operation.
func isName(text string) bool {
	return text != "" && strings.Trim(text, "-") == text && isIdentifier("_"+strings.ReplaceAll(text, "-", "_"))
}

func (c *checker) nameIssue(table, name string) {
	n := c.api.Node.Get(table)
	c.add(n.KeyIssue(fieldIndex(n, name), "a name is made of letters, digits, - and _, found %q", name))
}

func (c *checker) operations(u *Upstream) {
	table := u.Node.Get("operations")
	if table == nil {
		return
	}
	if u.Node.Get("spec") != nil {
		c.add(u.Node.KeyIssue(fieldIndex(u.Node, "operations"), "an upstream has a spec or operations, not both"))
	}
	for i, f := range fieldsOf(table) {
		if !isName(f.Key) {
			c.add(table.KeyIssue(i, "a name is made of letters, digits, - and _, found %q", f.Key))
		}
	}
}

// baseURL checks an address as far as it is written out.
func (c *checker) baseURL(n *document.Node) {
	if n == nil || n.Kind != document.String {
		return
	}
	if hasHole(n) {
		if !strings.HasPrefix(n.Text, "${") && !hasScheme(n.Text) {
			c.add(n.IssueAt(0, "an address starts with https:// or http://, found %q", n.Text))
		}
		return
	}
	u, err := url.Parse(n.Text)
	switch {
	case !hasScheme(n.Text):
		c.add(n.IssueAt(0, "an address starts with https:// or http://, found %q", n.Text))
	case err != nil || u.Hostname() == "":
		c.add(n.IssueAt(0, "this is no address: %q", n.Text))
	case u.User != nil:
		c.add(n.IssueAt(0, "an address holds no user and password; send them as a header"))
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		c.add(n.IssueAt(0, "an address ends with its path; it has no query and no fragment"))
	}
}

func hasScheme(text string) bool {
	return strings.HasPrefix(text, "https://") || strings.HasPrefix(text, "http://")
}

func (c *checker) upstreamHeaders(u *Upstream) {
	table := u.Node.Get("headers")
	for i, f := range fieldsOf(table) {
		if problem := headerProblem(f.Key); problem != "" {
			c.add(table.KeyIssue(i, "%s", problem))
		}
	}
	for i, name := range u.Forward {
		if problem := headerProblem(name); problem != "" {
			c.add(u.Node.Get("forward").Items[i].Issue("%s", problem))
		}
	}
}

// shared allows answers to be shared between tenants only where no tenant or user can be told from the request.
func (c *checker) shared(u *Upstream) {
	at := u.Node.Get("shared")
	if hasHole(u.BaseURL) {
		c.add(at.Issue("a shared upstream has one address for all tenants; its baseUrl has a hole"))
	}
	for _, name := range ordered(u.Headers) {
		if hasHole(u.Headers[name]) {
			c.add(at.Issue("a shared upstream gets no credential of a tenant; its header %s has a hole", name))
		}
	}
	for _, name := range u.Forward {
		if isCredentialHeader(name) {
			c.add(at.Issue("a shared upstream gets no credential of a user; it forwards %s", name))
		}
	}
}

// headerProblem says why a header cannot be set or forwarded, "" when it can.
func headerProblem(name string) string {
	own := []string{
		"Connection", "Content-Length", "Host", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding",
		"Upgrade",
	}
	switch {
	case !httpguts.ValidHeaderFieldName(name):
		return quote(name) + " is no header name"
	case slices.Contains(own, textproto.CanonicalMIMEHeaderKey(name)):
		return "the header " + name + " belongs to the connection and cannot be set or forwarded"
	}
	return ""
}

// upstreamName finds an upstream by name, reporting at n when there is none.
func (c *checker) upstreamName(name string, n *document.Node) *Upstream {
	if n == nil || n.Kind != document.String {
		return nil
	}
	u, ok := c.api.Upstreams[name]
	if !ok {
		c.add(n.Issue("unknown upstream %q%s", name, document.DidYouMean(name, ordered(c.api.Upstreams))))
		return nil
	}
	if u.Node == nil || u.Node.Kind != document.Map {
		return nil
	}
	return u
}
