package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"atrium/clients/rest"
	"atrium/tenants"
)

// A chosenRoute is a route to be written, of one operation.
type chosenRoute struct {
	source *source
	op     *rest.Operation
	key    string            // GET /crm/customers/{id}
	params map[string]string // what the pattern calls the operation's path parameters
}

// newRoute names the route as its operation's path is; with several sources each has its own folder.
func newRoute(s *source, op *rest.Operation, several bool) *chosenRoute {
	r := &chosenRoute{source: s, op: op, params: map[string]string{}}
	path := op.Path
	for _, p := range op.Params {
		if p.In == "path" {
			r.params[p.Name] = letters(p.Name)
			path = strings.ReplaceAll(path, "{"+p.Name+"}", "{"+r.params[p.Name]+"}")
		}
	}
	if several {
		path = "/" + s.name + strings.TrimSuffix(path, "/")
	}
	r.key = op.Method + " " + path
	return r
}

func (r *chosenRoute) order() string {
	_, path, _ := strings.Cut(r.key, " ")
	return path + " " + r.op.Method
}

func render(sources []*source, routes []*chosenRoute) []tenants.Document {
	var documents []tenants.Document
	add := func(kind tenants.Kind, name, extension string, text []byte) {
		documents = append(documents, tenants.Document{
			Kind: kind, Name: name, Text: text, Revision: 1, Path: string(kind) + "/" + name + extension,
		})
	}
	for _, s := range sources {
		extension := filepath.Ext(s.file)
		if extension != ".json" && extension != ".yml" {
			extension = ".yaml"
		}
		add(tenants.KindSpecs, s.name, extension, s.text)
	}
	add(tenants.KindAPIs, "frontend", ".yaml", renderAPI(sources, routes))
	add(tenants.KindPlans, "standard", ".yaml", []byte(planText))
	add(tenants.KindTenants, "acme", ".yaml", []byte(tenantText))
	return documents
}

const planText = `# A plan is a named set of limits; tenants share it. A tenant's own limits replace these one by one.
requests: ["6000/1m"]  # of the whole tenant
perClient: ["120/1m"]  # per user, else API key, else address
upstreamConcurrency: 64
maxBody: 1MiB
`

const tenantText = `# A tenant is one customer. Its file's name is its id, and it answers at http://acme.localhost:8080.
# Copy this file to have another.
api: frontend
plan: standard

# Own hosts, besides <id>.<base domain>:
# hosts: [shop.example.com]

# Values of this tenant, as ${tenant.vars.brand} in responses and ${vars.crmUrl} in addresses of upstreams:
# vars: { brand: Acme }

# Secrets come from the environment or a file; they reach upstreams only, never a response:
# secrets: { token: { env: ACME_TOKEN } }

# Who may call. Make a key with POST /admin/v1/tenants/acme/keys, and have routes say auth: required.
# auth: { jwt: { issuer: "https://id.example.com", audience: web } }

# Pages of other origins that may call:
# cors: { origins: ["https://example.com"] }
`

const apiIntro = `# An API is what frontends call: upstreams, and routes made of their operations. All tenants that name it share it.
# Every name is checked against the OpenAPI documents when this file is saved; try to misspell one, and run atrium check.

upstreams:
`

const routesIntro = `
# A route is a pattern, steps that call operations, and a response. A response may be the whole answer, as below, or pick:
#
#   response:
#     name: "${answer.name}"
#     items: { $each: "i in ${answer.items}", $limit: 5, id: "${i.id}" }
#
# Steps run at once unless they mention each other. A step may be optional: true, or have a default: VALUE and a timeout: 300ms,
# so that the route answers without it. Keep answers with cache: { ttl: 30s, tags: ["customer:${path.id}"] }.
routes:
`

func renderAPI(sources []*source, routes []*chosenRoute) []byte {
	var b bytes.Buffer
	b.WriteString(apiIntro)
	for _, s := range sources {
		address, remark := s.url, "as its document says"
		if address == "" {
			address, remark = "http://localhost:8081", "no address was found in its document: write where it is"
		}
		fmt.Fprintf(&b, "  %s:\n    spec: %s # specs/%s\n    baseUrl: %s # %s; \"${vars.%sUrl}\" gives each tenant its own\n",
			s.name, s.name, s.name, quoted(address), remark, s.name)
		b.WriteString("    timeout: 2s\n    # headers: { Authorization: \"Bearer ${secrets.token}\" }\n")
	}
	b.WriteString(routesIntro)
	for _, r := range routes {
		r.render(&b)
	}
	return b.Bytes()
}

func (r *chosenRoute) render(b *bytes.Buffer) {
	fmt.Fprintf(b, "  %s:\n", quoted(r.key))
	if r.op.Summary != "" {
		fmt.Fprintf(b, "    summary: %s\n", quoted(strings.Join(strings.Fields(r.op.Summary), " ")))
	}
	fmt.Fprintf(b, "    steps:\n      answer:\n        call: %s\n", quoted(r.source.name+"."+r.op.ID))
	var with []string
	for _, p := range r.op.Params {
		switch {
		case p.In == "path":
			with = append(with, quoted(p.Name)+": "+quoted("${path."+r.params[p.Name]+"}"))
		case p.In == "query":
			with = append(with, quoted(p.Name)+": "+quoted("${"+member("query", p.Name)+"}"))
		case p.Required:
			with = append(with, quoted(p.Name)+": "+quoted("${"+member("header", strings.ToLower(p.Name))+"}"))
		}
	}
	if len(with) > 0 {
		fmt.Fprintf(b, "        with:\n          %s\n", strings.Join(with, "\n          "))
	}
	if r.op.Body != nil {
		b.WriteString("        body: \"${body}\"\n")
	}
	b.WriteString("    response: \"${answer}\"\n\n")
}

const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// member names a member in a hole: query.limit, or query["page-size"].
func member(of, name string) string {
	if plain := strings.Trim(name, alphabet+"_0123456789") == ""; plain && name != "" && (name[0] < '0' || name[0] > '9') {
		return of + "." + name
	}
	return of + "[" + quoted(name) + "]"
}

// quoted writes text as YAML and JSON both read it; plain words stay plain.
func quoted(text string) string {
	if text != "" && strings.Trim(text, alphabet) == "" && !isYAMLWord(text) {
		return text
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		return `""`
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// isYAMLWord says whether a plain word is no text in some YAML.
func isYAMLWord(text string) bool {
	switch strings.ToLower(text) {
	case "true", "false", "null", "yes", "no", "on", "off", "y", "n":
		return true
	}
	return false
}
