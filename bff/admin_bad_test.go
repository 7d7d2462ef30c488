package bff_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestBadAdminRequests holds that a mistake in a call of the admin API is told at its place, and changes nothing.
func TestBadAdminRequests(t *testing.T) {
	h := start(t, new(crm), documents())
	const plan = "streams: 7\n"
	tests := []struct {
		name, method, path, body string
		headers                  []string
		status                   int
		pointer                  string
	}{
		{"dry run, perhaps", "PUT", "/admin/v1/plans/new?dryRun=maybe", plan, nil, 400, "/query/dryRun"},
		{"dry run of a deletion, perhaps", "DELETE", "/admin/v1/plans/small?dryRun=1", "", nil, 400, "/query/dryRun"},
		{"condition", "PUT", "/admin/v1/plans/new", plan, []string{"If-Match", "banana"}, 400, "/header/If-Match"},
		{"condition that is not kept", "PUT", "/admin/v1/plans/small", plan, []string{"If-Match", `"99"`}, 412, ""},
		{"must not be there, and is", "PUT", "/admin/v1/plans/small", plan, []string{"If-None-Match", "*"}, 412, ""},
		{"name", "PUT", "/admin/v1/plans/a%20b", plan, nil, 422, ""},
		{"name that climbs", "PUT", "/admin/v1/plans/..%2f..%2fnew", plan, nil, 422, ""},
		{"kind", "PUT", "/admin/v1/plan/new", plan, nil, 404, ""},
		{"method", "PATCH", "/admin/v1/plans/small", plan, nil, 405, ""},
		{"in use", "DELETE", "/admin/v1/plans/small", "", nil, 409, ""},
		{"rollback to nothing", "POST", "/admin/v1/plans/small/rollback", "{}", nil, 400, "/revision"},
		{"rollback to text", "POST", "/admin/v1/plans/small/rollback", `{"revision":"1"}`, nil, 400, "/revision"},
		{"rollback to what never was", "POST", "/admin/v1/plans/small/rollback", `{"revision":99}`, nil, 404, ""},
		{"purge of nothing", "POST", "/admin/v1/tenants/acme/purge", "{}", nil, 400, ""},
		{"purge, misspelled", "POST", "/admin/v1/tenants/acme/purge", `{"tagz":["a"]}`, nil, 400, "/tagz"},
		{"purge of no list", "POST", "/admin/v1/tenants/acme/purge", `{"tags":"a"}`, nil, 400, "/tags"},
		{"purge, broken", "POST", "/admin/v1/tenants/acme/purge", `{`, nil, 400, ""},
		{"purge of nobody's", "POST", "/admin/v1/tenants/nobody/purge", `{"all":true}`, nil, 404, ""},
		{"page size", "GET", "/admin/v1/plans?limit=many", "", nil, 400, "/query/limit"},
		{"cursor", "GET", "/admin/v1/plans?cursor=%21", "", nil, 400, "/query/cursor"},
		{"explain nowhere", "POST", "/admin/v1/explain", `{"method":"GET","url":"::"}`, nil, 400, "/url"},
		{"trace", "GET", "/admin/v1/traces/none", "", nil, 404, ""},
		{"foreign page reads", "GET", "/admin/v1/plans", "", []string{"Origin", "https://evil.example"}, 403, ""},
		{"foreign page writes", "PUT", "/admin/v1/plans/new", plan, []string{"Origin", "null"}, 403, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := h.adminDo(tt.method, tt.path, tt.body, tt.headers...)
			p := a.problem(t)
			if a.status != tt.status || p.Detail == "" {
				t.Errorf("%d %s, want %d", a.status, a.body, tt.status)
			}
			if tt.pointer != "" && (len(p.Errors) != 1 || p.Errors[0].Pointer != tt.pointer || p.Errors[0].Message == "") {
				t.Errorf("the errors are %+v, want one at %s", p.Errors, tt.pointer)
			}
		})
	}
	if a := h.adminDo(http.MethodGet, "/admin/v1/plans", ""); !strings.Contains(a.body, `"revision":1`) || strings.Contains(a.body, "new") ||
		strings.Contains(a.body, `"revision":2`) {
		t.Errorf("something was changed: %s", a.body)
	}
	if a := h.adminDo(http.MethodGet, "/admin/v1/plans", "", "Origin", h.admin); a.status != http.StatusOK {
		t.Errorf("the console's own page: %d %s", a.status, a.body)
	}
}
