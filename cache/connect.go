package cache

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Connect returns the client of a Redis. It opens no connection: that happens when the first command is sent.
//
//	redis://[user:password@]host:port[/db]                       one server
//	redis+sentinel://[user:password@]host:port,host:port/master[/db]   a master found by Sentinels
//	redis+cluster://[user:password@]host:port,host:port          a Cluster, from any of its nodes
//
// rediss, rediss+sentinel and rediss+cluster are the same over TLS. Several URLs of one Sentinel set or Cluster count as
// one with all their hosts. Query parameters: timeout (of a read or write; default 50ms), dialTimeout (100ms), poolSize,
// and for Sentinels sentinelUser and sentinelPassword. A Redis far away needs longer timeouts, and a larger Budget.
func Connect(urls ...string) (redis.UniversalClient, error) {
	if len(urls) == 0 {
		return nil, errors.New("connect to redis: no URL")
	}
	var all *address
	for _, u := range urls {
		a, err := parseAddress(u)
		if err != nil {
			return nil, fmt.Errorf("connect to redis: %w", err)
		}
		if all == nil {
			all = a
			continue
		}
		if a.kind == "" || a.kind != all.kind || a.master != all.master {
			return nil, errors.New("connect to redis: several URLs must be of one redis+cluster:// or redis+sentinel://")
		}
		all.hosts = append(all.hosts, a.hosts...)
	}
	// The library's own lines go to standard error, one for each connection that fails; a Guard says it once.
	logging.Disable()
	return all.client(), nil
}

// address is what a URL says.
type address struct {
	kind             string // "", "sentinel" or "cluster"
	tls              bool
	user, password   string
	hosts            []string
	master           string
	db               int
	timeout, dial    time.Duration
	poolSize         int
	sentinelUser     string
	sentinelPassword string
}

// parseAddress reads a URL. Its errors never hold the password.
func parseAddress(text string) (*address, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	base, kind, _ := strings.Cut(scheme, "+")
	if !ok || (base != "redis" && base != "rediss") || !slices.Contains([]string{"", "sentinel", "cluster"}, kind) {
		return nil, errors.New("a URL starts with redis://, rediss://, redis+sentinel:// or redis+cluster://")
	}
	// net/url takes one host; the list is cut out and read here.
	hosts, tail := rest, ""
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		hosts, tail = rest[:i], rest[i:]
	}
	login := ""
	if i := strings.LastIndexByte(hosts, '@'); i >= 0 {
		login, hosts = hosts[:i+1], hosts[i+1:]
	}
	u, err := url.Parse("redis://" + login + "host" + tail)
	if err != nil {
		return nil, errors.New("the URL's user, path or query cannot be read; escape special characters with %")
	}
	a := &address{kind: kind, tls: base == "rediss", timeout: 50 * time.Millisecond, dial: 100 * time.Millisecond}
	a.user = u.User.Username()
	a.password, _ = u.User.Password()
	if err := a.readHosts(hosts); err != nil {
		return nil, err
	}
	if err := a.readPath(strings.Trim(u.Path, "/")); err != nil {
		return nil, err
	}
	return a, a.readQuery(u.Query())
}

func (a *address) readHosts(list string) error {
	port := "6379"
	if a.kind == "sentinel" {
		port = "26379"
	}
	for h := range strings.SplitSeq(list, ",") {
		if _, _, err := net.SplitHostPort(h); err != nil {
			h = net.JoinHostPort(strings.Trim(h, "[]"), port)
		}
		name, number, err := net.SplitHostPort(h)
		if n, bad := strconv.ParseUint(number, 10, 16); err != nil || bad != nil || n == 0 || name == "" {
			return fmt.Errorf("%q is not host:port", h)
		}
		a.hosts = append(a.hosts, h)
	}
	if a.kind == "" && len(a.hosts) > 1 {
		return errors.New("several hosts are a Cluster (redis+cluster://) or Sentinels (redis+sentinel://)")
	}
	return nil
}

func (a *address) readPath(path string) (err error) {
	db := path
	switch a.kind {
	case "sentinel":
		if a.master, db, _ = strings.Cut(path, "/"); a.master == "" {
			return errors.New("the master's name is missing: redis+sentinel://host:port/master")
		}
	case "cluster":
		if path != "" {
			return errors.New("a Cluster has no numbered databases: redis+cluster://host:port")
		}
	}
	if db != "" {
		if a.db, err = strconv.Atoi(db); err != nil || a.db < 0 {
			return fmt.Errorf("%q is not the number of a database", db)
		}
	}
	return nil
}

func (a *address) readQuery(q url.Values) (err error) {
	for name, values := range q {
		v := values[len(values)-1]
		switch name {
		case "timeout":
			a.timeout, err = time.ParseDuration(v)
		case "dialTimeout":
			a.dial, err = time.ParseDuration(v)
		case "poolSize":
			a.poolSize, err = strconv.Atoi(v)
		case "sentinelUser":
			a.sentinelUser = v
		case "sentinelPassword":
			a.sentinelPassword = v
		default:
			return fmt.Errorf("unknown parameter %q; there is %s", name,
				"timeout, dialTimeout, poolSize, sentinelUser, sentinelPassword")
		}
		if err != nil || a.timeout <= 0 || a.dial <= 0 || a.poolSize < 0 {
			return fmt.Errorf("parameter %s: cannot read %q", name, v)
		}
	}
	return nil
}

// options are the same for every kind. The library's defaults make a stalled server cost 10 s a call, and a refused
// connection 1.7 s.
func (a *address) options() *redis.UniversalOptions {
	o := &redis.UniversalOptions{
		Addrs: a.hosts, DB: a.db, MasterName: a.master,
		Username: a.user, Password: a.password,
		SentinelUsername: a.sentinelUser, SentinelPassword: a.sentinelPassword,

		ContextTimeoutEnabled: true,      // else a call waits for ReadTimeout whatever its context says
		MaxRetries:            -1,        // a second try costs more than a miss
		DialerRetries:         1,         // likewise: the default is 5, 100 ms apart
		DialTimeout:           a.dial,    // a host that does not answer
		ReadTimeout:           a.timeout, // a server that does not answer; only calls without a budget wait so long
		WriteTimeout:          a.timeout,
		PoolTimeout:           a.timeout, // a pool whose connections are all stuck
		PoolSize:              a.poolSize,

		// Redis before 7.2 answers these two with errors on every new connection.
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	if o.PoolSize == 0 {
		o.PoolSize = 16 * runtime.GOMAXPROCS(0) // bursts of misses; the default of 10 queues sooner
	}
	if a.tls {
		o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return o
}

func (a *address) client() redis.UniversalClient {
	o := a.options()
	switch a.kind {
	case "sentinel":
		return redis.NewFailoverClient(o.Failover())
	case "cluster":
		cluster := o.Cluster()
		cluster.MaxRedirects = 3                         // a slot that is being moved
		cluster.MaxRetries = 1                           // the second try goes to the node that has the slot now
		cluster.ClusterStateReloadInterval = time.Second // the default of a minute keeps dialling a dead master
		return redis.NewClusterClient(cluster)
	}
	return redis.NewClient(o.Simple())
}
