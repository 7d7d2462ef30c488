package api

import (
	"regexp"

	"atrium/tenants/document"
)

// A Mention is a place where a document's hole names a variable or a secret of the tenant.
type Mention struct {
	Root   string // vars or secrets
	Name   string
	Node   *document.Node
	Offset int // of the name in the node's text
}

// mention finds vars.name and secrets.name, tenant.vars.name among them, but no member that happens to be called so.
var mention = regexp.MustCompile(`(?:^|[^.\w]|tenant\.)(vars|secrets)\.\??([A-Za-z_]\w*)`)

// Mentions lists the variables and secrets that the document needs of its tenants, in the order written; a name may come
// more than once.
func (a *API) Mentions() []Mention {
	var found []Mention
	var walk func(n *document.Node)
	walk = func(n *document.Node) {
		if n == nil {
			return
		}
		for _, item := range n.Items {
			walk(item)
		}
		for _, f := range n.Fields {
			walk(f.Value)
		}
		if n.Kind != document.String {
			return
		}
		for _, h := range holes(n.Text) {
			for _, m := range mention.FindAllStringSubmatchIndex(h.source, -1) {
				found = append(found, Mention{
					Root: h.source[m[2]:m[3]], Name: h.source[m[4]:m[5]], Node: n, Offset: h.start + m[4],
				})
			}
		}
	}
	walk(a.Node)
	return found
}
