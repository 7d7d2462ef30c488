// Package expr compiles the holes of documents, ${...}, against the types of what they name.
//
//	document.Node --Scope.Value--> *Value (typed, checked) --AppendJSON, AppendText, Bool--> bytes
//
// A hole that is only a path, such as ${orders.items[0].id}, copies bytes and never decodes; a path through what is null
// or absent is null. So does the tree of choices, defaults, lists and objects around paths. What is left is CEL: it is
// checked against the same types and evaluated over lazily decoded raw JSON, with bounded cost.
//
// CEL is kept as it is, but for what JSON needs:
//
//   - absent and null are the same: has(a.b) is a.b != null, and a.?b is empty when b is null
//   - JSON has one kind of number: integers and numbers mix in arithmetic, comparison and choices
//   - == and != compare anything with null; what cannot be equal at all is an issue
//   - a value that may be null must not reach an operator or function; the issue names the remedy
package expr
