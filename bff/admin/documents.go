package admin

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"atrium/bff/problem"
	"atrium/tenants"
	"atrium/tenants/document"
)

// entry is a document in a list.
type entry struct {
	Name     string    `json:"name"`
	Kind     string    `json:"kind"`
	Revision int64     `json:"revision"`
	Modified time.Time `json:"modified"`
}

func (a *api) documents(g *gin.RouterGroup) {
	for _, kind := range tenants.Kinds() {
		g.GET("/"+string(kind), handle(a.ofKind(kind, a.list)))
		g.GET("/"+string(kind)+"/:name", handle(a.ofKind(kind, a.get)))
		g.PUT("/"+string(kind)+"/:name", handle(a.ofKind(kind, a.put)))
		g.DELETE("/"+string(kind)+"/:name", handle(a.ofKind(kind, a.delete)))
		g.GET("/"+string(kind)+"/:name/history", handle(a.ofKind(kind, a.history)))
		g.POST("/"+string(kind)+"/:name/rollback", handle(a.ofKind(kind, a.rollback)))
	}
}

func (a *api) ofKind(kind tenants.Kind, f func(*gin.Context, tenants.Kind) error) func(*gin.Context) error {
	return func(c *gin.Context) error { return f(c, kind) }
}

func (a *api) list(c *gin.Context, kind tenants.Kind) error {
	docs := a.Documents.Documents(kind)
	slices.SortFunc(docs, func(x, y tenants.Document) int { return strings.Compare(x.Name, y.Name) })
	entries := make([]entry, len(docs))
	for i, d := range docs {
		entries[i] = entryOf(d)
	}
	return writePage(c, entries, func(e entry) string { return e.Name })
}

func entryOf(d tenants.Document) entry {
	return entry{Name: d.Name, Kind: string(d.Kind), Revision: d.Revision, Modified: d.Modified}
}

// get answers with the document as it is written, its revision as the ETag.
func (a *api) get(c *gin.Context, kind tenants.Kind) error {
	doc, ok := a.Documents.Document(kind, c.Param("name"))
	if !ok {
		return tenants.ErrNotFound
	}
	setRevision(c, doc.Revision)
	if c.GetHeader("If-None-Match") == etag(doc.Revision) {
		c.Status(http.StatusNotModified)
		return nil
	}
	c.Header("Cache-Control", "no-store")
	c.Data(http.StatusOK, mediaType(doc.Text), Conceal(doc))
	return nil
}

func mediaType(text []byte) string {
	if trimmed := strings.TrimSpace(string(text[:min(len(text), 64)])); strings.HasPrefix(trimmed, "{") {
		return "application/json"
	}
	return "application/yaml"
}

func (a *api) put(c *gin.Context, kind tenants.Kind) error {
	text, err := io.ReadAll(c.Request.Body)
	if err != nil {
		return err
	}
	change := tenants.Change{Kind: kind, Name: c.Param("name"), Text: text}
	if kind == tenants.KindTenants {
		stored, ok := a.Documents.Document(kind, change.Name)
		if !ok {
			stored.Path = string(kind) + "/" + change.Name + ".yaml"
		}
		var issues document.Issues
		if change.Text, issues = restore(text, stored); len(issues) > 0 {
			return invalid(change, issues)
		}
	}
	return a.apply(c, change)
}

func (a *api) delete(c *gin.Context, kind tenants.Kind) error {
	return a.apply(c, tenants.Change{Kind: kind, Name: c.Param("name"), Delete: true})
}

