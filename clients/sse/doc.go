// Package sse reads Server-Sent Events from an upstream (WHATWG HTML, section 9.2.6).
//
// It is one framer for every stream Atrium reads: lines end in LF, CR or CRLF, data lines of one event are joined,
// comments vanish, and an event has a bound, so that no upstream decides how much memory is used.
package sse
