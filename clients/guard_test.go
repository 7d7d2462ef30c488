package clients

import (
	"net/netip"
	"testing"
)

func TestGuardPermits(t *testing.T) {
	for _, test := range []struct {
		addr    string
		permits bool
	}{
		{"93.184.216.34", true},
		{"1.1.1.1", true},
		{"172.32.0.1", true},
		{"100.128.0.1", true},
		{"2606:4700:4700::1111", true},
		{"64:ff9b::101:101", true}, // NAT64 of 1.1.1.1
		{"127.0.0.1", false},
		{"127.255.255.254", false},
		{"10.0.0.1", false},
		{"172.16.0.1", false},
		{"172.31.255.255", false},
		{"192.168.1.1", false},
		{"169.254.169.254", false}, // metadata
		{"168.63.129.16", false},   // metadata
		{"100.100.100.200", false}, // metadata, in carrier-grade NAT space
		{"100.64.0.1", false},
		{"0.0.0.0", false},
		{"0.1.2.3", false},
		{"192.0.0.192", false}, // metadata
		{"192.0.2.1", false},
		{"198.18.0.1", false},
		{"198.51.100.1", false},
		{"203.0.113.1", false},
		{"224.0.0.1", false},
		{"240.0.0.1", false},
		{"255.255.255.255", false},
		{"::1", false},
		{"::", false},
		{"::ffff:127.0.0.1", false},
		{"::ffff:10.0.0.1", false},
		{"::127.0.0.1", false},
		{"64:ff9b::7f00:1", false},
		{"64:ff9b::a9fe:a9fe", false},
		{"64:ff9b:1::1", false},
		{"2002:7f00:1::1", false},
		{"2001:0:1::1", false},
		{"2001:db8::1", false},
		{"fe80::1", false},
		{"fe80::1%eth0", false},
		{"fec0::1", false},
		{"fc00::1", false},
		{"fd00:ec2::254", false}, // metadata
		{"ff02::1", false},
		{"100::1", false},
	} {
		guard := newGuard(nil)
		address := netip.AddrPortFrom(netip.MustParseAddr(test.addr), 443).String()
		if err := guard.control(t.Context(), "tcp", address, nil); (err == nil) != test.permits {
			t.Errorf("%s: %v, want permitted %v", test.addr, err, test.permits)
		}
	}
}

func TestGuardAllows(t *testing.T) {
	guard := newGuard(prefixes("10.1.0.0/16", "fd00::/8"))
	for addr, permits := range map[string]bool{
		"10.1.2.3": true, "::ffff:10.1.2.3": true, "10.2.0.1": false, "fd00::1": true, "fc00::1": false, "8.8.8.8": true,
		"64:ff9b::a01:203": true,
	} {
		address := netip.AddrPortFrom(netip.MustParseAddr(addr), 80).String()
		if err := guard.control(t.Context(), "tcp", address, nil); (err == nil) != permits {
			t.Errorf("%s: %v, want permitted %v", addr, err, permits)
		}
	}
}
