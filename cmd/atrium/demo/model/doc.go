// Package model is a pretend chat model: an OpenAI-compatible server that needs no key, answers the same question the
// same way, and fails on request, so that a frontend's error handling can be tried and tested.
//
//	POST /v1/chat/completions   streaming (word by word) and not, with tools and usage
//	POST /v1/embeddings         deterministic vectors
//	GET  /v1/models
//
// It answers from the last message of the user and from the system prompt: it names the brand it finds there
// ("You help customers of Acme."). When tools are offered and the question sounds like one of them, it calls that tool
// with arguments made by the tool's schema from the numbers and words of the question, then answers from the result.
//
// A fault script is asked for by the last message of the user, as in
//
//	Tell me a story [fault error@3]
//
// or by the request header X-Demo-Fault: error@3, or by a model name that ends in ":error@3". "@N" gives a script its number:
//
//	stall             two words, then silence until the client leaves
//	stall-first       headers, then silence
//	stall-connect     not even headers
//	truncate          half of the answer, then a clean end: no finish reason, no [DONE]
//	error@N           an in-band error after N words (2)
//	error-first       an in-band error instead of the first word
//	error-status@S    HTTP status S (429), with Retry-After: 7 when it is 429 or 503
//	malformed         two words, then a chunk that is no JSON, then the rest
//	comment-flood@N   N comments (1000) before every word; the answer is whole
//	long-line@N       one chunk of N bytes of content (1 MiB); the answer is whole
//	html              status 200 with a web page
//	slow              the answer, byte by byte
//	reset             two words, then the connection is reset
//	event-lines       comments, event:, id: and retry: lines around two words, then an in-band error
//	no-done           the answer with its finish reason, but without [DONE] and without the last blank line
//	no-finish         the answer and [DONE], but without a finish reason
//	no-usage          the answer without usage, whatever was asked
//	tool-loop         calls the first tool offered again and again
package model
