package tenants

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync/atomic"

	"go.opentelemetry.io/otel/metric"

	"atrium/tenants/document"
)

// The ways in which a request fails to name its tenant.
var (
	// ErrUnknownTenant: neither host nor header name a tenant, or the host is below the base domain and names none.
	ErrUnknownTenant = errors.New("unknown tenant")
	// ErrTenantMismatch: the host names a tenant and the header another.
	ErrTenantMismatch = errors.New("the host names a tenant and the header X-Tenant another")
)

// Options configure a Directory. The zero value is usable.
type Options struct {
	BaseDomain string                           // gives each tenant the host <id>.<base domain>; empty: no such hosts
	Env        func(name string) (string, bool) // where secrets {env: NAME} come from; nil means os.LookupEnv
	NoSecrets  bool                             // secrets are not read but replaced: for checks away from the server
	Log        *slog.Logger                     // nil: nothing is logged
	Meter      metric.Meter                     // nil: nothing is measured
}

// A Directory knows which tenant a request belongs to and what it is served, and changes that without dropping a
// request. All methods may be called at the same time. Call Load first; until then there is no tenant.
type Directory[S, A, R any] struct {
	store   Store
	builder Builder[S, A, R]
	base    baseDomain
	options Options
	log     *slog.Logger
	metrics *metrics

	current  atomic.Pointer[snapshot[S, A, R]]
	reloaded atomic.Pointer[Reload]
	writer   chan struct{} // held by whoever makes the next snapshot
}

// NewDirectory returns a Directory over the store's documents. It starts nothing.
func NewDirectory[S, A, R any](store Store, b Builder[S, A, R], opts Options) *Directory[S, A, R] {
	d := &Directory[S, A, R]{
		store: store, builder: b, base: newBaseDomain(opts.BaseDomain), options: opts,
		log: cmp.Or(opts.Log, slog.New(slog.DiscardHandler)), writer: make(chan struct{}, 1),
	}
	if d.options.Env == nil {
		d.options.Env = os.LookupEnv
	}
	d.current.Store(&snapshot[S, A, R]{})
	d.reloaded.Store(&Reload{})
	d.metrics = newMetrics(opts.Meter, d.failing)
	return d
}

// lock waits for its turn to make the next snapshot.
func (d *Directory[S, A, R]) lock(ctx context.Context) error {
	select {
	case d.writer <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for another change of documents: %w", context.Cause(ctx))
	}
}

func (d *Directory[S, A, R]) unlock() { <-d.writer }

// Load reads the store and serves what compiles. It returns the issues of what does not; Status keeps them. An error
// means that the store could not be read, and changes nothing.
func (d *Directory[S, A, R]) Load(ctx context.Context) (document.Issues, error) {
	if err := d.lock(ctx); err != nil {
		return nil, err
	}
	defer d.unlock()
	if _, err := d.reloadLocked(ctx); err != nil {
		return nil, err
	}
	var issues document.Issues
	for _, s := range d.current.Load().statuses() {
		issues = append(issues, s.Issues...)
	}
	return issues, nil
}

// Resolve finds the tenant that a request names by its Host and, if there is one, its X-Tenant header:
// an exact host, else <id>.<base domain>, else the header. It fails with ErrUnknownTenant or ErrTenantMismatch.
func (d *Directory[S, A, R]) Resolve(host, header string) (R, *Tenant, error) {
	s := d.current.Load()
	name, ok := normalHost(host)
	if !ok {
		return d.unknown()
	}
	id, named := s.hosts.get(name)
	if !named {
		var label string
		label, named = d.base.below(name)
		id = ID(label)
	}
	if !named {
		id = ID(header)
	}
	e, ok := s.tenants.get(string(id))
	if !ok || e.serving == nil {
		return d.unknown()
	}
	if header != "" && header != string(id) {
		var zero R
		return zero, nil, ErrTenantMismatch
	}
	return e.serving.value.runtime, e.serving.value.tenant, nil
}

func (d *Directory[S, A, R]) unknown() (R, *Tenant, error) {
	var zero R
	return zero, nil, ErrUnknownTenant
}

// Tenant returns a tenant that serves, and its runtime.
func (d *Directory[S, A, R]) Tenant(id ID) (R, *Tenant, bool) {
	e, ok := d.current.Load().tenants.get(string(id))
	if !ok || e.serving == nil {
		var zero R
		return zero, nil, false
	}
	return e.serving.value.runtime, e.serving.value.tenant, true
}

// API returns a compiled API that serves.
func (d *Directory[S, A, R]) API(name string) (A, bool) {
	e, ok := d.current.Load().apis.get(name)
	if !ok || e.serving == nil {
		var zero A
		return zero, false
	}
	return e.serving.value, true
}

// Document returns a document as stored, which may be newer than what serves: see Status.
func (d *Directory[S, A, R]) Document(kind Kind, name string) (Document, bool) {
	if doc := d.current.Load().document(kind, name); doc != nil {
		return *doc, true
	}
	return Document{}, false
}

// Documents lists the documents of a kind as stored, by name.
func (d *Directory[S, A, R]) Documents(kind Kind) []Document {
	var all []Document
	for doc := range d.current.Load().documents(kind) {
		all = append(all, *doc)
	}
	slices.SortFunc(all, func(a, b Document) int { return cmp.Compare(a.Name, b.Name) })
	return all
}
