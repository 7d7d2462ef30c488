package bff

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// trusted are the proxies whose word about a request counts (X-Forwarded-*, traceparent).
type trusted []netip.Prefix

// request reports whether the connection comes from a trusted proxy.
func (t trusted) request(r *http.Request) bool {
	return len(t) > 0 && t.holds(remoteAddr(r))
}

func (t trusted) holds(addr netip.Addr) bool {
	for _, prefix := range t {
		if prefix.Contains(addr) {
			return true
		}
	}
	return false
}

// host is the host that the client asked for.
func (t trusted) host(r *http.Request) string {
	if t.request(r) {
		if forwarded := lastElement(r.Header.Get("X-Forwarded-Host")); forwarded != "" {
			return forwarded
		}
	}
	return r.Host
}

// secure reports whether the client's connection is encrypted, up to the first of the trusted proxies.
func (t trusted) secure(r *http.Request) bool {
	if t.request(r) {
		if forwarded := lastElement(r.Header.Get("X-Forwarded-Proto")); forwarded != "" {
			return strings.EqualFold(forwarded, "https")
		}
	}
	return r.TLS != nil
}

// client is the client's address: the nearest hop of X-Forwarded-For that is not itself a trusted proxy.
func (t trusted) client(r *http.Request) netip.Addr {
	addr := remoteAddr(r)
	if !t.request(r) {
		return addr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, text := range slices.Backward(hops) {
		hop, err := netip.ParseAddr(strings.TrimSpace(text))
		if err != nil {
			return addr
		}
		addr = hop.Unmap()
		if !t.holds(addr) {
			return addr
		}
	}
	return addr
}

func remoteAddr(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr, _ := netip.ParseAddr(host) // the zero Addr is in no prefix
	return addr.Unmap()
}

// lastElement is what the nearest proxy added to a list header.
func lastElement(header string) string {
	return strings.TrimSpace(header[strings.LastIndexByte(header, ',')+1:])
}
