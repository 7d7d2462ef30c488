// Package expr compiles the holes of documents, ${...}, against the types of what they name.
//
//	document.Node --Scope.Value--> *Value (typed, checked) --AppendJSON/AppendText/Bool--> bytes
//
// A hole that is only a path copies bytes and never decodes; everything else is CEL over lazily decoded raw JSON, with
// bounded cost.
package expr
