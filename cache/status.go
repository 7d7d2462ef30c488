package cache

import (
	"strconv"
	"time"
)

// CacheStatus renders the result as one member of a Cache-Status header (RFC 9211) of the cache with this name.
func (r Result) CacheStatus(name string) string {
	b := make([]byte, 0, 64)
	b = append(b, name...)
	switch r.State {
	case Hit, Stale:
		b = append(b, "; hit"...)
		b = strconv.AppendInt(append(b, "; ttl="...), int64(r.TTL/time.Second), 10)
	case Miss:
		b = append(b, "; fwd=uri-miss"...)
	case Bypass:
		b = append(b, "; fwd=bypass"...)
	}
	if r.Shared {
		b = append(b, "; collapsed"...)
	}
	if r.Stored {
		b = append(b, "; stored"...)
	}
	if r.Detail != "" {
		b = append(append(b, "; detail="...), r.Detail...)
	}
	return string(b)
}