// apply makes a change, conditional and dry as the request says, and answers with the document's new state.
func (a *api) apply(c *gin.Context, change tenants.Change) error {
	var err error
	if change.Match, err = match(c.Request.Header); err != nil {
		return err
	}
	if change.DryRun, err = dryRun(c); err != nil {
		return err
	}
	change.By = "admin"
	stored, existed := a.Documents.Document(change.Kind, change.Name)
	doc, issues, err := a.Documents.Apply(c.Request.Context(), change)
	switch {
	case len(issues) > 0:
		return invalid(change, issues)
	case err != nil:
		return err
	case change.DryRun:
		return writeJSON(c, http.StatusOK, gin.H{
			"dryRun": true, "kind": change.Kind, "name": change.Name, "issues": []string{},
			"changed": existed == change.Delete || !bytes.Equal(stored.Text, change.Text),
		})
	case change.Delete:
		c.Status(http.StatusNoContent)
		return nil
	}
	setRevision(c, doc.Revision)
	status := http.StatusOK
	if !existed {
		status = http.StatusCreated
	}
	return writeJSON(c, status, entryOf(doc))
}

// dryRun reads ?dryRun=. What is neither yes nor no is refused: it must not become a change that nobody wanted.
func dryRun(c *gin.Context) (bool, error) {
	switch c.Query("dryRun") {
	case "true":
		return true, nil
	case "", "false":
		return false, nil
	}
	return false, badRequest("/query/dryRun", "want true or false")
}

// invalid says all that is wrong with a change: 400 when its text cannot be parsed at all, else 422.
func invalid(change tenants.Change, issues document.Issues) error {
	p := problem.New(http.StatusUnprocessableEntity, "invalid-document", "%s", plural(len(issues)))
	if _, syntax := document.Parse(change.Name, change.Text); len(syntax) > 0 && !change.Delete && change.Kind != tenants.KindSpecs {
		p.Status, p.Code = http.StatusBadRequest, "unparsable-document"
	}
	for _, i := range issues {
		p.Errors = append(p.Errors, problem.Detail{
			Pointer: i.Pointer, Message: i.Message, File: i.File, Line: i.Line, Column: i.Column,
		})
	}
	return p
}

func plural(n int) string {
	if n == 1 {
		return "One thing is wrong; nothing was changed."
	}
	return fmt.Sprintf("%d things are wrong; nothing was changed.", n)
}

func (a *api) history(c *gin.Context, kind tenants.Kind) error {
	revisions, err := a.Store.History(c.Request.Context(), kind, c.Param("name"))
	if err != nil {
		return err
	}
	return writePage(c, revisions, func(r tenants.Revision) string { return strconv.FormatInt(r.Revision, 10) })
}

// rollback makes an earlier text the newest revision.
func (a *api) rollback(c *gin.Context, kind tenants.Kind) error {
	var want struct {
		Revision int64 `json:"revision"`
	}
	if err := readJSON(c, &want); err != nil {
		return err
	}
	if want.Revision < 1 {
		return badRequest("/revision", "want the revision to go back to, such as 3")
	}
	old, err := a.Store.At(c.Request.Context(), kind, c.Param("name"), want.Revision)
	if err != nil {
		return err
	}
	return a.apply(c, tenants.Change{Kind: kind, Name: old.Name, Text: old.Text})
}

// match reads the preconditions of a change.
func match(h http.Header) (tenants.Match, error) {
	var m tenants.Match
	if none := h.Get("If-None-Match"); none != "" {
		if none != "*" {
			return m, badRequest("/header/If-None-Match", "want * (the document must not exist yet)")
		}
		m.Absent = true
	}
	if tag := h.Get("If-Match"); tag != "" && tag != "*" {
		n, err := strconv.ParseInt(strings.Trim(strings.TrimPrefix(tag, "W/"), `"`), 10, 64)
		if err != nil || n < 1 {
			return m, badRequest("/header/If-Match", `want a revision as the ETag gave it, such as "7"`)
		}
		m.Revision = n
	}
	return m, nil
}

func badRequest(pointer, message string) error {
	p := problem.New(http.StatusBadRequest, "invalid-request", "The request cannot be understood.")
	p.Errors = []problem.Detail{{Pointer: pointer, Message: message}}
	return p
}

func setRevision(c *gin.Context, revision int64) { c.Header("ETag", etag(revision)) }

func etag(revision int64) string { return `"` + strconv.FormatInt(revision, 10) + `"` }
