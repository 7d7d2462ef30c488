package view

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"

	"atrium/bff/expr"
	"atrium/clients/rawjson"
	"atrium/clients/schema"
	"atrium/tenants/document"
)

// A head is what $each and each say: o in ${orders.items}, or k, v in ${map}.
type head struct {
	names  []string
	source string
	offset int // of source, in characters
}

var eachHead = regexp.MustCompile(`(?s)^\s*([A-Za-z_]\w*)(?:\s*,\s*([A-Za-z_]\w*))?\s+in\s+\$\{(.*)\}\s*$`)

func parseEach(n *document.Node) (head, bool) {
	if n.Kind != document.String {
		return head{}, false
	}
	at := eachHead.FindStringSubmatchIndex(n.Text)
	if at == nil {
		return head{}, false
	}
	h := head{names: []string{n.Text[at[2]:at[3]]}, source: n.Text[at[6]:at[7]]}
	if at[4] >= 0 {
		h.names = append(h.names, n.Text[at[4]:at[5]])
	}
	h.offset = utf8.RuneCountInString(n.Text[:at[6]])
	return h, true
}

// reservedWords cannot be names in an expression.
var reservedWords = []string{
	"true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import",
	"let", "loop", "package", "namespace", "return", "var", "void", "while",
}

// over compiles what a loop goes over, and returns the block of what is repeated. The loop is nil after an issue; the
// block has the loop's names all the same, so that what is repeated is checked too.
func (b *block) over(n *document.Node) (*loop, *block) {
	h, ok := parseEach(n)
	if !ok {
		if n.Kind != document.Broken {
			b.c.report(n, "want a name and a list, such as o in ${orders.items}, or k, v in ${map}")
		}
		return nil, b.unknownLoop(nil)
	}
	if !b.freeNames(n, h) {
		return nil, b.unknownLoop(h.names)
	}
	v, issues := b.scope.Expr(n, h.offset, h.source)
	if v = b.checked(n, v, issues); v == nil {
		return nil, b.unknownLoop(h.names)
	}
	elem, ok := b.element(n, h, v.Type)
	if !ok {
		return nil, b.unknownLoop(h.names)
	}
	l, of := b.source(v)
	l.pairs, l.keySlot = len(h.names) == 2, -1
	l.place = fmt.Sprintf("%s:%d:%d", n.File, n.Line, n.Column)
	l.element = &binding{row: b.c.newRow(), trie: l.rows, used: true, reading: of.over(elem)}
	in := b
	if l.pairs {
		in, l.keySlot = in.with(h.names[0], schema.Of(schema.String), nil)
	}
	in, l.slot = in.with(h.names[len(h.names)-1], elem, l.element)
	l.nullable = v.Type.AllowsNull()
	return l, in
}

// unknownLoop is a block whose loop names may be anything.
func (b *block) unknownLoop(names []string) *block {
	in := b
	for _, name := range names {
		in, _ = in.with(name, schema.Of(schema.Any), nil)
	}
	if in == b {
		in = b.inside()
		in.code = &emitter{}
	}
	return in
}

// freeNames reports names of a loop that stand for something else already.
func (b *block) freeNames(n *document.Node, h head) bool {
	ok := true
	for i, name := range h.names {
		switch _, taken := b.scope.Slot(name); {
		case taken, i == 1 && name == h.names[0]:
			b.c.report(n, "%s is the name of something else here; choose another", name)
			ok = false
		case slices.Contains(reservedWords, name):
			b.c.report(n, "%s is a word of the expression language; choose another", name)
			ok = false
		}
	}
	return ok
}

// element is the type of what a loop goes over one by one.
func (b *block) element(n *document.Node, h head, t *schema.Type) (*schema.Type, bool) {
	pairs := len(h.names) == 2
	switch {
	case t.Kind == schema.Any, t.Kind == schema.Union:
		return schema.Of(schema.Any), true
	case t.Kind == schema.Array && !pairs:
		return orAny(t.Elem), true
	case t.Kind == schema.Object && pairs:
		types := make([]*schema.Type, 0, len(t.Fields)+1)
		for _, f := range t.Fields {
			types = append(types, f.Type)
		}
		if t.Extra != nil || len(types) == 0 {
			types = append(types, orAny(t.Extra))
		}
		return schema.UnionOf(types...), true
	case t.Kind == schema.Object:
		b.c.issues = append(b.c.issues, n.IssueAt(h.offset,
			"want a list, found %s; over the members of an object take two names: k, %s in ${%s}", t, h.names[0], h.source))
	case t.Kind == schema.Array:
		b.c.issues = append(b.c.issues, n.IssueAt(h.offset,
			"want an object, found %s; over a list take one name: %s in ${%s}", t, h.names[1], h.source))
	default:
		b.c.issues = append(b.c.issues, n.IssueAt(h.offset, "want a list, found %s", t))
	}
	return nil, false
}

