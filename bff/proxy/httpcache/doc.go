// Package httpcache answers requests as a shared HTTP cache does (RFC 9111), out of the one cache of this server: with stale
// content where the upstream allows it (RFC 5861), targeted fields (RFC 9213), groups (RFC 9875) and Cache-Status (RFC 9211).
//
//	Serve ── not for a cache: pass through
//	  └─ Fetch(base key) ── an answer that does not vary, or the record of the request headers that select among those that do
//	       └─ Fetch(variant key) ── the answer
//
// It keeps less than the standard allows, and never more: nothing without explicit freshness or no-cache, nothing with
// Set-Cookie, no partial content, no errors but 404, 405, 410 and 451 for a moment, no body above MaxBody. What is not kept
// streams through. What a client's own credential reached is kept only when the upstream says that it may be.
package httpcache
