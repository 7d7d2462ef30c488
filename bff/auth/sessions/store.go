package sessions

import (
	"context"
	"encoding/hex"
	"time"
)

// A Key names a record. A tenant's records share nothing with another's.
type Key struct {
	Tenant string
	Kind   string   // "session" or "login"
	ID     [32]byte // a digest: whoever reads names learns no id
}

// name is the record's name in Redis; its hash tag keeps a record and its lock in one slot.
func (k Key) name() string {
	return namespace + "{" + k.Tenant + "." + hex.EncodeToString(k.ID[:]) + "}:" + k.Kind
}

// namespace starts every name in Redis: an ACL user can be held to it. Its digit is the version of what is stored.
const namespace = "s1:"

// A Store keeps records. Its errors mean that it cannot be asked now; a record that is not there is no error.
type Store interface {
	// Put keeps a record for life.
	Put(ctx context.Context, k Key, record []byte, life time.Duration) error
	// Get returns a record and lets it live for life from now on; nil when there is none.
	Get(ctx context.Context, k Key, life time.Duration) ([]byte, error)
	// Replace is Put where there is a record already; false means that there was none and is none now.
	Replace(ctx context.Context, k Key, record []byte, life time.Duration) (bool, error)
	// Take removes a record and returns it, to one caller only; nil when there is none.
	Take(ctx context.Context, k Key) ([]byte, error)
	// Lock keeps all other holders of the store out of a key's lock for at most life; ok is false when somebody has it.
	Lock(ctx context.Context, k Key, life time.Duration) (unlock func(context.Context), ok bool, err error)
}
