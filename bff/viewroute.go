package bff

import (
	"context"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"atrium/bff/problem"
	"atrium/bff/view"
	"atrium/cache"
	"atrium/tenants/document"
)

// A viewRoute is a compiled view.
type viewRoute struct {
	*route

	gateway *gateway
	program *view.Program
	timeout time.Duration
	headers []string // request headers that can change the answer, canonical and sorted
	spans   map[*view.Step]stepSpan
}

// defaultViewTimeout bounds a view whose document does not.
const defaultViewTimeout = 10 * time.Second

func (g *gateway) compileView(r *route) document.Issues {
	user := view.UserType()
	if r.auth == nil || r.auth.Mode != "required" {
		user = user.OrNull()
	}
	program, issues := view.Compile(r.doc, view.Deps{Operations: g, UserType: user})
	if len(issues) > 0 {
		return issues
	}
	v := &viewRoute{route: r, gateway: g, program: program, timeout: defaultViewTimeout}
	for _, timeout := range []document.Duration{g.doc.Timeout, r.doc.Timeout} {
		if timeout > 0 {
			v.timeout = time.Duration(timeout)
		}
	}
	v.headers, v.spans = v.varying(), stepSpans(program)
	r.view, r.handler = v, v.serve
	return nil
}

// varying lists the headers of a request that can change the answer: what holes name, what steps pass on, and what the document says.
func (v *viewRoute) varying() []string {
	var names []string
	for _, field := range v.program.Fields {
		if name, ok := strings.CutPrefix(field, "header."); ok {
			names = append(names, name)
		}
	}
	for _, step := range v.program.Steps {
		names = append(names, v.gateway.upstreams[v.gateway.index[step.Upstream]].doc.Forward...)
	}
	if v.doc.Cache != nil {
		names = append(names, v.doc.Cache.Vary...)
	}
	for i, name := range names {
		names[i] = http.CanonicalHeaderKey(name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func (v *viewRoute) serve(c *call) error {
	in, err := v.bind(c)
	if err != nil {
		return err
	}
	if c.r.Method == http.MethodGet || c.r.Method == http.MethodHead {
		c.w.Header().Add("Vary", "Accept")
	}
	if wantsEvents(c.r) {
		return v.stream(c, in)
	}
	if v.doc.Cache != nil && (c.r.Method == http.MethodGet || c.r.Method == http.MethodHead) {
		return v.serveCached(c.r.Context(), c, in) // the cache bounds what it waits for, and a hit waits for nothing
	}
	result, err := v.execute(c.r.Context(), c, in, nil)
	if err != nil {
		return err
	}
	if c.r.Method == http.MethodGet || c.r.Method == http.MethodHead {
		c.w.Header().Set("Cache-Status", bypassed)
	}
	entry := entryOf(result)
	return answer(c, &entry)
}

// execute runs the view within its time, past the cache, and purges what it says. send may be nil; see view.Program.Stream.
func (v *viewRoute) execute(ctx context.Context, c *call, in *view.Input, send func(view.Piece)) (*view.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, v.timeout)
	defer cancel()
	result, err := v.run(ctx, c, in, send)
	if err != nil {
		return nil, err
	}
	if len(result.Purges) > 0 {
		purge := cache.Purge{Tags: result.Purges}
		if err := v.gateway.server.cache.Purge(ctx, string(c.runtime.Tenant.ID), purge); err != nil {
			return nil, err
		}
	}
	return result, nil
}

func (v *viewRoute) run(ctx context.Context, c *call, in *view.Input, send func(view.Piece)) (*view.Result, error) {
	if send != nil {
		return v.program.Stream(ctx, in, v.caller(c), send)
	}
	return v.program.Run(ctx, in, v.caller(c))
}

// bind checks the request against what the view takes.
func (v *viewRoute) bind(c *call) (*view.Input, error) {
	query, err := c.query()
	if err != nil {
		return nil, err
	}
	req := &view.Request{
		Path: c.path, Query: query, Header: c.r.Header, Tenant: c.runtime.Tenant.JSON, Vars: c.runtime.vars, Now: time.Now(),
	}
	if p := c.rec.principal; p != nil {
		req.User = p.JSON
	}
	if v.program.Body != nil {
		if req.Body, err = readBody(c); err != nil {
			return nil, err
		}
	}
	in, mistakes := v.program.Bind(req)
	if mistakes = append(mistakes, v.badSegments(c.path)...); len(mistakes) > 0 {
		return nil, invalidRequest(mistakes)
	}
	return in, nil
}

// badSegments finds parameters that may be in no upstream's path: a dot segment would name another place, and what no text holds is
// nobody's id.
func (v *viewRoute) badSegments(path []string) []view.FieldError {
	var mistakes []view.FieldError
	for i, value := range path {
		message := ""
		switch {
		case value == "." || value == "..":
			message = "may not be a dot segment"
		case strings.ContainsFunc(value, unicode.IsControl):
			message = "may not hold a control character"
		case !utf8.ValidString(value):
			message = "is not UTF-8"
		}
		if message != "" {
			mistakes = append(mistakes, view.FieldError{Pointer: "/path/" + v.program.Path[i].Name, Message: message})
		}
	}
	return mistakes
}

func invalidRequest(mistakes []view.FieldError) *problem.Problem {
	p := problem.New(http.StatusBadRequest, "invalid-request", "The request is not what this route takes: see errors.")
	for _, m := range mistakes {
		p.Errors = append(p.Errors, problem.Detail{Pointer: m.Pointer, Message: m.Message})
	}
	return p
}

// defaultMaxBody bounds a body where the plan does not.
const defaultMaxBody = 1 << 20

// readBody reads a JSON body within the plan's bound; nil when there is none.
func readBody(c *call) ([]byte, error) {
	if c.r.Body == nil || c.r.Body == http.NoBody || c.r.ContentLength == 0 {
		return nil, nil
	}
	if declared := c.r.Header.Get("Content-Type"); declared != "" && !isJSON(declared) {
		return nil, problem.New(http.StatusUnsupportedMediaType, "unsupported-media-type", "This route takes application/json.")
	}
	return readAll(c)
}

func readAll(c *call) ([]byte, error) {
	most := int64(c.runtime.Tenant.Plan.MaxBody)
	if most == 0 {
		most = defaultMaxBody
	}
	if c.r.ContentLength > most {
		return nil, &http.MaxBytesError{Limit: most} // before it is sent, if the client waits to be asked
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, most))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, err
	}
	if err != nil {
		return nil, problem.New(http.StatusBadRequest, "invalid-request", "The body could not be read to its end.").Because(err)
	}
	return body, nil
}

func isJSON(mediaType string) bool {
	base, _, err := mime.ParseMediaType(mediaType)
	return err == nil && (base == "application/json" || strings.HasSuffix(base, "+json"))
}

func entryOf(result *view.Result) cache.Entry {
	h := http.Header{}
	maps.Copy(h, result.Header)
	if h.Get("Content-Type") == "" && result.Body != nil {
		h.Set("Content-Type", "application/json")
	}
	if len(result.Parts) > 0 {
		h.Set("Atrium-Parts", result.Parts.Header())
	}
	return cache.Entry{Status: result.Status, Header: h, Body: result.Body}
}
