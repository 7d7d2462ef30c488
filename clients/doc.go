// Package clients is how every outbound call is made: one transport, one order of behaviours, one error type.
//
//	Call:  span -> breaker -> bulkhead -> retry -> try (span, guarded dial, deadline)
//
// Package rest builds typed calls on it and package llm chat models; the proxy uses its round trippers.
package clients
