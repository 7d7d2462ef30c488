package document_test

import (
	"fmt"

	"atrium/tenants/document"
)

// A document is parsed and decoded; every mistake is reported with its place, and the rest is there.
func Example() {
	root, issues := document.Parse("plans/pro.yaml", []byte(`
requests: [600/1m, "60 / 1s"]
maxBody: 1MiB
stremas: 50
note: @home
`))
	var plan struct {
		Requests []document.Rate `json:"requests"`
		MaxBody  document.Size   `json:"maxBody"`
		Streams  int             `json:"streams" doc:"min=1"`
		Note     string          `json:"note"`
	}
	issues = append(issues, document.Decode(root, &plan)...)
	fmt.Println(issues.Sort())
	fmt.Println(plan.Requests[0].Quota, int64(plan.MaxBody))
	// Output:
	// plans/pro.yaml:2:20: want a rate such as 600/1m, found "60 / 1s"
	// plans/pro.yaml:4:1: unknown key "stremas"; did you mean "streams"?
	// plans/pro.yaml:5:7: plain text cannot start with '@'; write it in quotes
	// 600 1048576
}
