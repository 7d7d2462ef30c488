package cache

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
)

// sum is the digest of a key's scope and parts.
type sum [16]byte

// Key names an entry. It is made of everything that can change the answer, and of its tenant, which cannot be left out.
// The zero Key is refused by Fetch.
type Key struct {
	scope string
	sum   sum
}

// Shared is the scope of entries that belong to no tenant: the tenant to give to Purge, Usage and SetQuota for them.
const Shared = "*"

// NewKey returns the key of a tenant's entry. Parts are told apart by their length: ("a","bc") differs from ("ab","c").
// It panics on an empty tenant or on Shared: a key that forgot its tenant would give one tenant's answer to another.
func NewKey(tenant string, parts ...[]byte) Key {
	if tenant == "" || tenant == Shared {
		panic("cache: a key without a tenant")
	}
	return Key{scope: tenant, sum: digest(tenant, parts)}
}

// SharedKey returns the key of an entry that all tenants share. Only what no tenant's or user's credential has reached
// may be stored under it.
func SharedKey(parts ...[]byte) Key {
	return Key{scope: Shared, sum: digest(Shared, parts)}
}

// String is the entry's name in Redis: explain shows it. The tenant and the digest are its hash tag, so that one big
// tenant is spread over a cluster and an entry shares a slot with its fill lock.
func (k Key) String() string { return k.name('e') }

func (k Key) lock() string { return k.name('k') }

func (k Key) name(what byte) string {
	b := make([]byte, 0, 64)
	b = append(append(append(b, namespace+"{"...), k.scope...), '.')
	b = base64.RawURLEncoding.AppendEncode(b, k.sum[:])
	return string(append(b, '}', ':', what))
}

// namespace starts every name in Redis: an ACL user can be held to it. Its digit is the version of what is stored.
const namespace = "b1:"

// digest is injective up to SHA-256: every part is preceded by its length.
func digest(scope string, parts [][]byte) sum {
	var room [512]byte
	b := binary.BigEndian.AppendUint32(room[:0], uint32(len(scope)))
	b = append(b, scope...)
	for _, p := range parts {
		b = binary.BigEndian.AppendUint64(b, uint64(len(p)))
		b = append(b, p...)
	}
	whole := sha256.Sum256(b)
	return sum(whole[:16])
}
