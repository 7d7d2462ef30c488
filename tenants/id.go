package tenants

import (
	"context"
	"errors"
	"fmt"
)

// An ID names a tenant. A value of this type has passed ParseID: it is safe in keys, logs and host names.
type ID string

// MaxIDLength bounds an ID so that it fits a DNS label with room to spare.
const MaxIDLength = 32

// ParseID accepts [a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?.
func ParseID(s string) (ID, error) {
	if s == "" || len(s) > MaxIDLength {
		return "", fmt.Errorf("a tenant id has 1 to %d characters", MaxIDLength)
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		case c == '-' && i > 0 && i < len(s)-1:
		default:
			return "", errors.New("a tenant id matches [a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
		}
	}
	return ID(s), nil
}

type contextKey struct{}

// NewContext returns a context that carries the tenant a request belongs to.
func NewContext(ctx context.Context, t *Tenant) context.Context {
	return context.WithValue(ctx, contextKey{}, t)
}

// FromContext returns the tenant of a request; false when the request names none.
func FromContext(ctx context.Context) (*Tenant, bool) {
	t, ok := ctx.Value(contextKey{}).(*Tenant)
	return t, ok
}
