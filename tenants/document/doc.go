// Package document reads the documents that configure Atrium.
//
//	text --Parse--> *Node (values with their places) --Decode--> a Go struct
//
// Decoding is strict and reports every issue, not the first: an unknown key, a wrong type or a missing value
// carries its file, line, column and JSON pointer, and the nearest name that would have been right.
package document
