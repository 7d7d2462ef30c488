package tenants

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	"atrium/tenants/document"
)

// A Builder turns documents into what requests are served from. S is a compiled spec, A a compiled API and R a
// tenant's runtime; all are immutable and shared between snapshots. Its methods are called for several documents at
// the same time, and a panic in one counts as an issue of its document. Whatever has issues does not serve.
type Builder[S, A, R any] interface {
	Spec(doc Document) (S, document.Issues)
	// API compiles an API document. specs gives the compiled specs by name; those asked for, found or not, are what
	// the API depends on. It must not be called after API has returned.
	API(doc Document, specs func(name string) (S, bool)) (A, document.Issues)
	// Tenant builds what one tenant's requests run on. t is whole but for what has issues of its own. root gives the
	// tenant's document for positions; it may have to parse it again, so ask only when there is an issue to report.
	Tenant(t *Tenant, root func() *document.Node, api A) (R, document.Issues)
}

// guarded runs build and turns its panic into an issue of the document.
func guarded[V any](doc Document, build func() (V, document.Issues)) (v V, issues document.Issues) {
	defer func() {
		if cause := recover(); cause != nil {
			issues = append(issues, document.Issue{
				File: doc.Path, Message: fmt.Sprintf("cannot be compiled: %v (%s)", cause, panicLocation()),
			})
		}
	}()
	return build()
}

// panicLocation names the line of code that panicked, for whoever mends it. It is called by the deferred function.
func panicLocation() string {
	var calls [32]uintptr
	const aboveDeferred = 3 // Callers, this function and the deferred one
	frames := runtime.CallersFrames(calls[:runtime.Callers(aboveDeferred, calls[:])])
	for {
		frame, more := frames.Next()
		if !strings.HasPrefix(frame.Function, "runtime.") || !more {
			return fmt.Sprintf("%s:%d", filepath.Base(frame.File), frame.Line)
		}
	}
}
