//go:build unix

package http1

import (
	"errors"
	"syscall"
)

// nothingToRead tells whether a read would wait, neither bytes nor an end having come.
func nothingToRead(fd uintptr, into []byte) bool {
	_, err := syscall.Read(int(fd), into)
	return errors.Is(err, syscall.EAGAIN)
}
