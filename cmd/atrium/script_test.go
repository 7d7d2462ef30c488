package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"atrium": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			context.AfterFunc(ctx, stop)
			os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
		},
	})
}

// TestScripts drives the command line as a person does.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			taken, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			env.Defer(func() { taken.Close() })
			env.Setenv("TAKEN", taken.Addr().String())
			env.Setenv("TAKEN_SETTING", "listen: \""+taken.Addr().String()+"\"")
			for _, name := range []string{"PUBLIC", "ADMIN"} {
				address, err := free()
				if err != nil {
					return err
				}
				env.Setenv(name, address)
			}
			env.Setenv("ATRIUM_SERVER", "http://"+env.Getenv("ADMIN"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"fetch": fetchURL},
	})
}

// free is an address that nobody listens at.
func free() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// fetchURL is `fetch TENANT URL [HEADER]`: a GET request; its body is the output. With a ! the status must not be 200.
func fetchURL(ts *testscript.TestScript, neg bool, args []string) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, args[1], http.NoBody)
	ts.Check(err)
	req.Header.Set("X-Tenant", args[0])
	for _, header := range args[2:] {
		name, value, _ := strings.Cut(header, ": ")
		req.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	ts.Check(err)
	_, err = ts.Stdout().Write(body)
	ts.Check(err)
	if neg == (res.StatusCode == http.StatusOK) {
		ts.Fatalf("%s answers %s: %s", args[1], res.Status, body)
	}
}
