package view

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"atrium/bff/api"
	"atrium/clients/schema"
	"atrium/tenants/document"

	"golang.org/x/net/http/httpguts"
)

// compileResponse compiles the response template with its status and headers.
func (c *compiler) compileResponse() {
	c.prog.Status = http.StatusOK
	n := c.route.Response
	if n == nil {
		c.report(c.route.KeyNode, "a view needs a response")
		return
	}
	b := c.block(false)
	b.top = true
	if n.Kind == document.Map {
		c.compileStatus(n.Get("$status"))
		c.compileResponseHeaders(n.Get("$headers"))
	}
	t := b.inner(n, "the response")
	if n.Get("$spread") != nil {
		c.prog.Members, c.prog.pieces = nil, nil
	}
	c.prog.response = code{ops: b.code.ops, typ: t}
	c.prog.Response = t
}

// member notes a top-level field of the response and the steps that it mentions.
func (c *compiler) member(name string, mentioned map[string]bool, piece pieceCode) {
	m := Member{Name: name}
	for _, s := range c.prog.Steps {
		if mentioned[s.Name] || mentioned["parts"] {
			m.After = append(m.After, s.Name)
		}
	}
	slices.Sort(m.After)
	piece.late = mentioned["parts"]
	c.prog.Members = append(c.prog.Members, m)
	c.prog.pieces = append(c.prog.pieces, piece)
}

// linkPieces settles which steps each member waits for when it is sent on its own: those that it mentions, and those
// that the status and the headers do.
func (c *compiler) linkPieces() {
	p := c.prog
	for m := range p.Members {
		piece := &p.pieces[m]
		piece.late = piece.late || c.opening["parts"]
		for i, s := range p.Steps {
			if !slices.Contains(p.Members[m].After, s.Name) && !c.opening[s.Name] && !c.opening["parts"] {
				continue
			}
			piece.waits++
			piece.slots = append(piece.slots, p.plans[i].slot)
			p.plans[i].members = append(p.plans[i].members, m)
		}
		if piece.late {
			piece.slots = append(piece.slots, p.parts)
		}
	}
	for i, s := range p.Steps {
		if c.opening[s.Name] {
			p.opening = append(p.opening, p.plans[i].slot)
		}
	}
	if c.opening["parts"] {
		p.opening = append(p.opening, p.parts)
	}
}

func (c *compiler) compileStatus(n *document.Node) {
	if n == nil {
		return
	}
	b := c.block(false)
	v := b.value(n)
	if v == nil {
		return
	}
	if raw, ok := v.Const(); ok {
		status, err := strconv.Atoi(string(raw))
		if err != nil || status < leastStatus || status > greatestStatus {
			c.report(n, "$status wants a number from %d to %d, found %s", leastStatus, greatestStatus, n.Text)
			return
		}
		c.prog.Status = status
		return
	}
	status := b.one(v)
	c.prog.Status, c.prog.status = 0, &status
	status.names = slices.Sorted(maps.Keys(b.names))
	maps.Copy(c.opening, b.names)
	c.fits(n, status, schema.Of(schema.Integer), "$status")
}

func (c *compiler) compileResponseHeaders(n *document.Node) {
	if n == nil {
		return
	}
	if n.Kind != document.Map {
		c.report(n, "$headers wants a mapping of names to values, found %s", n.Kind)
		return
	}
	for i, f := range n.Fields {
		if why := c.refusedHeader(f.Key); why != "" {
			c.issues = append(c.issues, n.KeyIssue(i, "%s", why))
		}
	}
	b := c.block(false)
	c.prog.headers = c.compileHeaders(n, b)
	maps.Copy(c.opening, b.names)
}

