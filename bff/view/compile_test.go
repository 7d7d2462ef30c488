package view

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"atrium/clients/schema"

	"github.com/rogpeppe/go-internal/txtar"
)

// The corpus: a document with one route in api.yaml, and what compiling it gives, in plan or in issues.
func TestCompileCorpus(t *testing.T) {
	ops := loadOperations(t)
	golden(t, "compile", func(t *testing.T, a *txtar.Archive) {
		p, issues := compileText(t, ops, section(a, "api.yaml"))
		if len(issues) > 0 {
			var b strings.Builder
			for _, issue := range issues {
				line := issue.Line
				if !strings.Contains(section(a, "api.yaml"), "upstreams") {
					line -= strings.Count(preamble, "\n")
				}
				fmt.Fprintf(&b, "%d:%d: %s\n", line, issue.Column, issue.Message)
			}
			dropSection(a, "plan")
			setSection(a, "issues", b.String())
			return
		}
		dropSection(a, "issues")
		setSection(a, "plan", describe(p))
	})
}

// describe writes down all that is exported of a Program.
func describe(p *Program) string {
	var b strings.Builder
	for _, params := range []struct {
		where string
		list  []Param
	}{{"path", p.Path}, {"query", p.Query}} {
		for _, param := range params.list {
			fmt.Fprintf(&b, "%s %s: %s", params.where, param.Name, param.Type)
			if param.Required {
				b.WriteString(", required")
			}
			if param.Default != nil {
				fmt.Fprintf(&b, ", default %s", param.Default)
			}
			b.WriteString("\n")
		}
	}
	if p.Body != nil {
		fmt.Fprintf(&b, "body: %s, required %t\n", schemaText(p.Body), p.BodyRequired)
	}
	for _, s := range p.Steps {
		fmt.Fprintf(&b, "step %s: %s", s.Name, s.Call())
		if len(s.After) > 0 {
			fmt.Fprintf(&b, " after %s", strings.Join(s.After, ", "))
		}
		if len(s.Fields) > 0 {
			fmt.Fprintf(&b, " of %s", strings.Join(s.Fields, ", "))
		}
		if s.Default != nil {
			fmt.Fprintf(&b, " default %s", s.Default)
		}
		if s.Timeout > 0 {
			fmt.Fprintf(&b, " within %s", s.Timeout)
		}
		b.WriteString("\n")
	}
	b.WriteString(p.Tree())
	fmt.Fprintf(&b, "fields: %s\nstatus: %d\n", strings.Join(p.Fields, ", "), p.Status)
	for _, m := range p.Members {
		fmt.Fprintf(&b, "member %s after %v\n", m.Name, m.After)
	}
	fmt.Fprintf(&b, "response: %s\n", schemaText(p.Response))
	return b.String()
}

func schemaText(t *schema.Type) string {
	var b bytes.Buffer
	if err := json.Indent(&b, t.JSONSchema(schema.NewDefs("#/")), "", "  "); err != nil {
		return err.Error()
	}
	return b.String()
}
