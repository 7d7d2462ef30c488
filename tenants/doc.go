// Package tenants knows who is served what: tenants, their plans, and the documents that describe them.
//
//	Store --Load/Watch--> Directory --build--> snapshot (immutable, behind one atomic.Pointer) --Resolve--> a request
//	                          ^
//	            Apply (an admin change: build, compare revision, persist, swap)
//
// The Directory is generic: it compiles documents through a Builder and knows nothing of HTTP. One build serves the
// start, a change and the following of other replicas; whatever did not change keeps what was compiled before.
// A document that does not compile never replaces one that does.
package tenants
