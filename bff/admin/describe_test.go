package admin

import (
	"net/http"
	"regexp"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"atrium/observability/traceview"
)

// TestTheDescriptionHasEveryRoute holds that the admin API's OpenAPI document is valid and lists what there is, no more and
// no less.
func TestTheDescriptionHasEveryRoute(t *testing.T) {
	text, err := Description()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		t.Fatal(err)
	}
	var described []string
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			described = append(described, method+" "+regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(path, "{}"))
		}
	}
	var served []string
	for _, r := range engine(&api{Options: Options{
		Traces: new(traceview.Store), Metrics: http.NotFoundHandler(), Console: http.NotFoundHandler(),
	}}).Routes() {
		if regexp.MustCompile(`^/admin/`).MatchString(r.Path) {
			served = append(served, r.Method+" "+regexp.MustCompile(`:[^/]*`).ReplaceAllString(r.Path, "{}"))
		}
	}
	slices.Sort(described)
	slices.Sort(served)
	if !slices.Equal(described, served) || len(served) < 30 {
		t.Errorf("described\n%q\nserved\n%q", described, served)
	}
}
