package rawjson

// A Row is what was picked from a document, or from one element of a list in it.
type Row struct {
	scanner *Scanner
	trie    *Trie
	base    int
}

// Value returns the whole value of the row: the document, or the element.
func (r Row) Value() []byte { return r.Get(valueColumn) }

// Key returns the name of the element, as the JSON string it is written as, when the rows are those of an object; else
// nil.
func (r Row) Key() []byte { return r.Get(keyColumn) }

// Get returns the value of a column, nil when its path leads nowhere.
func (r Row) Get(column int) []byte {
	at := r.span(column)
	if at.end == 0 {
		return nil
	}
	return r.scanner.cursor.text[at.start:at.end:at.end]
}

// Rows returns the rows of a list or object: t is what Each of the row's Trie returned. ok is false when there is
// neither a list nor an object there.
func (r Row) Rows(t *Trie) (rows Rows, ok bool) {
	at := r.span(t.rows)
	if at.end == 0 {
		return Rows{}, false
	}
	return Rows{scanner: r.scanner, trie: t, base: int(at.start) - 1, count: int(at.end-at.start) / t.width}, true
}

func (r Row) span(column int) span { return r.scanner.tables[r.trie.table][r.base+column] }

// Rows are the elements of one list, or the members of one object, in the order written.
type Rows struct {
	scanner *Scanner
	trie    *Trie
	base    int
	count   int
}

// Len returns how many there are.
func (rs Rows) Len() int { return rs.count }

// At returns the i-th, counted from 0.
func (rs Rows) At(i int) Row {
	return Row{scanner: rs.scanner, trie: rs.trie, base: rs.base + i*rs.trie.width}
}
