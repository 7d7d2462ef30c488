package store

import (
	"context"
	"errors"
	"io"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// A redisServer is a real redis-server of one test.
type redisServer struct {
	address string
	dir     string
	options []string
	command *exec.Cmd
}

// startRedis starts a server on a free loopback port; it is stopped when the test ends.
func startRedis(t *testing.T, options ...string) *redisServer {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Fatalf("%v: install it (Debian: apt-get install redis-server), or run `make test`, which does", err)
	}
	s := &redisServer{dir: t.TempDir(), options: options}
	for range 5 { // the free port may be taken in between
		s.address = freeAddress(t)
		if s.start(t) {
			t.Cleanup(s.stop)
			return s
		}
	}
	t.Fatal("redis-server does not start")
	return nil
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (s *redisServer) start(t *testing.T) bool {
	t.Helper()
	_, port, _ := strings.Cut(s.address, ":")
	// Not CommandContext: the server must outlive t.Context for the clean-up of clients.
	arguments := append([]string{
		"--port", port, "--bind", "127.0.0.1", "--dir", s.dir,
		"--save", "", "--appendonly", "no", "--daemonize", "no", "--loglevel", "warning",
	}, s.options...)
	s.command = exec.Command("redis-server", arguments...)
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if s.answers(t.Context()) {
			return true
		}
		if s.command.Process.Signal(syscall.Signal(0)) != nil {
			break
		}
	}
	s.stop()
	return false
}

func (s *redisServer) answers(ctx context.Context) bool {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", s.address)
	if err != nil {
		return false
	}
	defer conn.Close()
	answer := make([]byte, len("+PONG"))
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return false
	}
	if _, err := io.WriteString(conn, "PING\r\n"); err != nil {
		return false
	}
	_, err = io.ReadFull(conn, answer)
	return err == nil && string(answer) == "+PONG"
}

func (s *redisServer) stop() {
	_ = s.command.Process.Kill()
	_ = s.command.Wait()
}

// pause stalls the server: it takes connections and answers nothing.
func (s *redisServer) pause(t *testing.T)  { s.signal(t, syscall.SIGSTOP) }
func (s *redisServer) resume(t *testing.T) { s.signal(t, syscall.SIGCONT) }

func (s *redisServer) signal(t *testing.T, sig syscall.Signal) {
	t.Helper()
	if err := s.command.Process.Signal(sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		t.Fatal(err)
	}
}

// dial returns a client with the timeouts of a cache.
func (s *redisServer) dial() redis.UniversalClient { return dialRedis(s.address) }

func dialRedis(address string) redis.UniversalClient {
	o := &redis.Options{
		Addr: address, ContextTimeoutEnabled: true, MaxRetries: -1, DialerRetries: 1,
		DialTimeout: 2 * time.Second, ReadTimeout: 50 * time.Millisecond, WriteTimeout: 50 * time.Millisecond,
		DisableIdentity: true,
	}
	return redis.NewClient(o)
}

// open returns another store in the server, as another replica would have.
func (s *redisServer) open(t *testing.T, o RedisOptions) *Redis {
	t.Helper()
	client := s.dial()
	r, err := NewRedis(client, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(r.Close(), client.Close()); err != nil {
			t.Error(err)
		}
	})
	return r
}

// patience is how long a test waits for what takes far less than a second on a machine that is not busy.
const patience = 10 * time.Second

// eventually waits until ok holds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("after %s still not: %s", patience, what)
		case <-tick.C:
		}
	}
}

func name(i int) string { return "n" + strconv.Itoa(i) }
