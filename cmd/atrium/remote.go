package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"atrium/bff/problem"
	"atrium/tenants/document"
)

// remoteFlags say which running server a command talks to.
type remoteFlags struct {
	Server     string `help:"Admin listener of the server." default:"http://127.0.0.1:9090" placeholder:"URL"`
	AdminToken string `help:"Token of the admin listener. Default: the one that a server here keeps in DATA/admin-token." placeholder:"TOKEN"`
	Data       string `help:"Data folder of a server on this machine, for its token." default:"./atrium-data"`
}

// remoteTimeout bounds one call of the admin API; a change may compile thousands of tenants.
const remoteTimeout = 2 * time.Minute

// maxRemoteAnswer bounds what is read of one answer; documents have at most 32 MiB.
const maxRemoteAnswer = 64 << 20

// A remote is the admin API of a running server.
type remote struct {
	base  string
	token string
	http  http.Client
}

func (f *remoteFlags) connect() (*remote, error) {
	base, err := url.Parse(f.Server)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("--server %q is no address such as http://127.0.0.1:9090", f.Server)
	}
	token := f.AdminToken
	if token == "" {
		path := filepath.Join(f.Data, "admin-token")
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("give --admin-token or ATRIUM_ADMIN_TOKEN, or --data with the data folder of a server here: %w", err)
		}
		token = strings.TrimSpace(string(text))
	}
	return &remote{base: strings.TrimSuffix(f.Server, "/") + "/admin/v1/", token: token, http: http.Client{Timeout: remoteTimeout}}, nil
}

// A reply is an answer of the admin API with a status below 300.
type reply struct {
	body     []byte
	revision string // the ETag, quotes included
}

// A refusal is an answer of the admin API that says no. As an error it has one line for each issue.
type refusal struct {
	status int
	title  string
	issues document.Issues
}

// Error implements error.
func (r *refusal) Error() string {
	if len(r.issues) > 0 {
		return r.issues.Error()
	}
	return r.title
}

// refused says whether err is a refusal with the status.
func refused(err error, status int) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok && r.status == status
}

// send calls the admin API; path is below /admin/v1/ and escaped. header holds names and values in turn.
func (r *remote) send(ctx context.Context, method, path string, body []byte, header ...string) (*reply, error) {
	req, err := http.NewRequestWithContext(ctx, method, r.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := r.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w; is the server running there? --server names its admin listener", err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxRemoteAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the answer of %s %s: %w", method, path, err)
	}
	if res.StatusCode >= http.StatusMultipleChoices {
		return nil, refuse(res, text)
	}
	return &reply{body: text, revision: res.Header.Get("Etag")}, nil
}

// refuse reads the problem of an answer.
func refuse(res *http.Response, text []byte) error {
	var p struct {
		Code   string           `json:"code"`
		Title  string           `json:"title"`
		Detail string           `json:"detail"`
		Errors []problem.Detail `json:"errors"`
	}
	if err := json.Unmarshal(text, &p); err != nil || p.Code == "" {
		return &refusal{status: res.StatusCode, title: fmt.Sprintf("%s answers %s: is that an admin listener?", res.Request.URL, res.Status)}
	}
	r := &refusal{status: res.StatusCode, title: fmt.Sprintf("%s (%d %s)", strings.TrimSuffix(p.Detail, "."), res.StatusCode, p.Code)}
	if p.Detail == "" {
		r.title = fmt.Sprintf("%s (%d %s)", p.Title, res.StatusCode, p.Code)
	}
	for _, e := range p.Errors {
		r.issues = append(r.issues, document.Issue{
			File: e.File, Line: e.Line, Column: e.Column, Pointer: e.Pointer, Message: e.Message,
		})
	}
	for i := range r.issues {
		if r.issues[i].File == "" {
			r.issues[i].File = strings.TrimPrefix(r.issues[i].Pointer, "/")
		}
	}
	return r
}

// get reads JSON into v.
func (r *remote) get(ctx context.Context, path string, v any) error {
	answer, err := r.send(ctx, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	return decodeReply(answer, v)
}

// post sends v as JSON and reads the answer into into.
func (r *remote) post(ctx context.Context, path string, v, into any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	answer, err := r.send(ctx, http.MethodPost, path, body, "Content-Type", "application/json")
	if err != nil {
		return err
	}
	return decodeReply(answer, into)
}

func decodeReply(answer *reply, into any) error {
	if err := json.Unmarshal(answer.body, into); err != nil {
		return fmt.Errorf("understand the server's answer: %w", err)
	}
	return nil
}

// listAll reads every page of a list.
func listAll[T any](ctx context.Context, r *remote, path string) ([]T, error) {
	var all []T
	query := url.Values{"limit": {"1000"}}
	for {
		var page struct {
			Items []T    `json:"items"`
			Next  string `json:"next"`
		}
		if err := r.get(ctx, path+"?"+query.Encode(), &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if page.Next == "" || len(page.Items) == 0 {
			return all, nil
		}
		query.Set("cursor", page.Next)
	}
}
