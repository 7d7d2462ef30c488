package main

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/alecthomas/kong"
)

// serverFlags are the settings of a server; the demo takes the same.
type serverFlags struct {
	Listen      string `help:"Address of the public listener." default:":8080"`
	AdminListen string `help:"Address of the admin listener." default:"127.0.0.1:9090"`
	BaseDomain  string `help:"Tenants answer at <id>.BASE-DOMAIN." default:"localhost"`

	Redis      []string `help:"Redis of cache and limits; also rediss://, redis+sentinel://, redis+cluster://. None: in process." placeholder:"URL"`
	AdminToken string   `help:"Token of the admin listener. Generated on first start and kept in DATA/admin-token." placeholder:"TOKEN"`

	AllowPrivateUpstreams addresses      `help:"Let tenants' upstreams be at private addresses: a flag, or CIDRs."`
	TrustedProxies        []netip.Prefix `help:"Proxies whose X-Forwarded-* and traceparent count." placeholder:"CIDR"`
	OpenMetrics           bool           `help:"Serve /metrics of the admin listener without the token."`
	Drain                 time.Duration  `help:"How long requests and generations may take to end at shutdown." default:"30s"`

	LogFormat string `help:"text, json, or auto: text on a terminal." default:"auto" enum:"auto,text,json"`
	LogLevel  string `help:"debug, info, warn or error." default:"info" enum:"debug,info,warn,error"`
}

// addresses are the private addresses that may be called: none, all, or those of some prefixes.
type addresses struct {
	all      bool
	prefixes []netip.Prefix
}

// IsBool lets the flag stand without a value.
func (addresses) IsBool() bool { return true }

// Decode implements kong.MapperValue: no value or true means all, false none; else CIDRs with commas between them.
func (a *addresses) Decode(ctx *kong.DecodeContext) error {
	*a = addresses{all: true}
	if ctx.Scan.Peek().Type != kong.FlagValueToken {
		return nil
	}
	text := fmt.Sprint(ctx.Scan.Pop().Value)
	switch strings.ToLower(text) {
	case "true", "1", "yes":
		return nil
	case "false", "0", "no", "":
		a.all = false
		return nil
	}
	a.all = false
	for part := range strings.SplitSeq(text, ",") {
		prefix, err := netip.ParsePrefix(strings.TrimSpace(part))
		if err != nil {
			return fmt.Errorf("want true, false or CIDRs such as 10.0.0.0/8: %w", err)
		}
		a.prefixes = append(a.prefixes, prefix)
	}
	return nil
}
