package tenants

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"atrium/tenants/document"
)

// A Change is what an administrator wants of one document.
type Change struct {
	Kind   Kind
	Name   string
	Text   []byte // not written to, and kept
	Delete bool   // instead of storing Text
	Match  Match
	DryRun bool   // all but the last steps: nothing is stored and nothing served
	By     string // for history and audit
}

// tries is how often a change starts over when another replica was faster.
const tries = 5

// Apply checks a change, compiles what follows from it, stores it and serves it, in that order; whatever fails, nothing
// has changed. Issues mean that it was refused for what they say, of the document itself or of others that it would
// break. Of errors it returns ErrName, ErrConflict, ErrNotFound, ErrInUse, ErrReadOnly, ErrTooLarge, and what the store
// says. The Document is as stored; of a dry run, as it would be; of a deletion, the zero value.
func (d *Directory[S, A, R]) Apply(ctx context.Context, c Change) (Document, document.Issues, error) {
	ctx, span := trace.SpanFromContext(ctx).TracerProvider().Tracer("atrium/tenants").Start(ctx, "documents.apply",
		trace.WithAttributes(
			attribute.String("atrium.document.kind", string(c.Kind)), attribute.String("atrium.document.name", c.Name),
			attribute.Bool("atrium.dry_run", c.DryRun)))
	defer span.End()
	doc, issues, err := d.apply(ctx, c)
	name := "ok"
	switch {
	case err != nil:
		name = "error"
		span.SetStatus(codes.Error, err.Error())
	case len(issues) > 0:
		name = "invalid"
		span.SetStatus(codes.Error, "the change has issues")
	}
	d.metrics.changes.Add(ctx, 1, outcome(name))
	return doc, issues, err
}

func (d *Directory[S, A, R]) apply(ctx context.Context, c Change) (Document, document.Issues, error) {
	if !c.Kind.Valid() {
		return Document{}, nil, fmt.Errorf("%w: unknown kind %q", ErrName, c.Kind)
	}
	if len(c.Text) > c.Kind.MaxText() {
		return Document{}, nil, fmt.Errorf("%w: %d bytes are allowed, found %d", ErrTooLarge, c.Kind.MaxText(), len(c.Text))
	}
	if err := d.lock(ctx); err != nil {
		return Document{}, nil, err
	}
	defer d.unlock()
	for try := 1; ; try++ {
		doc, issues, err := d.applyLocked(ctx, c)
		behind := errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound)
		if !behind || try == tries {
			return doc, issues, err
		}
		// The snapshot may be behind the store: another replica, or an edit by hand, was faster.
		revision := d.revision(c)
		out, loadErr := d.reloadLocked(ctx)
		if loadErr != nil {
			return Document{}, nil, loadErr
		}
		d.report(ctx, out)
		if d.revision(c) == revision {
			return doc, issues, err
		}
	}
}

// revision is the one that the snapshot has of the document to be changed.
func (d *Directory[S, A, R]) revision(c Change) int64 {
	doc, _ := d.Document(c.Kind, c.Name)
	return doc.Revision
}

func (d *Directory[S, A, R]) applyLocked(ctx context.Context, c Change) (Document, document.Issues, error) {
	prev := d.current.Load()
	old, exists := d.Document(c.Kind, c.Name)
	if !c.Match.Allows(old.Revision) || c.Match.Absent && exists {
		return Document{}, nil, fmt.Errorf("%w: it is at revision %d", ErrConflict, old.Revision)
	}
	if c.Delete {
		return Document{}, nil, d.deleteLocked(ctx, c, prev, old, exists)
	}
	doc := Document{
		Kind: c.Kind, Name: c.Name, Text: c.Text, Revision: old.Revision + 1, Modified: old.Modified, Path: old.Path,
	}
	if !exists {
		doc.Path = DefaultPath(c.Kind, c.Name, c.Text)
	}
	next, out, err := d.build(ctx, prev, []step{{kind: c.Kind, name: c.Name, doc: &doc}})
	if err != nil {
		return Document{}, nil, err
	}
	if issues := next.objections(c, out); len(issues) > 0 {
		return Document{}, issues, nil
	}
	if c.DryRun {
		return doc, nil, nil
	}
	saved, err := d.store.Put(ctx, doc, Match{Revision: old.Revision, Absent: !exists}, c.By)
	if err != nil {
		return Document{}, nil, err
	}
	d.publish(ctx, prev, next, out, doc, saved)
	return saved, nil, nil
}

// publish serves a stored change. What was compiled counts from the revision that the store gave; when that is another
// than expected, as after a deletion, it is compiled anew, since keys may be made of it.
func (d *Directory[S, A, R]) publish(
	ctx context.Context, prev, next *snapshot[S, A, R], out outcomes, built, saved Document,
) {
	if !same(&built, &saved) {
		again, outAgain, err := d.build(context.WithoutCancel(ctx), prev,
			[]step{{kind: saved.Kind, name: saved.Name, doc: &saved}})
		if err == nil {
			next, out = again, outAgain
		}
	}
	next.stamp(saved)
	d.current.Store(next)
	d.report(ctx, out)
}

func (d *Directory[S, A, R]) deleteLocked(
	ctx context.Context, c Change, prev *snapshot[S, A, R], old Document, exists bool,
) error {
	if !exists {
		return fmt.Errorf("%w: %s/%s", ErrNotFound, c.Kind, c.Name)
	}
	if by := prev.users(c.Kind, c.Name); len(by) > 0 {
		const most = 10
		shown := by[:min(most, len(by))]
		return &InUseError{Kind: c.Kind, Name: c.Name, By: shown, More: len(by) - len(shown)}
	}
	next, out, err := d.build(ctx, prev, []step{{kind: c.Kind, name: c.Name}})
	if err != nil || c.DryRun {
		return err
	}
	if err := d.store.Delete(ctx, c.Kind, c.Name, Match{Revision: old.Revision}, c.By); err != nil {
		return err
	}
	d.current.Store(next)
	d.report(ctx, out)
	return nil
}

// objections are the issues for which a change is refused: those of the document itself, and, when it breaks others
// that were well, those of the others. What was broken before is not the change's fault.
func (s *snapshot[S, A, R]) objections(c Change, out outcomes) document.Issues {
	own := s.issuesOf(c.Kind, c.Name)
	if len(own) > 0 {
		return own
	}
	var issues document.Issues
	for _, failed := range out.broken {
		issues = append(issues, failed.Issues...)
	}
	return issues.Sort()
}
