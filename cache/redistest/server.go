package redistest

import (
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A Server is one redis-server process that belongs to a test.
type Server struct {
	Addr string // 127.0.0.1:port

	t    testing.TB
	args []string
	cmd  *exec.Cmd
}

// Start runs an empty redis-server until the test ends, without persistence. Args are more of its options. A machine
// without redis-server fails the test, naming the remedy.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	s := Absent(t, args...)
	s.Start()
	return s
}

// Absent chooses an address where nothing listens until Start.
func Absent(t testing.TB, args ...string) *Server {
	t.Helper()
	s := &Server{t: t, Addr: "127.0.0.1:" + freePort(t), args: args}
	t.Cleanup(s.Stop)
	return s
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("find a free port: %v", err)
	}
	defer func() { _ = l.Close() }()
	_, port, _ := strings.Cut(l.Addr().String(), ":")
	return port
}

// StartCluster runs a Cluster of three masters without replicas until the test ends, and returns its nodes.
func StartCluster(t testing.TB) []*Server {
	t.Helper()
	nodes, bus := make([]*Server, 3), make([]string, 3)
	for i := range nodes {
		bus[i] = freePort(t)
		nodes[i] = Start(t, "--cluster-enabled", "yes", "--cluster-port", bus[i], "--cluster-node-timeout", "2000")
		first, last := i*16384/3, (i+1)*16384/3-1
		nodes[i].Do("CLUSTER", "ADDSLOTSRANGE", strconv.Itoa(first), strconv.Itoa(last))
		nodes[i].Do("CLUSTER", "SET-CONFIG-EPOCH", strconv.Itoa(i+1))
	}
	for i := range nodes[1:] {
		nodes[0].Do("CLUSTER", "MEET", "127.0.0.1", strings.TrimPrefix(nodes[i+1].Addr, "127.0.0.1:"), bus[i+1])
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		ok := 0
		for _, n := range nodes {
			if info := n.Do("CLUSTER", "INFO"); strings.Contains(info, "cluster_state:ok") &&
				strings.Contains(info, "cluster_known_nodes:3") && strings.Contains(info, "cluster_slots_ok:16384") {
				ok++
			}
		}
		if ok == len(nodes) {
			return nodes
		}
		if time.Now().After(deadline) {
			t.Fatalf("the cluster does not form: %s", nodes[0].Do("CLUSTER", "INFO"))
		}
	}
}

// URL is the address as the product's flag takes it.
func (s *Server) URL() string { return "redis://" + s.Addr }

// PatientURL is for tests that must not fall back because the machine is busy: its timeouts are long.
func (s *Server) PatientURL() string { return s.URL() + "?timeout=5s&dialTimeout=5s" }

// Start runs the server, empty, and waits until it answers.
func (s *Server) Start() {
	s.t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		s.t.Fatalf("redis-server is not installed; `make test` installs it: %v", err)
	}
	_, port, _ := strings.Cut(s.Addr, ":")
	args := append([]string{
		"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", s.t.TempDir(),
	}, s.args...)
	var said strings.Builder
	s.cmd = exec.Command(path, args...) //nolint:noctx,gosec // ended by its handle; the path is redis-server's
	s.cmd.Stdout, s.cmd.Stderr = &said, &said
	if err := s.cmd.Start(); err != nil {
		s.t.Fatalf("start redis-server: %v", err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		if s.ping() == nil {
			return
		}
		if time.Now().After(deadline) {
			s.Stop()
			s.t.Fatalf("redis-server does not answer on port %s: %s", port, said.String())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (s *Server) ping() error {
	reply, err := s.say("PING")
	if err == nil && !strings.HasPrefix(reply, "+PONG") {
		err = fmt.Errorf("it says %q", reply)
	}
	return err
}

// say sends one command on a connection of its own, and returns the first of the reply.
func (s *Server) say(words ...string) (string, error) {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(s.t.Context(), "tcp", s.Addr)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	command := fmt.Appendf(nil, "*%d\r\n", len(words))
	for _, w := range words {
		command = fmt.Appendf(command, "$%d\r\n%s\r\n", len(w), w)
	}
	if _, err = conn.Write(command); err != nil {
		return "", err
	}
	b := make([]byte, 4096)
	n, err := conn.Read(b)
	return string(b[:n]), err
}

// Do sends one command and fails the test when the server refuses it.
func (s *Server) Do(words ...string) string {
	s.t.Helper()
	reply, err := s.say(words...)
	if err != nil || strings.HasPrefix(reply, "-") {
		s.t.Fatalf("redis %v: %q, %v", words, reply, err)
	}
	return reply
}

// Pause stalls the server: it keeps its connections and answers nothing.
func (s *Server) Pause() { s.signal(syscall.SIGSTOP) }

// Resume ends a Pause.
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatalf("signal redis-server: %v", err)
	}
}

// Stop kills the server, as a crash would. Start runs it again, empty, at the same address.
func (s *Server) Stop() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	s.cmd = nil
}
