// Package limit decides whether a tenant may do one thing more: send a request, start a generation, spend model tokens.
//
// Counting is ulule/limiter's (fixed windows, one atomic increment), with the tenant's own rate given on every call, so
// that a changed plan holds from the next request on. In front of its Redis store stands a cache.Guard: Redis that is
// slow, gone or not there yet costs a bounded few milliseconds, never an error; decisions are then made here, on a
// share of the limit (the limit divided by the replicas that were alive). The memory store is bounded in keys.
//
//	Take     requests: the client's limits, then the tenant's; a client over its limit takes nothing from its tenant
//	Streams  generations at once: leases that expire by themselves when a replica dies
//	Tokens   reserve an estimate, settle what was used; what is refused is not consumed, a refund never extends a window
//
// Every key holds the tenant, and the client only as a digest.
package limit