// source compiles where the rows of a loop come from: those of a row that is scanned anyway when the list is a path,
// else a scan of their own. The reading is that of the list.
func (b *block) source(v *expr.Value) (*loop, *reading) {
	if slot, path, ok := v.Path(); ok {
		if from := b.binding(slot); from != nil {
			from.used = true
			return &loop{
				list:  op{code: opCopy, row: int32(from.row), column: int32(from.trie.Add(path))},
				outer: int32(from.row), rows: from.trie.Each(path),
			}, from.reading.at(path)
		}
	}
	own := rawjson.NewTrie()
	return &loop{list: b.op(v), outer: -1, own: own, rows: own.Each(rawjson.Path{}), scanner: b.c.newScanner()}, nil
}

// each compiles a mapping with $each.
func (b *block) each(n *document.Node) *schema.Type {
	for i, f := range n.Fields {
		if n.Get("$item") != nil && (plain(f.Key) || f.Key == "$spread") {
			b.c.issues = append(b.c.issues, n.KeyIssue(i, "%s cannot stand beside $item, which is all of the element", f.Key))
		}
	}
	l, in := b.over(n.Get("$each"))
	in.want = elemOf(b.want)
	elem := in.repeated(n)
	if l == nil {
		l = &loop{outer: -1}
	}
	l.body = in.code.ops
	l.where = in.bool(n.Get("$where"), "$where")
	l.sort = in.sortKeys(n.Get("$sort"))
	l.limit = b.limitOf(n.Get("$limit"))
	b.code.op(op{code: opLoop, loop: l})
	t := schema.ArrayOf(elem)
	if l.nullable {
		return t.OrNull()
	}
	return t
}

func elemOf(t *schema.Type) *schema.Type {
	if t == nil {
		return nil
	}
	return t.Elem
}

// repeated compiles the element of a loop: $item, else the object without the loop's own keys.
func (b *block) repeated(n *document.Node) *schema.Type {
	b.top = false
	if item := n.Get("$item"); item != nil {
		return b.inner(item, "an element; use $where")
	}
	return b.object(n)
}

// sortKeys compiles $sort: a value, or a list of {by, desc}.
func (b *block) sortKeys(n *document.Node) []sortKey {
	switch {
	case n == nil:
		return nil
	case n.Kind != document.List:
		return b.sortKey(nil, n, false)
	}
	var keys []sortKey
	for _, item := range n.Items {
		by := item.Get("by")
		if by == nil {
			b.c.report(item, `want {by: "${value}", desc: true}`)
			continue
		}
		for i, f := range item.Fields {
			if f.Key != "by" && f.Key != "desc" {
				b.c.issues = append(b.c.issues, item.KeyIssue(i, "unknown key %q%s", f.Key,
					document.DidYouMean(f.Key, []string{"by", "desc"})))
			}
		}
		desc := item.Get("desc")
		if desc != nil && desc.Kind != document.Bool {
			b.c.report(desc, "want true or false, found %s", desc.Kind)
		}
		keys = b.sortKey(keys, by, desc != nil && desc.Text == "true")
	}
	return keys
}

func (b *block) sortKey(keys []sortKey, by *document.Node, desc bool) []sortKey {
	v := b.value(by)
	if v == nil {
		return keys
	}
	switch v.Type.Kind {
	case schema.Array, schema.Object, schema.Null:
		b.c.report(by, "$sort wants text, numbers or conditions, found %s", v.Type)
	case schema.Any, schema.Bool, schema.Integer, schema.Number, schema.String, schema.Union:
	}
	return append(keys, sortKey{by: b.one(v), desc: desc})
}

// limitOf compiles $limit.
func (b *block) limitOf(n *document.Node) *code {
	if n == nil {
		return nil
	}
	v := b.value(n)
	if v == nil {
		return nil
	}
	if raw, ok := v.Const(); ok {
		if limit, err := strconv.Atoi(string(raw)); err != nil || limit < 0 {
			b.c.report(n, "$limit wants a whole number from 0, found %s", n.Text)
		}
	} else if v.Type.Kind != schema.Integer && v.Type.Kind != schema.Any {
		b.c.report(n, "$limit wants a whole number, found %s", v.Type)
	}
	limit := b.one(v)
	return &limit
}

// constantLength is the length of a list that is the same for every request.
func constantLength(list *op) (int, bool) {
	if list.code != opText || rawjson.Kind(list.text) != rawjson.Array {
		return 0, false
	}
	n := 0
	for range rawjson.Each(list.text) {
		n++
	}
	return n, true
}
