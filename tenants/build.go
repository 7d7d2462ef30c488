package tenants

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"atrium/tenants/document"
)

// outcomes are what a build found besides the snapshot.
type outcomes struct {
	failed []DocumentStatus // documents with issues that they did not have before
	healed []DocumentStatus // documents that had issues and have none now
	broken []DocumentStatus // documents that were well and have issues now
}

// A build makes the next snapshot from the one before and the steps between them. What depends on nothing that
// changed keeps what was compiled; what does not compile keeps what served before.
type build[S, A, R any] struct {
	d    *Directory[S, A, R]
	prev *snapshot[S, A, R]
	next *snapshot[S, A, R]

	moved bool // an API or a plan may serve something else than before
	out   outcomes
}

// build returns the snapshot that follows prev. Its error is the context's.
func (d *Directory[S, A, R]) build(
	ctx context.Context, prev *snapshot[S, A, R], steps []step,
) (*snapshot[S, A, R], outcomes, error) {
	next := *prev
	b := &build[S, A, R]{d: d, prev: prev, next: &next}
	byKind := map[Kind]map[string]*Document{}
	for _, s := range steps {
		if byKind[s.kind] == nil {
			byKind[s.kind] = map[string]*Document{}
		}
		byKind[s.kind][s.name] = s.doc
	}
	b.specs(ctx, byKind[KindSpecs])
	b.apis(ctx, byKind[KindAPIs])
	b.plans(ctx, byKind[KindPlans])
	b.tenants(ctx, byKind[KindTenants])
	if ctx.Err() != nil { // whatever was skipped must not be published
		return nil, outcomes{}, fmt.Errorf("compile documents: %w", context.Cause(ctx))
	}
	return b.next, b.out, nil
}

func (b *build[S, A, R]) specs(ctx context.Context, changed map[string]*Document) {
	compileKind(ctx, b, &b.next.specs, changed, func(doc Document, old *specEntry[S]) *specEntry[S] {
		v, issues := guarded(doc, func() (S, document.Issues) { return b.d.builder.Spec(doc) })
		return succeed(old, doc, v, issues, none{})
	})
}

func (b *build[S, A, R]) apis(ctx context.Context, changed map[string]*Document) {
	changed = maps.Clone(changed)
	if changed == nil {
		changed = map[string]*Document{}
	}
	for name, e := range b.prev.apis.all() { // those whose specs have changed
		if _, listed := changed[name]; !listed && b.specsMoved(e.inputs) {
			changed[name] = &e.stored
		}
	}
	b.moved = b.moved || len(changed) > 0
	compileKind(ctx, b, &b.next.apis, changed, func(doc Document, old *apiEntry[S, A]) *apiEntry[S, A] {
		used := map[string]*compiled[S]{}
		v, issues := guarded(doc, func() (A, document.Issues) {
			return b.d.builder.API(doc, func(name string) (S, bool) {
				used[name] = servingIn(&b.next.specs, name)
				if used[name] == nil {
					var zero S
					return zero, false
				}
				return used[name].value, true
			})
		})
		return succeed(old, doc, v, issues, used)
	})
}

func (b *build[S, A, R]) specsMoved(used map[string]*compiled[S]) bool {
	for name, was := range used {
		if servingIn(&b.next.specs, name) != was {
			return true
		}
	}
	return false
}

func servingIn[V, I any](ix *index[*entry[V, I]], name string) *compiled[V] {
	if e, ok := ix.get(name); ok {
		return e.serving
	}
	return nil
}

func (b *build[S, A, R]) plans(ctx context.Context, changed map[string]*Document) {
	b.moved = b.moved || len(changed) > 0
	compileKind(ctx, b, &b.next.plans, changed, func(doc Document, old *planEntry) *planEntry {
		plan, issues := decodePlan(doc)
		inForce := DefaultPlan().override(plan)
		return succeed(old, doc, planLimits{document: plan, inForce: &inForce}, issues, none{})
	})
}

func decodePlan(doc Document) (*Plan, document.Issues) {
	root, issues := document.Parse(doc.Path, doc.Text)
	plan := new(Plan)
	if root != nil {
		issues = append(issues, document.Decode(root, plan)...)
	}
	return plan, issues.Sort()
}

// compileKind compiles the changed documents of one kind, several at a time, and records what came of it.
func compileKind[S, A, R, V, I any](
	ctx context.Context, b *build[S, A, R], ix *index[*entry[V, I]], changed map[string]*Document,
	compile func(doc Document, old *entry[V, I]) *entry[V, I],
) {
	if len(changed) == 0 {
		return
	}
	names := slices.Sorted(maps.Keys(changed))
	entries := make([]*entry[V, I], len(names))
	parallel(ctx, len(names), func(i int) {
		doc := changed[names[i]]
		if doc == nil {
			return
		}
		old, _ := ix.get(names[i])
		if issues := faults(doc); len(issues) > 0 {
			var noValue V
			var noInputs I
			entries[i] = succeed(old, *doc, noValue, issues, noInputs)
			return
		}
		entries[i] = compile(*doc, old)
	})
	edit := ix.edit()
	for i, name := range names {
		record(b, edit, name, entries[i])
	}
	*ix = edit.index
}

// record puts an entry, or its absence, into the next snapshot and notes what that means.
func record[S, A, R, V, I any](b *build[S, A, R], edit *editor[*entry[V, I]], name string, e *entry[V, I]) {
	old, existed := edit.get(name)
	if e == nil {
		edit.delete(name)
		return
	}
	edit.set(name, e)
	switch {
	case len(e.issues) > 0 && (!existed || !slices.Equal(old.issues, e.issues)):
		b.out.failed = append(b.out.failed, e.status())
		if existed && len(old.issues) == 0 {
			b.out.broken = append(b.out.broken, e.status())
		}
	case len(e.issues) == 0 && existed && len(old.issues) > 0:
		b.out.healed = append(b.out.healed, e.status())
	}
}

// faults are the issues that a document has before anybody looks at its text.
func faults(doc *Document) document.Issues {
	if doc.Fault != "" {
		return document.Issues{{File: doc.Path, Message: doc.Fault}}
	}
	if err := CheckName(doc.Kind, doc.Name); err != nil {
		return document.Issues{{File: doc.Path, Message: fmt.Sprintf("%q cannot be the name of a document: %v", doc.Name, err)}}
	}
	if len(doc.Text) > doc.Kind.MaxText() {
		return document.Issues{{
			File: doc.Path, Message: fmt.Sprintf("has %d bytes, and %d are allowed", len(doc.Text), doc.Kind.MaxText()),
		}}
	}
	return nil
}

// parallel calls work with each i below n on all processors. It stops early when ctx ends.
func parallel(ctx context.Context, n int, work func(i int)) {
	workers := min(n, runtime.GOMAXPROCS(0))
	var taken atomic.Int64
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			for i := int(taken.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(taken.Add(1)) - 1 {
				work(i)
			}
		})
	}
	running.Wait()
}
