// Package rawjson reads JSON text without decoding it: values are picked as the bytes they were written in, so numbers
// keep every digit and nothing is allocated for what nobody asked for.
//
//	Valid(text)                       strict check: RFC 8259, UTF-8, bounded depth
//	Get(text, path)                   one value of a valid text
//	Trie + Scanner.Scan(trie, text)   many values, and rows of lists, in the one pass that also validates
//
// Where an object has the same name twice the last one wins, as in encoding/json. Names compare after their escapes are
// decoded: "na\u006de" is name.
package rawjson
