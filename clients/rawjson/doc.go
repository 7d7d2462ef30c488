// Package rawjson reads JSON text without decoding it: values are picked as the bytes they were written in, so numbers
// keep every digit and nothing is allocated for what nobody asked for.
//
//	Valid(text)                       strict check: RFC 8259, UTF-8, bounded depth
//	Get(text, path)                   one value of a valid text
//	Each(text), Members(text)         what is in a valid list or object, as written
//	Trie + Scanner.Scan(trie, text)   many values, and rows of lists, in the one pass that also validates
//
// Where an object has the same name twice the last one wins for Get and Trie, as in encoding/json; what iterates
// (Members, rows of an object) yields each as written. Names compare after their escapes are decoded: "na\u006de" is
// name. Half a surrogate pair in an escape is allowed, as in encoding/json, and reads as U+FFFD.
package rawjson
