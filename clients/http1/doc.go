// Package http1 is a lean client for HTTP/1.1 over plain connections: one write per request, the answer read by the
// caller's own goroutine, connections kept and bounded per host. What it is not made for goes to another RoundTripper.
//
// It trusts no upstream. An answer whose end could be read in two ways is refused (RFC 9112: a length that is repeated
// or beside a transfer coding, a broken chunk, a folded line, a bare line feed), and a connection serves again only
// when its last answer was read to the end, not a byte more came, and the server agreed to keep it.
package http1
