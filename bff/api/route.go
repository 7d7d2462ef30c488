package api

import (
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"atrium/tenants/document"
)

// route checks one route.
func (c *checker) route(r *Route) {
	if r.Node == nil || r.Node.Kind != document.Map {
		return // it could not be read, or is reported to be no route
	}
	switch c.kind(r) {
	case "response", "steps":
		c.view(r)
	case "proxy":
		c.proxy(r)
	case "chat":
		c.chat(r)
	case "webhook":
		c.webhook(r)
	}
}

// kind returns the member that makes the route what it is, "" when that is not clear.
func (c *checker) kind(r *Route) string {
	var found []string
	for _, name := range []string{"response", "proxy", "chat", "webhook"} {
		if r.Node.Get(name) != nil {
			found = append(found, name)
		}
	}
	switch {
	case len(found) > 1:
		second := fieldIndex(r.Node, found[1])
		c.add(r.Node.KeyIssue(second, "a route is one of response, proxy, chat or webhook; this one has %s",
			strings.Join(found, " and ")))
		return ""
	case len(found) == 0 && r.Node.Get("steps") != nil:
		return "steps"
	case len(found) == 0:
		c.add(r.KeyNode.Issue("the route does nothing; give it a response, proxy, chat or webhook"))
		return ""
	}
	if found[0] != "response" {
		c.only(r, found[0])
	}
	return found[0]
}

// only refuses the members of views in other routes.
func (c *checker) only(r *Route, kind string) {
	for i, f := range r.Node.Fields {
		if slices.Contains([]string{"steps", "cache", "purges", "input", "timeout"}, f.Key) {
			c.add(r.Node.KeyIssue(i, "%s belongs to a view; a %s route has none", f.Key, kind))
		}
	}
}

func (c *checker) view(r *Route) {
	if r.Method == Any {
		c.add(r.KeyNode.Issue("a view answers one method; ANY is for proxies"))
	}
	if r.Response == nil {
		c.add(r.KeyNode.Issue("a view needs a response"))
	}
	c.input(r)
	c.steps(r)
	if r.Cache == nil {
		return
	}
	if r.Method != http.MethodGet && isMethod(r.Method) {
		c.add(r.Node.KeyIssue(fieldIndex(r.Node, "cache"), "only GET is cached, and this route is %s", r.Method))
	}
	c.cache(r.Cache, r.Steps)
}

func (c *checker) input(r *Route) {
	if r.Input == nil {
		return
	}
	params := r.Pattern.Params()
	declared := r.Node.Get("input").Get("path")
	for i, f := range fieldsOf(declared) {
		if !slices.Contains(params, f.Key) {
			c.add(declared.KeyIssue(i, "the path has no parameter %q%s", f.Key, document.DidYouMean(f.Key, params)))
		}
	}
	if body := r.Input.Body; body != nil && r.Method == http.MethodGet {
		c.add(body.Issue("a GET request has no body"))
	}
}

func (c *checker) proxy(r *Route) {
	p := r.Proxy
	if p == nil || p.Node == nil {
		return
	}
	c.upstreamName(p.Upstream, p.Node.Get("upstream"))
	if p.Strip != "" {
		strip, issues := ParsePattern(p.Node.Get("strip"), 0, p.Strip)
		c.add(issues...)
		if len(issues) == 0 && !startsWith(r.Pattern, strip) {
			c.add(p.Node.Get("strip").Issue("the route's path does not start with %s", p.Strip))
		}
	}
	if p.Cache != "" && r.Method != http.MethodGet && r.Method != Any && isMethod(r.Method) {
		c.add(p.Node.Get("cache").Issue("only GET is cached, and this route is %s", r.Method))
	}
	for i, pattern := range p.ContentTypes {
		main, sub, ok := strings.Cut(pattern, "/")
		if !ok || !httpguts.ValidHeaderFieldName(main) || sub != "*" && !httpguts.ValidHeaderFieldName(sub) {
			c.add(p.Node.Get("contentTypes").Items[i].Issue(
				"want a content type such as image/png or image/*, found %q", pattern))
		}
	}
}

func startsWith(p, prefix Pattern) bool {
	return len(p.Segments) >= len(prefix.Segments) &&
		slices.Equal(p.Segments[:len(prefix.Segments)], prefix.Segments)
}

func (c *checker) chat(r *Route) {
	c.post(r, "chat")
	if r.Pattern.Rest() {
		c.add(r.KeyNode.Issue("a chat route has no parameter of several parts: it is resumed below its path"))
	}
	chat := r.Chat
	if chat == nil || chat.Node == nil {
		return
	}
	c.modelName(chat.Model, chat.Node.Get("model"))
	views := c.readableViews()
	for i, key := range chat.Tools {
		n := chat.Node.Get("tools").Items[i]
		if slices.Contains(chat.Tools[:i], key) {
			c.add(n.Issue("the tool %q is named twice", key))
			continue
		}
		if slices.Contains(views, key) || n.Kind != document.String {
			continue
		}
		if _, ok := c.api.Routes[key]; ok {
			c.add(n.Issue("a tool is a GET route with a response; %q is not one", key))
			continue
		}
		c.add(n.Issue("there is no route %q%s", key, document.DidYouMean(key, views)))
	}
}

// readableViews lists the routes that a model may call.
func (c *checker) readableViews() []string {
	var keys []string
	for key, r := range c.api.Routes {
		broken := r.Node == nil
		if strings.HasPrefix(key, "GET ") && (broken || r.Response != nil) {
			keys = append(keys, key)
		}
	}
	return keys
}

func (c *checker) webhook(r *Route) {
	c.post(r, "webhook")
}

func (c *checker) post(r *Route, kind string) {
	if r.Method != http.MethodPost && isMethod(r.Method) {
		c.add(r.KeyNode.Issue("a %s route is POST, not %s", kind, r.Method))
	}
}

func isMethod(method string) bool { return slices.Contains(routeMethods(), method) }

func fieldsOf(n *document.Node) []document.Field {
	if n == nil {
		return nil
	}
	return n.Fields
}

func fieldIndex(n *document.Node, key string) int {
	return slices.IndexFunc(n.Fields, func(f document.Field) bool { return f.Key == key })
}

// credentialHeaders carry what signs a caller in.
func isCredentialHeader(name string) bool {
	return slices.Contains([]string{"Authorization", "Cookie", "X-Api-Key", "Proxy-Authorization"},
		textproto.CanonicalMIMEHeaderKey(name))
}
