package tenants

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// maxHost bounds a host name as DNS does.
const maxHost = 253

// normalHost brings a Host header into the form in which hosts are compared: lower case, without port and without one
// trailing dot, an IPv6 address without brackets. It reports false for what cannot be a host; "" is none, and fine.
// It allocates only for upper case and for IPv6.
func normalHost(host string) (string, bool) {
	if strings.HasPrefix(host, "[") {
		return normalIPv6(host)
	}
	upper, end := false, len(host)
	for i := range len(host) {
		switch c := host[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '.', c == '-', c == '_':
		case 'A' <= c && c <= 'Z':
			upper = true
		case c == ':':
			end = i
		default:
			return "", false
		}
		if end < len(host) {
			break
		}
		if i > maxHost+1 {
			return "", false
		}
	}
	if end < len(host) && !isPort(host[end+1:]) {
		return "", false
	}
	name := strings.TrimSuffix(host[:end], ".")
	if len(name) > maxHost || !hasLabels(name) && host != "" {
		return "", false
	}
	if upper {
		name = strings.ToLower(name)
	}
	return name, true
}

// hasLabels says whether no label of the name is empty.
func hasLabels(name string) bool {
	return name != "" && name[0] != '.' && name[len(name)-1] != '.' && !strings.Contains(name, "..")
}

// normalIPv6 reads "[::1]" and "[::1]:8080".
func normalIPv6(host string) (string, bool) {
	const longest = len("[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535")
	end := strings.IndexByte(host, ']')
	if end < 0 || len(host) > longest {
		return "", false
	}
	if rest := host[end+1:]; rest != "" && (rest[0] != ':' || !isPort(rest[1:])) {
		return "", false
	}
	addr, err := netip.ParseAddr(host[1:end])
	if err != nil || !addr.Is6() || addr.Zone() != "" {
		return "", false
	}
	return addr.String(), true
}

// isPort accepts what RFC 3986 does: digits, or nothing.
func isPort(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) <= 5
}

// parseHost reads a host of a tenant's document and returns its normal form. Its error says what to write instead.
func parseHost(text string) (string, error) {
	host := strings.ToLower(strings.TrimSuffix(text, "."))
	switch {
	case text == "":
		return "", errors.New("want a host such as shop.acme.com, found nothing")
	case strings.Contains(text, "://"), strings.ContainsAny(text, "/?#@ "):
		return "", fmt.Errorf("want a host such as shop.acme.com, without scheme or path, found %q", clip(text))
	case strings.Contains(text, "*"):
		return "", fmt.Errorf("a host has no wildcard, found %q; list each host", clip(text))
	}
	if addr, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil && addr.Zone() == "" {
		return addr.String(), nil
	}
	if strings.Contains(text, ":") {
		return "", fmt.Errorf("want a host without its port, found %q", clip(text))
	}
	for label := range strings.SplitSeq(host, ".") {
		if err := checkLabel(label); err != nil {
			return "", fmt.Errorf("%w, found %q", err, clip(text))
		}
	}
	if len(host) > maxHost {
		return "", fmt.Errorf("a host has at most %d characters, found %d", maxHost, len(host))
	}
	return host, nil
}

func checkLabel(label string) error {
	if label == "" || len(label) > 63 {
		return errors.New("between the dots of a host are 1 to 63 characters")
	}
	for i := range len(label) {
		c := label[i]
		switch {
		case c >= 0x80:
			return errors.New("a host is ASCII: write the name as browsers send it, in punycode (xn--...)")
		case c == '-' && (i == 0 || i == len(label)-1):
			return errors.New("a part of a host does not start or end with a dash")
		case c != '-' && c != '_' && !isAlphanumeric(c):
			return errors.New("a host has letters, digits, dashes and dots")
		}
	}
	return nil
}

// clip shortens text that a message repeats.
func clip(text string) string {
	const most = 60
	if len(text) <= most {
		return text
	}
	return text[:most] + "..."
}

// A baseDomain gives every tenant the host <id>.<base domain>.
type baseDomain struct {
	name   string // "localhost"; empty: there is none
	suffix string // ".localhost"
}

// CheckBaseDomain says what is wrong with a base domain; empty is none.
func CheckBaseDomain(name string) error {
	if name == "" {
		return nil
	}
	_, err := parseHost(strings.Trim(name, "."))
	return err
}

func newBaseDomain(name string) baseDomain {
	name = strings.ToLower(strings.Trim(name, "."))
	if name == "" {
		return baseDomain{}
	}
	return baseDomain{name: name, suffix: "." + name}
}

// below returns what stands before the base domain, and whether host is below it at all.
func (b baseDomain) below(host string) (string, bool) {
	if b.name == "" {
		return "", false
	}
	return strings.CutSuffix(host, b.suffix)
}

// host is the tenant's own host; empty when there is no base domain.
func (b baseDomain) host(id ID) string {
	if b.name == "" {
		return ""
	}
	return string(id) + b.suffix
}
