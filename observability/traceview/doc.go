// Package traceview keeps the last traces in memory, so that a request can be looked into without any collector.
//
// A Store is a span processor. Spans of one trace gather in a record; when the trace's local root ends, the record
// becomes visible in up to three rings: the recent ones, those with a failed span, and the slow ones. The last two
// keep what matters after busy traffic has pushed it out of the first.
//
//	span ends -> open record -> root ends -> recent | errors | slow -> pushed out of all: forgotten
//
// Everything is bounded: records per ring, spans per trace, spans in all, and traces that never end.
package traceview
