// Package chat answers with generations: answers of chat models that outlive the connection that asked for them.
//
// A generation is an append-only log of events, written by one goroutine that the registry owns. Whoever looks at it, the
// asking client included, is a viewer that reads the log from its start or from where it left off, in the dialect it
// speaks:
//
//	POST -> prompt -> models (first that answers) -> log -> encoder -> viewer
//	                    ^                             |
//	                    +--- tools <--- calls --------+--> encoder -> another viewer, later
//
// Nothing is written to the asking client before the first event of the log, so a failure until then keeps its status.
// After that a failure is the dialect's own error event, and a stream that is not whole never ends as if it were.
//
//	generations.go   the registry: start, find, keep, drain
//	generation.go    one generation: its state, its viewers, what happens when they leave
//	run.go           how an answer comes to be: models, fallbacks, rounds of tools
//	log.go           the events
//	dialect.go       text, and the seam to openai.go, ui.go and agui.go: one encoder each
//	shared.go        the log where other replicas find it; follow.go how they show it; fleet keeps it in Redis
//	serve.go v1.go   the HTTP handlers of chat routes and of /v1; resume.go of generations
package chat
