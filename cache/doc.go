// Package cache keeps answers: in this process' memory, per tenant and bounded by weight, and in Redis behind it.
// There is one way in, Fetch, and one way to forget, Purge. It knows nothing of HTTP routes, views or upstreams.
//
//	Fetch ── memory ── fresh: serve, no allocation
//	           │        eager, stale: serve, refresh in the background (bounded, owned, Close waits for it)
//	           │        stale-if-error: wait for the soft timeout at most, a late answer is still stored
//	           └─ flight: one per key and epoch, detached from its first caller, ends when the last waiter leaves
//	                └─ Redis ── fill lock ── Fill (the caller's upstream call) ── memory, waiters, Redis
//
// A Fill that answers what is not shareable gives it to the one caller whose request was sent; the others ask for
// themselves, and for two seconds nobody waits for anybody on that key.
//
// # Purges
//
// Every entry is stamped with the epochs of its tags (and of its whole tenant), read before the upstream was asked.
// An entry holds while its stamps equal the current epochs; a purge changes epochs, whatever the number of entries.
// An epoch that got lost is made anew from the clock, so that it equals no stamp: lost state forgets, and never brings
// purged content back. With Redis the epochs are a hash per tenant; other replicas learn of a purge by a message, and
// by polling a sequence number when the message is lost. Without Redis the same code runs over a table in memory.
//
// # Redis
//
// Redis is never needed and never fatal. All calls for one Fetch share a budget of 25 ms; five transport failures
// within a second open a breaker, and from then on a request spends nothing on Redis until a probe in the background
// reaches it again. While Redis cannot confirm that nothing was purged, an entry is served for a minute from its fill
// or from the last confirmation, and after that only in place of an error.
package cache
