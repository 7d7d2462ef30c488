// Command atrium is a multi-tenant backend-for-frontend: one document says what a frontend needs, and Atrium serves it to every tenant.
//
// `atrium demo` shows it on embedded defaults; `atrium --help` lists the rest.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run does what the arguments say and returns the exit code: 0 done, 1 failed, 2 called wrongly.
func run(ctx context.Context, args []string, out, errw io.Writer) int {
	var c commands
	return c.run(ctx, args, out, errw)
}
