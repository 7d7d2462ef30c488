package tenants

import (
	"context"

	"atrium/tenants/document"
)

// Check compiles documents as a server would and reports every issue, sorted by file and place. Of opts it uses
// BaseDomain, Env and NoSecrets. An error means that ctx ended.
func Check[S, A, R any](
	ctx context.Context, docs []Document, b Builder[S, A, R], opts Options,
) (document.Issues, error) {
	d := NewDirectory(Store(nil), b, opts)
	empty := d.current.Load()
	next, _, err := d.build(ctx, empty, difference(empty, docs))
	if err != nil {
		return nil, err
	}
	var issues document.Issues
	for _, s := range next.statuses() {
		issues = append(issues, s.Issues...)
	}
	return issues.Sort(), nil
}
