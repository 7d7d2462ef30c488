package rawjson

import "iter"

// Type is the JSON type of a value.
type Type byte

// The types of a value.
const (
	Invalid Type = iota
	Null
	Bool
	Number
	String
	Array
	Object
)

// MaxDepth is how deep lists and objects may nest.
const MaxDepth = 512

// A SyntaxError says where a text stops being JSON.
type SyntaxError struct {
	Offset int
	Reason string
}

// Error implements error.
func (e *SyntaxError) Error() string { return e.Reason }

// Valid returns nil when b is exactly one JSON value (white space around it allowed), else a *SyntaxError.
func Valid(b []byte) error { panic("soon") }

// Kind returns the JSON type of the valid text b; Invalid when b is empty.
func Kind(b []byte) Type { panic("soon") }

// IsNull reports whether the valid text b is null or absent (empty).
func IsNull(b []byte) bool { panic("soon") }

// Get returns the value that path leads to in the valid text b, without white space around it.
func Get(b []byte, path Path) ([]byte, bool) { panic("soon") }

// Each yields the elements of the valid text b when it is a list, else nothing.
func Each(b []byte) iter.Seq[[]byte] { panic("soon") }

// Members yields names and values of the valid text b when it is an object, else nothing.
func Members(b []byte) iter.Seq2[string, []byte] { panic("soon") }

// AppendQuoted appends s as a JSON string.
func AppendQuoted(dst []byte, s string) []byte { panic("soon") }

// AppendUnquoted appends the text of the valid JSON string raw.
func AppendUnquoted(dst, raw []byte) []byte { panic("soon") }

// A Trie holds what to pick from documents of one shape: paths (columns of a row) and lists whose elements are rows of
// their own. Build it first (not safe for concurrent use), then share it between Scanners.
type Trie struct{}

// NewTrie returns an empty Trie.
func NewTrie() *Trie { panic("soon") }

// Add adds a path and returns its column; the same path has the same column.
func (t *Trie) Add(p Path) int { panic("soon") }

// Each returns the Trie of the elements of the list or object at p, whose rows are collected in the same pass.
// The same path has the same Trie. Its paths start at the element.
func (t *Trie) Each(p Path) *Trie { panic("soon") }

// A Scanner scans documents. Its buffers are reused, so keep it in a sync.Pool; the zero value is ready.
type Scanner struct{}

// Scan validates doc and picks what t asks for. Row, and what is got from it, hold until the next Scan or Reset.
func (s *Scanner) Scan(t *Trie, doc []byte) (Row, error) { panic("soon") }

// Reset lets go of the last document, to be called before the Scanner goes back to a pool.
func (s *Scanner) Reset() { panic("soon") }

// A Row is what was picked from a document, or from one element of a list in it.
type Row struct{}

// Value returns the whole value of the row: the document, or the element.
func (r Row) Value() []byte { panic("soon") }

// Key returns the JSON string that names the element when the rows are those of an object, else nil.
func (r Row) Key() []byte { panic("soon") }

// Get returns the value of a column, nil when the path leads nowhere.
func (r Row) Get(column int) []byte { panic("soon") }

// Rows returns the elements that t, made by Each of the row's Trie, collected.
// ok is false when there is no list or object there.
func (r Row) Rows(t *Trie) (rows Rows, ok bool) { panic("soon") }

// Rows are the elements of one list or object, in order.
type Rows struct{}

// Len returns how many there are.
func (rs Rows) Len() int { panic("soon") }

// At returns the i-th.
func (rs Rows) At(i int) Row { panic("soon") }
