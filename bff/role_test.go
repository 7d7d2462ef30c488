package bff_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"syscall"
	"testing"
	"time"

	"atrium/bff"
	"atrium/bff/limit"
	"atrium/cache"
	"atrium/clients"
	"atrium/observability"
	"atrium/tenants/store"
)

// The servers of the benchmarks are processes of their own, so that the operating system accounts for each apart. The test binary plays
// each role itself: it says where it serves in its first line, answers each line on its standard input with what it has used so far, and
// ends when that input ends, so that none outlives the benchmark.

const (
	roleVariable    = "ATRIUM_BENCH_ROLE"    // upstreams, handwritten, gin or atrium
	profileVariable = "ATRIUM_BENCH_PROFILE" // a folder: each role leaves ROLE.cpu.pprof and ROLE.allocs.pprof there
)

// A usage is what a process has used so far.
type usage struct {
	CPU    time.Duration // user and system, by getrusage
	Allocs uint64
	Bytes  uint64 // allocated
}

func (u usage) minus(v usage) usage {
	return usage{CPU: u.CPU - v.CPU, Allocs: u.Allocs - v.Allocs, Bytes: u.Bytes - v.Bytes}
}

func (u usage) plus(v usage) usage {
	return usage{CPU: u.CPU + v.CPU, Allocs: u.Allocs + v.Allocs, Bytes: u.Bytes + v.Bytes}
}

func usageOfThisProcess() (u usage, err error) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return u, err
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{CPU: time.Duration(r.Utime.Nano() + r.Stime.Nano()), Allocs: m.Mallocs, Bytes: m.TotalAlloc}, nil
}

// playRole is the main function of a role; args are the addresses of the upstreams.
func playRole(role string, args []string) (code int) {
	if dir := os.Getenv(profileVariable); dir != "" {
		stop, err := profile(dir, role)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer stop()
	}
	addresses, stop, err := serveRole(role, args)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(addresses); err != nil {
		return 1
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		u, err := usageOfThisProcess()
		if err = errors.Join(err, out.Encode(u)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	if err := stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func profile(dir, role string) (stop func(), err error) {
	cpu, err := os.Create(filepath.Join(dir, role+".cpu.pprof"))
	if err != nil {
		return nil, err
	}
	allocs, err := os.Create(filepath.Join(dir, role+".allocs.pprof"))
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		_ = pprof.Lookup("allocs").WriteTo(allocs, 0)
		_, _ = cpu.Close(), allocs.Close()
	}, nil
}

func serveRole(role string, args []string) (addresses []string, stop func() error, err error) {
	switch role {
	case "upstreams":
		return serveHandlers(constant(personAnswer), constant(ordersAnswer), constant(extraAnswer))
	case "handwritten":
		return serveHandlers(handwritten(args[0], args[1], args[2]))
	case "gin":
		return serveHandlers(bareGin())
	case "atrium":
		return serveAtrium(args)
	}
	return nil, nil, fmt.Errorf("there is no role %q", role)
}

// serveHandlers serves each on a port of its own.
func serveHandlers(handlers ...http.Handler) (addresses []string, stop func() error, err error) {
	var servers []*http.Server
	for _, h := range handlers {
		l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, nil, err
		}
		server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
		go func() { _ = server.Serve(l) }() // ends with the process
		servers, addresses = append(servers, server), append(addresses, l.Addr().String())
	}
	return addresses, func() error {
		var errs []error
		for _, s := range servers {
			errs = append(errs, s.Close())
		}
		return errors.Join(errs...)
	}, nil
}

// serveAtrium serves the benchmarks' documents as `atrium serve` does: traces, metrics, limits and the log on.
func serveAtrium(args []string) (addresses []string, stop func() error, err error) {
	dir, err := os.MkdirTemp("", "atrium-bench-")
	if err != nil {
		return nil, nil, err
	}
	config := filepath.Join(dir, "config")
	for path, text := range benchDocuments(args) {
		file := filepath.Join(config, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
			return nil, nil, err
		}
	}
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer func() {
		if err != nil {
			cancel()
		}
	}()
	telemetry, err := observability.New(ctx, observability.Options{LogOutput: null, LogFormat: "json"})
	if err != nil {
		return nil, nil, err
	}
	documents, err := store.OpenFolder(config, store.FolderOptions{Data: dir, Log: telemetry.Log})
	if err != nil {
		return nil, nil, err
	}
	cfg := bff.Config{
		Listen: "127.0.0.1:0", AdminListen: "127.0.0.1:0", BaseDomain: "localhost", AdminToken: adminToken, Drain: time.Second,
		Store: documents, Telemetry: telemetry,
		Cache:     cache.New(cache.Options{Meter: telemetry.Meter("cache")}),
		Limits:    limit.New(limit.Options{Meter: telemetry.Meter("limit")}),
		Transport: clients.NewTransport(clients.Options{AllowAll: true, Meter: telemetry.Meter("clients")}),
	}
	server, err := bff.New(cfg)
	if err != nil {
		return nil, nil, err
	}
	listeners, err := server.Listen(ctx)
	if err != nil {
		return nil, nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx, listeners) }()
	return []string{listeners.Public.Addr().String()}, func() error {
		cancel()
		err := <-ended
		cfg.Transport.Close()
		cfg.Limits.Close()
		cfg.Cache.Close()
		return errors.Join(err, telemetry.Shutdown(context.Background()), null.Close(), os.RemoveAll(dir))
	}, nil
}

// A process is a role that runs.
type process struct {
	b         *testing.B
	addresses []string

	in    io.WriteCloser
	out   *json.Decoder
	fault bytes.Buffer // what it wrote to standard error
}

// startRole runs a role until the benchmark ends.
func startRole(b *testing.B, role string, args ...string) *process {
	b.Helper()
	p := &process{b: b}
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	cmd.Stderr = &p.fault
	in, err := cmd.StdinPipe()
	must(b, err)
	out, err := cmd.StdoutPipe()
	must(b, err)
	must(b, cmd.Start())
	p.in, p.out = in, json.NewDecoder(out)
	b.Cleanup(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			b.Errorf("%s: %v\n%s", role, err, p.fault.String())
		}
	})
	if err := p.out.Decode(&p.addresses); err != nil {
		b.Fatalf("%s does not serve: %v\n%s", role, err, p.fault.String())
	}
	return p
}

// usage asks the process what it has used so far.
func (p *process) usage() (u usage) {
	p.b.Helper()
	_, err := io.WriteString(p.in, "\n")
	must(p.b, err)
	must(p.b, p.out.Decode(&u))
	return u
}
