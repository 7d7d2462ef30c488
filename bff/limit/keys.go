package limit

import (
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"time"

	"atrium/tenants"
	"atrium/tenants/document"
)

// Names in Redis start with the namespace of all of ours; the tenant is the hash tag, so that what one script touches is
// in one slot of a cluster. The window is part of a counter's name: a changed window starts anew.
const namespace = "b1"

func tenantKey(tenant tenants.ID, r document.Rate) string {
	b := append(make([]byte, 0, 64), '{')
	b = append(append(b, tenant...), "}:rl:t:"...)
	return string(strconv.AppendInt(b, r.Window.Milliseconds(), 10))
}

func clientKey(tenant tenants.ID, r document.Rate, who [16]byte) string {
	b := append(make([]byte, 0, 96), '{')
	b = append(append(b, tenant...), "}:rl:c:"...)
	b = append(strconv.AppendInt(b, r.Window.Milliseconds(), 10), ':')
	return string(base64.RawURLEncoding.AppendEncode(b, who[:]))
}

// digest keeps users, keys and addresses out of Redis.
func digest(client string) [16]byte {
	whole := sha256.Sum256([]byte(client))
	return [16]byte(whole[:16])
}

func streamsKey(tenant tenants.ID) string { return namespace + ":{" + string(tenant) + "}:st" }

func tokensKey(tenant tenants.ID, window time.Duration) string {
	return namespace + ":{" + string(tenant) + "}:tk:" + strconv.FormatInt(window.Milliseconds(), 10)
}

// limitName is what headers call a limit of a kind of which there are n.
func limitName(kind string, r document.Rate, n int) string {
	if n == 1 {
		return kind
	}
	return kind + "-" + strconv.FormatInt(ceilSeconds(r.Window), 10)
}
