package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"atrium/bff"
	"atrium/clients/rest"
	"atrium/tenants"
	"atrium/tenants/document"
)

// initCommand is `atrium init --openapi FILE...`.
type initCommand struct {
	Openapi    []string `name:"openapi" required:"" help:"OpenAPI documents of the upstreams; may be repeated." placeholder:"FILE"`
	More       []string `arg:"" optional:"" name:"file" help:"Further OpenAPI documents."`
	Dir        string   `help:"Folder to write." default:"./config"`
	Operations []string `help:"Operations to make routes of, by operationId. Default: the first 20 that are GET." placeholder:"ID"`
}

// defaultRoutes is how many routes are made when no operations are named.
const defaultRoutes = 20

// A source is an upstream to be: its OpenAPI document and what is made of it.
type source struct {
	name string // of spec and upstream
	file string
	text []byte
	spec *rest.Spec
	url  string // "" when the document does not say
}

// Run writes a folder of documents that passes atrium check.
func (c *initCommand) Run(ctx context.Context, std *streams) error {
	var sources []*source
	for _, file := range slices.Concat(c.Openapi, c.More) {
		s, issues, err := readSource(file) //nolint:contextcheck // reading a document cannot be cancelled
		if err != nil {
			return err
		}
		if len(issues) > 0 {
			fmt.Fprintln(std.out, issues.Error())
			return errReported
		}
		if slices.ContainsFunc(sources, func(other *source) bool { return other.name == s.name }) {
			return fmt.Errorf("two documents would be named %s: rename %s", s.name, file)
		}
		sources = append(sources, s)
	}
	chosen, err := choose(sources, c.Operations)
	if err != nil {
		return err
	}
	documents, left, err := scaffold(ctx, sources, chosen)
	if err != nil {
		return err
	}
	if err := writeNew(c.Dir, documents); err != nil {
		return err
	}
	report(std, c.Dir, documents, left)
	return nil
}

func readSource(file string) (*source, document.Issues, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, fmt.Errorf("read the OpenAPI document: %w", err)
	}
	if len(text) > tenants.KindSpecs.MaxText() {
		return nil, nil, fmt.Errorf("%s has more than %d bytes", file, tenants.KindSpecs.MaxText())
	}
	spec, issues := rest.LoadSpec(file, text)
	if len(issues) > 0 {
		return nil, issues, nil
	}
	name := letters(strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)))
	if name == "" {
		return nil, nil, fmt.Errorf("the file's name %s gives no name of an upstream: it has no letter", file)
	}
	return &source{name: name, file: file, text: text, spec: spec, url: serverURL(file, text)}, nil, nil
}

// letters keeps the letters and digits of a name from its first letter on; what parts words begins the next with a capital.
func letters(name string) string {
	var b strings.Builder
	capital := false
	for _, r := range name {
		isLetter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		switch {
		case isLetter && capital:
			b.WriteString(strings.ToUpper(string(r)))
			capital = false
		case isLetter || '0' <= r && r <= '9' && b.Len() > 0:
			b.WriteRune(r)
			capital = false
		default:
			capital = b.Len() > 0
		}
	}
	return b.String()
}

// serverURL is the first address of a document's servers that can be called as it is; "" when there is none.
func serverURL(file string, text []byte) string {
	root, _ := document.Parse(file, text)
	servers := root.Get("servers")
	if servers == nil {
		return ""
	}
	for _, s := range servers.Items {
		n := s.Get("url")
		if n == nil || strings.Contains(n.Text, "{") {
			continue
		}
		if u, err := url.Parse(n.Text); err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
			return strings.TrimSuffix(n.Text, "/")
		}
	}
	return ""
}

// choose returns the operations to make routes of.
func choose(sources []*source, names []string) ([]*chosenRoute, error) {
	var routes []*chosenRoute
	var ids []string
	for _, s := range sources {
		for _, id := range s.spec.OperationIDs() {
			op, _ := s.spec.Operation(id)
			ids = append(ids, id)
			wanted := len(names) == 0 && op.Method == http.MethodGet || slices.Contains(names, id) || slices.Contains(names, s.name+"."+id)
			if wanted {
				routes = append(routes, newRoute(s, op, len(sources) > 1))
			}
		}
	}
	for _, name := range names {
		if !slices.ContainsFunc(routes, func(r *chosenRoute) bool { return name == r.op.ID || name == r.source.name+"."+r.op.ID }) {
			return nil, fmt.Errorf("there is no operation %q%s", name, document.DidYouMean(name, ids))
		}
	}
	slices.SortFunc(routes, func(a, b *chosenRoute) int { return strings.Compare(a.order(), b.order()) })
	if len(names) == 0 && len(routes) > defaultRoutes {
		routes = routes[:defaultRoutes]
	}
	if len(routes) == 0 {
		return nil, errors.New("the documents have no GET operation: name others with --operations")
	}
	return routes, nil
}

// scaffold renders the documents and leaves out routes that do not compile, which needs a person.
func scaffold(ctx context.Context, sources []*source, routes []*chosenRoute) ([]tenants.Document, document.Issues, error) {
	var left document.Issues
	for {
		documents := render(sources, routes)
		issues, err := bff.Check(ctx, documents, "localhost")
		if err != nil {
			return nil, nil, err
		}
		if len(issues) == 0 {
			return documents, left, nil
		}
		before := len(routes)
		routes = slices.DeleteFunc(routes, func(r *chosenRoute) bool {
			i := slices.IndexFunc(issues, func(i document.Issue) bool {
				return strings.HasPrefix(i.Pointer+"/", document.PointerTo("/routes", r.key)+"/")
			})
			if i >= 0 {
				left = append(left, document.Issue{File: r.source.file, Message: r.key + " is left out: " + issues[i].Message})
			}
			return i >= 0
		})
		if len(routes) == before || len(routes) == 0 {
			return nil, nil, fmt.Errorf("no route can be made of these operations:\n%w", issues)
		}
	}
}

// writeNew writes the documents to a folder, and nothing when any of the files is there already.
func writeNew(dir string, documents []tenants.Document) error {
	for _, d := range documents {
		if _, err := os.Lstat(filepath.Join(dir, d.Path)); err == nil {
			return fmt.Errorf("%s exists: choose another folder with --dir", filepath.Join(dir, d.Path))
		}
	}
	for _, d := range documents {
		path := filepath.Join(dir, d.Path)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return fmt.Errorf("make the folder: %w", err)
		}
		if err := os.WriteFile(path, d.Text, 0o600); err != nil {
			return fmt.Errorf("write the document: %w", err)
		}
	}
	return nil
}

func report(std *streams, dir string, documents []tenants.Document, left document.Issues) {
	for _, d := range documents {
		fmt.Fprintln(std.out, "wrote", filepath.Join(dir, d.Path))
	}
	for _, issue := range left {
		fmt.Fprintln(std.err, issue)
	}
	fmt.Fprintf(std.out, "\nCheck  atrium check %[1]s\nServe  atrium serve --config %[1]s\nOpen   http://acme.localhost:8080/-/docs\n", dir)
}
