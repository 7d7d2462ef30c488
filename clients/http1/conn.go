package http1

import (
	"net"
	"syscall"
	"time"
)

// A conn is a connection with what is needed for each call on it, built once.
type conn struct {
	net.Conn
	address string
	since   time.Time // idle since
	reused  bool
	expire  func() // ends every wait on it for good

	raw    syscall.RawConn // nil: not known
	probe  func(fd uintptr) bool
	byte   [1]byte
	silent bool
}

func newConn(dialled net.Conn, address string) *conn {
	c := &conn{Conn: dialled, address: address}
	c.expire = func() { _ = c.SetDeadline(time.Unix(1, 0)) } // it fails only where the connection is closed
	if s, ok := dialled.(syscall.Conn); ok {
		if raw, err := s.SyscallConn(); err == nil {
			c.raw = raw
		}
	}
	c.probe = func(fd uintptr) bool {
		c.silent = nothingToRead(fd, c.byte[:])
		return true
	}
	return c
}

// quiet tells whether an idle connection is open and the server has sent nothing, which could only be meant to pass for
// the answer to the next request. It does not wait.
func (c *conn) quiet() bool {
	if c.raw == nil {
		return true
	}
	c.silent = false
	return c.raw.Read(c.probe) == nil && c.silent
}
