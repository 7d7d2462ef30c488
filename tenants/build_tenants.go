package tenants

import (
	"context"
	"maps"
	"slices"

	"atrium/tenants/document"
)

// tenants compiles the changed tenants, those whose API or plan has changed, and those that wait for something.
func (b *build[S, A, R]) tenants(ctx context.Context, changed map[string]*Document) {
	changed = b.affected(changed)
	if len(changed) == 0 {
		return
	}
	names := slices.Sorted(maps.Keys(changed))
	tries := make([]*try[A, R], len(names))
	apis, plans := &b.next.apis, &b.next.plans
	parallel(ctx, len(names), func(i int) {
		t := &try[A, R]{name: names[i]}
		t.old, _ = b.prev.tenants.get(t.name)
		if doc := changed[t.name]; doc != nil {
			t.doc = doc
			compileTenant(b, t, apis, plans)
		}
		tries[i] = t
	})
	if ctx.Err() != nil {
		return
	}
	b.next.hosts = settle(b.d.base, &b.prev.hosts, &b.prev.tenants, tries)

	edit, blocked := b.next.tenants.edit(), maps.Clone(b.prev.blocked)
	if blocked == nil {
		blocked = map[string]struct{}{}
	}
	for _, t := range tries {
		delete(blocked, t.name)
		if t.blocked {
			blocked[t.name] = struct{}{}
		}
		record(b, edit, t.name, t.entry())
	}
	b.next.tenants, b.next.blocked = edit.index, blocked
}

// affected adds to the changed tenants those that must be compiled again though their documents are as they were.
func (b *build[S, A, R]) affected(changed map[string]*Document) map[string]*Document {
	all := maps.Clone(changed)
	if all == nil {
		all = map[string]*Document{}
	}
	again := func(name string, e *tenantEntry[A, R]) {
		if _, listed := all[name]; !listed {
			all[name] = &e.stored
		}
	}
	for name := range b.prev.blocked {
		if e, ok := b.prev.tenants.get(name); ok {
			again(name, e)
		}
	}
	if !b.moved {
		return all
	}
	for name, e := range b.prev.tenants.all() {
		if servingIn(&b.next.apis, e.inputs.apiName) != e.inputs.api ||
			servingIn(&b.next.plans, e.inputs.planName) != e.inputs.plan {
			again(name, e)
		}
	}
	return all
}

// A try is one tenant on its way into the next snapshot.
type try[A, R any] struct {
	name    string
	doc     *Document // nil when the document is gone
	old     *tenantEntry[A, R]
	value   served[R]
	inputs  needs[A]
	issues  document.Issues
	blocked bool // may succeed later though no document changes
}

// serves says whether the try's own result is to serve, as opposed to what served before.
func (t *try[A, R]) serves() bool { return t.doc != nil && len(t.issues) == 0 }

// hadHosts are the hosts of what served before.
func (t *try[A, R]) hadHosts() []string {
	if t.old == nil || t.old.serving == nil {
		return nil
	}
	return t.old.serving.value.tenant.Spec.Hosts
}

func (t *try[A, R]) entry() *tenantEntry[A, R] {
	if t.doc == nil {
		return nil
	}
	return succeed(t.old, *t.doc, t.value, t.issues, t.inputs)
}

// refuse notes an issue that may go away without a change of this document.
func (t *try[A, R]) refuse(issue document.Issue) {
	t.issues = append(t.issues, issue)
	t.blocked = true
}

// compileTenant decodes the document, finds what it names, and builds its runtime. It reports all issues it can.
func compileTenant[S, A, R any](
	b *build[S, A, R], t *try[A, R], apis *index[*apiEntry[S, A]], plans *index[*planEntry],
) {
	if t.issues = faults(t.doc); len(t.issues) > 0 {
		return
	}
	spec, root, issues := t.decode()
	t.issues = issues
	if spec == nil {
		return
	}
	t.inputs = needs[A]{
		apiName: spec.API, planName: spec.Plan,
		api: servingIn(apis, spec.API), plan: servingIn(plans, spec.Plan),
	}
	tenant := &Tenant{ID: ID(t.name), Spec: *spec, Vars: spec.Vars, Revision: t.doc.Revision}
	if before := t.unchanged(); before != nil {
		tenant.JSON = before.JSON
	} else {
		tenant.JSON = describe(tenant.ID, tenant.Vars)
	}
	t.setPlan(tenant, root, plans)
	secrets, refused := b.d.resolveSecrets(spec.Secrets, root)
	tenant.Secrets = secrets
	for _, issue := range refused {
		t.refuse(issue)
	}
	if t.inputs.api == nil {
		if spec.API != "" && !isPinned(spec.API) { // decodeSpec has reported those
			t.issues = append(t.issues, unknown(root().Get("api"), "API", spec.API, apis))
		}
		t.issues = t.issues.Sort()
		return
	}
	runtime, issues := guarded(*t.doc, func() (R, document.Issues) {
		return b.d.builder.Tenant(tenant, root, t.inputs.api.value)
	})
	t.issues = append(t.issues, issues...).Sort()
	t.value = served[R]{tenant: tenant, runtime: runtime}
}

// unchanged returns the tenant that serves when it was made from the same document, else nil.
func (t *try[A, R]) unchanged() *Tenant {
	if t.old == nil || len(t.old.issues) > 0 || t.doc != &t.old.stored {
		return nil
	}
	return t.old.serving.value.tenant
}

// decode returns the tenant's decoded document and a way to its nodes. What compiled before is not decoded again.
// The spec is nil when nothing can be made of the text.
func (t *try[A, R]) decode() (*Spec, func() *document.Node, document.Issues) {
	parse := func() *document.Node {
		root, _ := document.Parse(t.doc.Path, t.doc.Text)
		return root
	}
	if before := t.unchanged(); before != nil {
		return &before.Spec, parse, nil
	}
	root, issues := document.Parse(t.doc.Path, t.doc.Text)
	if root == nil {
		return nil, nil, issues.Sort()
	}
	spec, more := decodeSpec(root)
	return spec, func() *document.Node { return root }, append(issues, more...)
}

func (t *try[A, R]) setPlan(tenant *Tenant, root func() *document.Node, plans *index[*planEntry]) {
	inForce := DefaultPlan()
	tenant.Plan = &inForce
	if t.inputs.plan != nil {
		tenant.plan = t.inputs.plan.value.document
		tenant.Plan = t.inputs.plan.value.inForce
	} else if name := t.inputs.planName; name != "" {
		t.issues = append(t.issues, unknown(root().Get("plan"), "plan", name, plans))
	}
	if tenant.Spec.Limits.given != 0 {
		inForce = tenant.Plan.override(&tenant.Spec.Limits)
		tenant.Plan = &inForce
	}
}

// unknown reports a name that no document has, or only one that has issues.
func unknown[V, I any](n *document.Node, what, name string, ix *index[*entry[V, I]]) document.Issue {
	if _, ok := ix.get(name); ok {
		return n.Issue("the %s %q has issues of its own", what, name)
	}
	return n.Issue("unknown %s %q%s", what, name, document.DidYouMean(name, ix.names()))
}
