package clients

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"syscall"
)

// A guard refuses to connect to addresses that are not public. It judges what a name resolved to, at the moment of
// dialling, so that a name which resolves differently the second time gains nothing.
type guard struct {
	allowed  []netip.Prefix
	private4 []netip.Prefix
	private6 []netip.Prefix
	global6  netip.Prefix
	nat64    netip.Prefix
}

func newGuard(allowed []netip.Prefix) *guard {
	return &guard{
		allowed: allowed,
		private4: prefixes(
			"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
			"192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
			"224.0.0.0/4", "240.0.0.0/4",
			"168.63.129.16/32", // the metadata and platform service of Azure, on a public address
		),
		private6: prefixes(
			"2001::/23",     // protocol assignments, among them Teredo, which tunnels to IPv4
			"2001:db8::/32", // documentation
			"2002::/16",     // 6to4, which tunnels to IPv4
			"3fff::/20",     // documentation
		),
		global6: netip.MustParsePrefix("2000::/3"),
		nat64:   netip.MustParsePrefix("64:ff9b::/96"),
	}
}

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

// control is a net.Dialer's ControlContext: address is what will be connected to.
func (g *guard) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("parse the address to dial: %w", err)
	}
	if addr := to.Addr().WithZone("").Unmap(); !g.permits(addr) {
		return &AddressError{Addr: addr}
	}
	return nil
}

func (g *guard) permits(addr netip.Addr) bool {
	in := func(p netip.Prefix) bool { return p.Contains(addr) }
	if slices.ContainsFunc(g.allowed, in) {
		return true
	}
	if addr.Is4() {
		return !slices.ContainsFunc(g.private4, in)
	}
	if g.nat64.Contains(addr) {
		bytes := addr.As16()
		return g.permits(netip.AddrFrom4([4]byte(bytes[12:])))
	}
	return g.global6.Contains(addr) && !slices.ContainsFunc(g.private6, in)
}

// An AddressError says that the guard refused an address. It is the cause of an *Error of Kind Address.
type AddressError struct {
	Addr netip.Addr
}

// Error implements error.
func (e *AddressError) Error() string {
	return fmt.Sprintf("%v is not a public address; --allow-private-upstreams allows it", e.Addr)
}
