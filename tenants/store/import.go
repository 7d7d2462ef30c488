package store

import (
	"context"
	"errors"
	"fmt"

	"atrium/tenants"
)

// Import stores the documents that the store lacks and returns how many those were. What the store has, whatever its
// text, stays as it is; so does what was deleted there. Documents with a fault are left out.
func Import(ctx context.Context, docs []tenants.Document, into tenants.Store, by string) (int, error) {
	there, err := into.Load(ctx)
	if err != nil {
		return 0, fmt.Errorf("import documents: %w", err)
	}
	has := make(map[string]bool, len(there))
	for _, doc := range there {
		has[doc.Key()] = true
	}
	imported := 0
	for _, doc := range docs {
		if doc.Fault != "" || has[doc.Key()] || tenants.CheckName(doc.Kind, doc.Name) != nil {
			continue
		}
		_, err := into.History(ctx, doc.Kind, doc.Name)
		if err == nil {
			continue // it was deleted
		}
		if !errors.Is(err, tenants.ErrNotFound) {
			return imported, fmt.Errorf("import %s: %w", doc.Key(), err)
		}
		_, err = into.Put(ctx, doc, tenants.Match{Absent: true}, by)
		if errors.Is(err, tenants.ErrConflict) {
			continue // another replica was faster
		}
		if err != nil {
			return imported, fmt.Errorf("import %s: %w", doc.Key(), err)
		}
		imported++
	}
	return imported, nil
}