// refusedHeader says why a response cannot set a header; "" when it can.
func (c *compiler) refusedHeader(key string) string {
	name := http.CanonicalHeaderKey(key)
	switch name {
	case "Connection", "Content-Length", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade":
		return name + " belongs to the connection and cannot be set"
	case "Age", "Cache-Status", "Etag", "Date", "X-Request-Id", "Content-Encoding", "Content-Type":
		return name + " is Atrium's to set"
	case "Set-Cookie":
		if c.route.Cache != nil {
			return "Set-Cookie cannot be set by a route that is cached: others would be given the cookie"
		}
	}
	switch {
	case !httpguts.ValidHeaderFieldName(key):
		return fmt.Sprintf("%q is not the name of a header", key)
	case strings.HasPrefix(name, "Atrium-"), strings.HasPrefix(name, "Ratelimit"),
		strings.HasPrefix(name, "X-Ratelimit"), strings.HasPrefix(name, "Access-Control-"):
		return name + " is Atrium's to set"
	}
	return ""
}

// compileTags compiles the tags of the route's cache, and those that it purges.
func (c *compiler) compileTags() {
	b := c.block(false)
	if c.route.Cache != nil {
		c.prog.tags = c.texts(c.route.Cache.Tags, b)
		c.tagsNameTheRequest()
	}
	c.prog.purges = c.texts(c.route.Purges, b)
	if c.mentionsBody && (c.route.Method == http.MethodGet || c.route.Method == http.MethodHead) {
		c.report(c.route.KeyNode, "a %s request has no body, and a hole mentions it", c.route.Method)
	}
}

// tagsNameTheRequest reports tags of the route's cache that wait for a step: an entry is stamped with its tags before it is filled, so
// such a tag would be another one than a purge names.
func (c *compiler) tagsNameTheRequest() {
	for _, n := range c.route.Cache.Tags {
		for _, v := range c.texts([]*document.Node{n}, c.block(false)) {
			for _, name := range v.Names {
				if name == "parts" || slices.ContainsFunc(c.prog.Steps, func(s *Step) bool { return s.Name == name }) {
					c.report(n, "a route's tag is made before its steps run, and this one names %s; "+
						"name path, query, header, user or vars, or put the cache on the step", name)
				}
			}
		}
	}
}

// order settles which steps wait for which, and reports those that wait for each other.
func (c *compiler) order() {
	steps := c.prog.Steps
	index := func(name string) int {
		return slices.IndexFunc(steps, func(s *Step) bool { return s.Name == name })
	}
	g := make(graph, len(steps))
	for i, s := range steps {
		for _, name := range s.After {
			g[i] = append(g[i], index(name))
		}
	}
	for _, cycle := range g.cycles() {
		names := make([]string, 0, len(cycle)+1)
		for _, i := range cycle {
			names = append(names, steps[i].Name)
		}
		where := stepNode(c.route.Steps[cycle[0]])
		if len(names) == 1 {
			c.report(where, "the step %s waits for itself", names[0])
			continue
		}
		c.report(where, "the steps wait for each other: %s", strings.Join(append(names, names[0]), " -> "))
	}
	if len(c.issues) > 0 {
		return
	}
	dependents := g.dependents()
	for i, pl := range c.prog.plans {
		pl.waits, pl.dependents = len(g[i]), dependents[i]
		for _, on := range g[i] {
			pl.after = append(pl.after, c.prog.plans[on].slot)
		}
		if pl.waits == 0 {
			c.prog.first = append(c.prog.first, i)
		}
		c.prog.parallel = c.prog.parallel || pl.fan != nil && pl.fan.concurrency > 1
	}
	c.prog.parallel = c.prog.parallel || g.longest() < len(steps)
}

func stepNode(s *api.Step) *document.Node {
	if call := s.Node.Get("call"); call != nil {
		return call
	}
	return s.Node
}

// finish completes the Program of a view without issues.
func (c *compiler) finish() {
	p := c.prog
	p.Fields = slices.Sorted(maps.Keys(c.fields))
	p.roots = c.bound
	p.slots = c.slots
	p.parts, _ = c.root.Slot("parts")
	p.usesParts = c.names["parts"]
	p.size.Store(leastBody)
	c.linkPieces()
	c.linkContracts()
	c.wantInputs()
}
