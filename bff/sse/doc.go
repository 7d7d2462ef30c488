// Package sse writes Server-Sent Events to a client.
//
// A Writer is owned by one goroutine, the handler's: it writes whole events and, while it waits for more, heartbeats.
// So no lock is needed and no heartbeat ever lands inside an event. Every write has a deadline of its own, so a client
// that stops reading ends its own stream and nothing else.
package sse
