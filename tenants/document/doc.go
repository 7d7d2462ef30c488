// Package document reads the documents that configure Atrium.
//
//	text --Parse--> *Node (values with their places) --Decode--> a Go struct
//
// Decoding is strict and reports every issue, not the first: an unknown key, a wrong type or a missing value
// carries its file, line, column and JSON pointer, and the nearest name that would have been right.
//
// Reading order: document.go (Node, Issue), parse.go, then readyaml.go and readjson.go, which make Nodes; syntax.go and
// mend.go, which explain syntax errors and read on behind them; place.go, which finds a character of a value in its
// source; decode.go and members.go; schema.go, which describes to editors what Decode takes.
package document
