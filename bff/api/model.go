package api

import (
	"slices"

	"atrium/tenants/document"
)

func (c *checker) models() {
	if n := c.api.Node.Get("openai"); c.api.OpenAI && c.api.Node.Get("models") == nil {
		c.add(n.Issue("openai: true serves the models of this document, and it has none"))
	}
	for _, name := range ordered(c.api.Models) {
		m := c.api.Models[name]
		if m.Node == nil || m.Node.Kind != document.Map {
			continue
		}
		if !isName(name) {
			c.nameIssue("models", name)
		}
		c.baseURL(m.BaseURL)
		for i, next := range m.Fallbacks {
			n := m.Node.Get("fallbacks").Items[i]
			switch {
			case next == name:
				c.add(n.Issue("the model %q cannot fall back to itself", name))
			case slices.Contains(m.Fallbacks[:i], next):
				c.add(n.Issue("the fallback %q is named twice", next))
			default:
				c.modelName(next, n)
			}
		}
	}
}

// modelName reports at n when there is no model of that name.
func (c *checker) modelName(name string, n *document.Node) {
	if n == nil || n.Kind != document.String {
		return
	}
	if _, ok := c.api.Models[name]; !ok {
		c.add(n.Issue("unknown model %q%s", name, document.DidYouMean(name, ordered(c.api.Models))))
	}
}

func quote(text string) string { return `"` + text + `"` }
