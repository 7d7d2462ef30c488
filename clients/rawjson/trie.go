package rawjson

// A Trie holds what to pick from documents of one shape: paths, each a column of a Row, and lists whose elements are
// Rows of their own. Build it first, which is not safe for concurrent use; then it is immutable and may be shared.
//
//	orders := NewTrie()
//	next := orders.Add(Path{{Name: "next"}})
//	item := orders.Each(Path{{Name: "items"}})
//	id := item.Add(Path{{Name: "id"}})
type Trie struct {
	root   *node
	width  int      // spans in a row
	table  int      // the place of its rows among the tables of a Scanner
	rows   int      // the column of the outer row that says which rows belong to it; none for the outermost
	family *[]*Trie // all Tries of the document, by table
}

// The first columns of every row.
const (
	valueColumn = iota // the element, or the whole document
	keyColumn          // its name, in an object's rows
	ownColumns
)

// A node is a value that paths lead to or through.
type node struct {
	column  int
	members []member
	byName  map[string]*node // when there are many members
	elems   []elem
	each    *Trie
}

type member struct {
	name string
	node *node
}

type elem struct {
	index int
	node  *node
}

// manyMembers is where a map becomes faster than comparing one name after the other.
const manyMembers = 8

// NewTrie returns a Trie that picks nothing yet; scanning with it only validates.
func NewTrie() *Trie {
	family := make([]*Trie, 0, 1)
	return newTrie(&family)
}

func newTrie(family *[]*Trie) *Trie {
	t := &Trie{root: &node{column: valueColumn}, width: ownColumns, table: len(*family), family: family}
	*family = append(*family, t)
	return t
}

// Add asks for the value at a path and returns its column in a Row. The same path has the same column.
func (t *Trie) Add(path Path) int { return t.node(path).column }

// Each asks for the elements of the list, or the members of the object, at a path. The Trie it returns says what to
// pick from each of them; its paths start at the element. The same path has the same Trie.
func (t *Trie) Each(path Path) *Trie {
	n := t.node(path)
	if n.each == nil {
		n.each = newTrie(t.family)
		n.each.rows = t.width
		t.width++
	}
	return n.each
}

func (t *Trie) node(path Path) *node {
	n := t.root
	for _, seg := range path {
		next := n.child(seg)
		if next == nil {
			next = &node{column: t.width}
			t.width++
			n.adopt(seg, next)
		}
		n = next
	}
	return n
}

func (n *node) child(seg Seg) *node {
	if seg.IsIndex {
		return n.elem(seg.Index)
	}
	return n.member([]byte(seg.Name))
}

func (n *node) adopt(seg Seg, child *node) {
	if seg.IsIndex {
		n.elems = append(n.elems, elem{seg.Index, child})
		return
	}
	n.members = append(n.members, member{seg.Name, child})
	if len(n.members) <= manyMembers {
		return
	}
	n.byName = make(map[string]*node, len(n.members))
	for _, m := range n.members {
		n.byName[m.name] = m.node
	}
}

func (n *node) member(name []byte) *node {
	if n.byName != nil {
		return n.byName[string(name)]
	}
	for i := range n.members {
		if n.members[i].name == string(name) {
			return n.members[i].node
		}
	}
	return nil
}

func (n *node) elem(index int) *node {
	for i := range n.elems {
		if n.elems[i].index == index {
			return n.elems[i].node
		}
	}
	return nil
}

// leaf reports whether only the value itself is asked for.
func (n *node) leaf() bool { return len(n.members) == 0 && len(n.elems) == 0 && n.each == nil }

// forget clears what was picked below n in a row: a later member of the same name replaces it.
func (n *node) forget(row []span) {
	row[n.column] = span{}
	if n.each != nil {
		row[n.each.rows] = span{}
	}
	for _, m := range n.members {
		m.node.forget(row)
	}
	for _, e := range n.elems {
		e.node.forget(row)
	}
}
