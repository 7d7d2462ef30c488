// Package view compiles a route's steps and response template into a Program, and runs it.
//
//	api.Route --Compile--> *Program --Bind(request)--> *Input --Run(ctx, caller)--> *Result
//	            issues              400 entries                 *StepError
//
// Compile is the typed half: names, parameters and fields are checked against the operations' types, the order of the
// steps follows from what they mention, and the type of the response is inferred. All that is wrong is reported at once.
//
// Run is the fast half. A step starts the moment all that it mentions is there, on the goroutine that finished last:
// goroutines are started only where two steps are ready at once, and none is left when Run returns. Each answer is
// scanned once for all paths that any hole takes from it; the template is a list of literal runs and spans to copy
// between them, so a view made of path holes decodes nothing.
//
//	{"name":  <span 0>  ,"orders":[  rows of span 1: {"id":  <span 2>  }  ],"parts":  <slot 9>  }
//
// Stream is Run for a client that takes the response piece by piece: a member is made on its own, out of the same code,
// when the last step that it mentions has ended.
//
// Read order: view.go (what callers see), compile.go and compile_*.go, program.go, eval.go, run.go and run_*.go,
// stream.go, bind.go.
package view
