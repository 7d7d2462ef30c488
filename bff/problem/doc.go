// Package problem is the one place where an error becomes an answer: an RFC 9457 problem for the client,
// and a cause for the operator's log. The two never mix.
package problem
