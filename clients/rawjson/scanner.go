package rawjson

import (
	"errors"
	"math"
	"slices"
)

// ErrTooMany is returned for a document with more list elements than a Scan keeps: MaxSpans.
var ErrTooMany = errors.New("JSON has more list elements than can be looped over")

// MaxSpans bounds what one Scan keeps: each element of a looped list costs as many spans (8 bytes) as it has columns,
// and two.
const MaxSpans = 1 << 20

// keepSpans is the size up to which a table stays with a Scanner that is Reset.
const keepSpans = 1 << 14

// A span is a part of the document, or a range of rows counted from 1; the zero span is nothing.
type span struct{ start, end uint32 }

// A Scanner scans documents. Its buffers are reused, so that it costs nothing when kept in a sync.Pool. The zero value
// is ready. It serves one goroutine at a time.
type Scanner struct {
	cursor cursor
	trie   *Trie
	tables [][]span
	spans  int
	many   bool
	name   []byte // of a member, its escapes decoded
}

// Scan validates a document and picks what t, which NewTrie returned, asks for. The error is a *SyntaxError or
// ErrTooMany. The Row, and what is got from it, hold until the next Scan or Reset; bytes are those of the document.
func (s *Scanner) Scan(t *Trie, document []byte) (Row, error) {
	s.Reset()
	if len(document) > math.MaxUint32 {
		return Row{}, ErrTooMany
	}
	s.cursor.text = document
	s.trie = t
	for len(s.tables) < len(*t.family) {
		s.tables = append(s.tables, nil)
	}
	base := s.addRow(t)
	i := s.cursor.space(0)
	end := s.value(t.root, t.table, base, i, 0)
	if end >= 0 {
		s.tables[t.table][base+valueColumn] = span{uint32(i), uint32(end)}
		end = s.cursor.end(end)
	}
	if s.many {
		return Row{}, ErrTooMany
	}
	if end < 0 {
		return Row{}, s.cursor.error()
	}
	return Row{scanner: s, trie: t, base: base}, nil
}

// Reset lets go of the last document. Call it before the Scanner goes back to a pool.
func (s *Scanner) Reset() {
	for i, table := range s.tables {
		if cap(table) > keepSpans {
			table = nil
		}
		s.tables[i] = table[:0]
	}
	s.cursor, s.trie, s.spans, s.many = cursor{}, nil, 0, false
}

// addRow appends an empty row for t and returns its place.
func (s *Scanner) addRow(t *Trie) int {
	table := s.tables[t.table]
	base := len(table)
	table = slices.Grow(table, t.width)[:base+t.width]
	clear(table[base:])
	s.tables[t.table] = table
	s.spans += t.width
	return base
}

// value reads the value at i, picking what n asks for into the row at base of a table.
func (s *Scanner) value(n *node, table, base, i, depth int) int {
	if n.leaf() || i >= len(s.cursor.text) {
		return s.cursor.skip(i, depth)
	}
	switch s.cursor.text[i] {
	case '{':
		return s.object(n, table, base, i, depth)
	case '[':
		return s.list(n, table, base, i, depth)
	}
	return s.cursor.skip(i, depth)
}

func (s *Scanner) object(n *node, table, base, i, depth int) int {
	first := s.beginRows(n)
	i, more := s.cursor.open(i, depth, '}')
	for more {
		end, value, plain := s.cursor.name(i)
		if value < 0 {
			return -1
		}
		key := span{uint32(i), uint32(end)}
		child := n.member(s.memberName(key, plain))
		if child != nil && s.tables[table][base+child.column].end != 0 {
			child.forget(s.tables[table][base:])
		}
		if i = s.part(n, child, table, base, value, depth+1, key); i < 0 {
			return -1
		}
		i, more = s.cursor.next(i, '}')
	}
	if i >= 0 {
		s.endRows(n, table, base, first)
	}
	return i
}

func (s *Scanner) list(n *node, table, base, i, depth int) int {
	first := s.beginRows(n)
	i, more := s.cursor.open(i, depth, ']')
	for index := 0; more; index++ {
		if i = s.part(n, n.elem(index), table, base, i, depth+1, span{}); i < 0 {
			return -1
		}
		i, more = s.cursor.next(i, ']')
	}
	if i >= 0 {
		s.endRows(n, table, base, first)
	}
	return i
}

// part reads a member or element at i of what n stands for: child picks from it into the row of n, and when n loops it
// becomes a row as well.
func (s *Scanner) part(n, child *node, table, base, i, depth int, key span) int {
	if n.each != nil {
		end := s.row(n.each, i, depth, key)
		if child == nil || end < 0 {
			return end
		}
	}
	if child == nil {
		return s.cursor.skip(i, depth)
	}
	end := s.value(child, table, base, i, depth)
	if end >= 0 {
		s.tables[table][base+child.column] = span{uint32(i), uint32(end)}
	}
	return end
}

func (s *Scanner) row(t *Trie, i, depth int, key span) int {
	if s.spans >= MaxSpans {
		s.many = true
		return -1
	}
	base := s.addRow(t)
	end := s.value(t.root, t.table, base, i, depth)
	if end >= 0 {
		row := s.tables[t.table][base:]
		row[valueColumn], row[keyColumn] = span{uint32(i), uint32(end)}, key
	}
	return end
}

func (s *Scanner) beginRows(n *node) int {
	if n.each == nil {
		return 0
	}
	return len(s.tables[n.each.table])
}

func (s *Scanner) endRows(n *node, table, base, first int) {
	if n.each != nil {
		s.tables[table][base+n.each.rows] = span{uint32(first + 1), uint32(len(s.tables[n.each.table]) + 1)}
	}
}

// memberName returns the name that a quoted one says, valid until the next call.
func (s *Scanner) memberName(quoted span, plain bool) []byte {
	body := s.cursor.text[quoted.start+1 : quoted.end-1]
	if plain {
		return body
	}
	s.name = appendUnescaped(s.name[:0], body)
	return s.name
}
