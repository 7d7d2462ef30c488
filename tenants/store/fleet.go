package store

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"

	"atrium/tenants"
)

// A Fleet is what a replica with Redis reads: the documents in Redis are the truth, those of its folder that Redis lacks are brought
// there once, and as long as Redis has never been seen the folder itself is served.
type Fleet struct {
	*Redis

	folder   *Folder
	log      *slog.Logger
	imported atomic.Bool
	alone    atomic.Bool // the folder is being served
}

var _ tenants.Store = (*Fleet)(nil)

// ByImport is who a document in Redis belongs to that was brought from a folder.
const ByImport = "import"

// NewFleet returns the store of a replica. Closing it closes the Redis store.
func NewFleet(redis *Redis, folder *Folder, log *slog.Logger) *Fleet {
	return &Fleet{Redis: redis, folder: folder, log: log}
}

// Load implements tenants.Store. It imports first, until that has succeeded once.
func (f *Fleet) Load(ctx context.Context) ([]tenants.Document, error) {
	if !f.imported.Load() {
		if err := f.importFolder(ctx); err != nil && !errors.Is(err, tenants.ErrUnavailable) {
			f.log.ErrorContext(ctx, "documents of the folder not imported", slog.Any("error", err))
		}
	}
	docs, err := f.Redis.Load(ctx)
	// Redis that has never been seen has no documents, and no copy of any.
	f.alone.Store(err == nil && len(docs) == 0 && f.Redis.Degraded() != "")
	if f.alone.Load() {
		return f.folder.Load(ctx)
	}
	return docs, err
}

func (f *Fleet) importFolder(ctx context.Context) error {
	docs, err := f.folder.Load(ctx)
	if err != nil {
		return err
	}
	n, err := Import(ctx, docs, f.Redis, ByImport)
	if err != nil {
		return err
	}
	f.imported.Store(true)
	f.log.InfoContext(ctx, "documents of the folder imported", slog.Int("documents", n))
	return nil
}

// Degraded implements tenants.Store.
func (f *Fleet) Degraded() string {
	if f.alone.Load() {
		return "Redis does not answer and there is no copy of its documents: the folder is served"
	}
	return f.Redis.Degraded()
}
