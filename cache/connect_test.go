package cache

import (
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

func TestConnectOne(t *testing.T) {
	client, err := Connect("rediss://me:s%40cret@cache.example:7000/3?timeout=80ms&dialTimeout=1s&poolSize=9")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	o := client.(*redis.Client).Options()
	if o.Addr != "cache.example:7000" || o.DB != 3 || o.Username != "me" || o.Password != "s@cret" || o.TLSConfig == nil {
		t.Errorf("%s db %d user %s tls %v", o.Addr, o.DB, o.Username, o.TLSConfig != nil)
	}
	if o.ReadTimeout != 80*time.Millisecond || o.WriteTimeout != 80*time.Millisecond || o.DialTimeout != time.Second || o.PoolSize != 9 {
		t.Errorf("timeouts %v %v %v, pool %d", o.ReadTimeout, o.WriteTimeout, o.DialTimeout, o.PoolSize)
	}
	if !o.ContextTimeoutEnabled || o.MaxRetries > 0 || o.DialerRetries != 1 || !o.DisableIdentity ||
		o.MaintNotificationsConfig.Mode != maintnotifications.ModeDisabled {
		t.Errorf("contexts %v, retries %d, dial retries %d, identity off %v, notifications %v", o.ContextTimeoutEnabled, o.MaxRetries,
			o.DialerRetries, o.DisableIdentity, o.MaintNotificationsConfig.Mode)
	}
}

func TestConnectCluster(t *testing.T) {
	client, err := Connect("redis+cluster://a:1,b", "redis+cluster://[::1]:3")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	o := client.(*redis.ClusterClient).Options()
	if got := strings.Join(o.Addrs, " "); got != "a:1 b:6379 [::1]:3" {
		t.Errorf("hosts %s", got)
	}
	if o.ClusterStateReloadInterval != time.Second || o.MaxRedirects != 3 || o.TLSConfig != nil {
		t.Errorf("reload %v, redirects %d", o.ClusterStateReloadInterval, o.MaxRedirects)
	}
}

func TestParseAddress(t *testing.T) {
	a, err := parseAddress("redis+sentinel://u:p@a:1,b/main/2?sentinelPassword=q")
	if err != nil {
		t.Fatal(err)
	}
	if a.master != "main" || a.db != 2 || a.user != "u" || a.password != "p" || a.sentinelPassword != "q" ||
		strings.Join(a.hosts, " ") != "a:1 b:26379" {
		t.Errorf("%+v", a)
	}
	for url, says := range map[string]string{
		"":                              "starts with redis://",
		"http://a:1":                    "starts with redis://",
		"redis+replica://a:1":           "starts with redis://",
		"redis://":                      "is not host:port",
		"redis://a:port":                "is not host:port",
		"redis://a:70000":               "is not host:port",
		"redis://a:1,b:2":               "redis+cluster://",
		"redis://a:1/x":                 "number of a database",
		"redis://a:1/-1":                "number of a database",
		"redis+cluster://a:1/1":         "no numbered databases",
		"redis+sentinel://a:1":          "master's name is missing",
		"redis://a:1?timout=1s":         `unknown parameter "timout"`,
		"redis://a:1?timeout=fast":      `cannot read "fast"`,
		"redis://a:1?timeout=-1s":       `cannot read "-1s"`,
		"redis://me:secret%zz@a:1":      "cannot be read",
		"redis://me:secret@a:b@c:1/nan": "",
	} {
		_, err := parseAddress(url)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", url, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error shows the password: %v", url, err)
		}
	}
	for _, urls := range [][]string{nil, {"redis://a:1", "redis://b:2"}, {"redis+cluster://a:1", "redis+sentinel://a:1/m"}} {
		if _, err := Connect(urls...); err == nil {
			t.Errorf("%v: no error", urls)
		}
	}
}
