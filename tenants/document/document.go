package document

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Kind is the JSON type of a Node.
type Kind uint8

// The kinds of a Node. Integers and other numbers are told apart by how they are written.
const (
	Null Kind = iota
	Bool
	Int
	Float
	String
	List
	Map
	Broken // text that could not be read: an issue says why, so nobody else needs to complain about it
)

// A Node is one value of a document with the place where it is written.
// Aliases are resolved and merge keys refused, so a Node is a tree and every Map has distinct keys.
type Node struct {
	File    string // as shown to people, such as "apis/storefront.yaml"
	Line    int    // 1-based
	Column  int    // 1-based, in characters
	Pointer string // RFC 6901, "" for the root

	Kind   Kind
	Text   string  // Bool: true or false; Int, Float: a JSON number as written; String: its value
	Items  []*Node // List
	Fields []Field // Map, in the order written

	raw string // the document from this scalar on, when its text is not written as it reads
}

// A Field is one member of a Map.
type Field struct {
	Key       string
	KeyLine   int
	KeyColumn int
	Value     *Node

	rawKey string // as Node.raw
}

// Get returns the value of a Map's member, or nil.
func (n *Node) Get(key string) *Node {
	if n == nil {
		return nil
	}
	for i := range n.Fields {
		if n.Fields[i].Key == key {
			return n.Fields[i].Value
		}
	}
	return nil
}

// Issue reports something wrong with the node as a whole.
func (n *Node) Issue(format string, args ...any) Issue {
	return Issue{
		File: n.File, Line: n.Line, Column: n.Column,
		Pointer: n.Pointer, Message: fmt.Sprintf(format, args...),
	}
}

// IssueAt reports something wrong at a place inside a scalar: offset bytes into its Text. The place is found in
// quoted, escaped and multi-line text too; offset 0 of quoted text is behind the quote.
func (n *Node) IssueAt(offset int, format string, args ...any) Issue {
	issue := n.Issue(format, args...)
	issue.Line, issue.Column = n.place(offset)
	return issue
}

// KeyIssue reports something wrong with the key of the node's i-th field.
func (n *Node) KeyIssue(i int, format string, args ...any) Issue {
	f := n.Fields[i]
	return Issue{
		File: n.File, Line: f.KeyLine, Column: f.KeyColumn,
		Pointer: f.Value.Pointer, Message: fmt.Sprintf(format, args...),
	}
}

// KeyNode returns the key of the node's i-th field as a String node, for issues inside it.
// Its pointer is that of the field's value.
func (n *Node) KeyNode(i int) *Node {
	f := n.Fields[i]
	return &Node{
		File: n.File, Line: f.KeyLine, Column: f.KeyColumn, Pointer: f.Value.Pointer,
		Kind: String, Text: f.Key, raw: f.rawKey,
	}
}

// An Issue is one thing that is wrong with a document: where, what, and what to do about it.
type Issue struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`   // 1-based; 0 when there is no text
	Column  int    `json:"column,omitempty"` // 1-based; 0 when there is no text
	Pointer string `json:"pointer"`          // RFC 6901, "" for the document itself
	Message string `json:"message"`
}

// String renders the issue as file:line:col: message.
func (i Issue) String() string {
	if i.Line == 0 {
		return fmt.Sprintf("%s: %s", i.File, i.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s", i.File, i.Line, i.Column, i.Message)
}

// Issues are all that is wrong; nil means that nothing is. As an error it prints one issue a line.
type Issues []Issue

// Error implements error.
func (is Issues) Error() string {
	lines := make([]string, len(is))
	for i, issue := range is {
		lines[i] = issue.String()
	}
	return strings.Join(lines, "\n")
}

// Err returns the issues as an error, nil when there are none.
func (is Issues) Err() error {
	if len(is) == 0 {
		return nil
	}
	return is
}

// Sort orders the issues by file, place and message and drops repetitions.
func (is Issues) Sort() Issues {
	slices.SortStableFunc(is, func(a, b Issue) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(is)
}
