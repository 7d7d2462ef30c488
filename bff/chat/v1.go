package chat

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"atrium/bff/problem"
	"atrium/clients"
	"atrium/clients/llm"
	"atrium/clients/rawjson"
	"atrium/tenants"
)

// A Catalog is what /v1 offers a tenant: the models of its API document by name, each the start of a chain.
type Catalog struct {
	Tenant  tenants.ID
	Models  func(name string) ([]*Model, bool)
	Names   []string // of the models, in the order they are listed
	Admit   Admit    // nil admits everything
	MaxBody int64    // bytes; zero means 1 MiB
}

// ServeCompletions answers POST /v1/chat/completions. The body passes as sent, with the model's own name put in.
// Errors are written in OpenAI's shape: the one returned is a *Told.
func (g *Generations) ServeCompletions(w http.ResponseWriter, r *http.Request, c Catalog) error {
	o, whole, err := c.order(w, r)
	if err == nil && whole {
		err = g.completeWhole(w, r, o)
	} else if err == nil {
		err = g.serve(w, r, *o, false)
	}
	return Tell(w, err)
}

// Tell writes err in OpenAI's shape unless an answer has begun; the error it returns is a *Told, or nil.
func Tell(w http.ResponseWriter, err error) error {
	if _, already := errors.AsType[*Told](err); err == nil || already {
		return err
	}
	WriteOpenAIError(w, err)
	return told(err)
}

// order reads a request. whole says that the answer is not to stream.
func (c *Catalog) order(w http.ResponseWriter, r *http.Request) (o *order, whole bool, err error) {
	raw, err := readBody(w, r, c.MaxBody)
	if err != nil {
		return nil, false, err
	}
	o = &order{tenant: c.Tenant, dialect: OpenAI, settle: noSettle, quotes: true}
	whole = true
	var name string
	var output int64
	for member, value := range rawjson.Members(raw) {
		switch member {
		case "model":
			name = unquoted(value)
			continue
		case "stream":
			whole = string(value) != "true"
			continue
		case "stream_options":
			o.prompt.streamOptions = value
			include, _ := rawjson.Get(value, rawjson.Path{{Name: "include_usage"}})
			o.usage = string(include) == "true"
			continue
		case "max_tokens", "max_completion_tokens":
			output, _ = strconv.ParseInt(string(value), 10, 64)
		}
		if o.prompt.members != nil {
			o.prompt.members = append(o.prompt.members, ',')
		}
		o.prompt.members = appendMember(o.prompt.members, member, value)
	}
	if o.models, err = c.find(name); err != nil {
		return nil, false, err
	}
	if messages, _ := rawjson.Get(raw, rawjson.Path{{Name: "messages"}, {IsIndex: true}}); messages == nil {
		return nil, false, invalid("/messages", "want a list of at least one message")
	}
	return o, whole, o.admit(r.Context(), c.Admit, output)
}

// find returns the chain of a model, or the error that lists what there is.
func (c *Catalog) find(name string) ([]*Model, error) {
	if models, ok := c.Models(name); ok {
		return models, nil
	}
	return nil, problem.New(http.StatusNotFound, codeNoModel, "The model %q does not exist. There is: %s.",
		name, strings.Join(c.Names, ", "))
}

const codeNoModel = "model_not_found"

// completeWhole passes on an answer that does not stream, byte for byte. The call ends with the client.
func (g *Generations) completeWhole(w http.ResponseWriter, r *http.Request, o *order) (err error) {
	ctx := r.Context()
	var usage *llm.Usage
	defer func() { settleWhole(r, o, usage, err) }()
	for _, m := range o.models {
		var answer []byte
		var failed error
		answer, usage, failed = g.opts.Client.Complete(ctx, &m.Model, o.prompt.whole(m))
		if failed == nil {
			writeJSON(w, http.StatusOK, answer)
			return nil
		}
		if err = worse(err, failed); ctx.Err() != nil {
			return err
		}
	}
	return err
}

// settleWhole settles an answer that did not stream. usage is nil when the model told none.
func settleWhole(r *http.Request, o *order, usage *llm.Usage, failed error) {
	switch {
	case failed != nil:
		usage = &llm.Usage{}
	case usage == nil:
		usage = &llm.Usage{Input: o.input, Estimated: true}
	}
	o.settle(context.WithoutCancel(r.Context()), *usage)
}

// ServeEmbeddings answers POST /v1/embeddings, by the named model alone: the vectors of another would not fit.
func (g *Generations) ServeEmbeddings(w http.ResponseWriter, r *http.Request, c Catalog) error {
	return Tell(w, g.embed(w, r, c))
}

func (g *Generations) embed(w http.ResponseWriter, r *http.Request, c Catalog) (err error) {
	raw, err := readBody(w, r, c.MaxBody)
	if err != nil {
		return err
	}
	o := &order{tenant: c.Tenant, settle: noSettle}
	var name string
	for member, value := range rawjson.Members(raw) {
		if member == "model" {
			name = unquoted(value)
			continue
		}
		if o.prompt.members != nil {
			o.prompt.members = append(o.prompt.members, ',')
		}
		o.prompt.members = appendMember(o.prompt.members, member, value)
	}
	if o.models, err = c.find(name); err != nil {
		return err
	}
	if !isMember(raw, "input") {
		return invalid("/input", "want text or a list of texts")
	}
	if err := o.admit(r.Context(), c.Admit, 0); err != nil {
		return err
	}
	var usage *llm.Usage
	defer func() { settleWhole(r, o, usage, err) }()
	m := o.models[0]
	answer, usage, err := g.opts.Client.Embed(r.Context(), &m.Model, o.prompt.whole(m))
	if err == nil {
		writeJSON(w, http.StatusOK, answer)
	}
	return err
}

// ServeModels answers GET /v1/models.
func ServeModels(w http.ResponseWriter, names []string) {
	type model struct {
		ID      string `json:"id"`
		Object  string `json:"object"`
		Created int64  `json:"created"`
		OwnedBy string `json:"owned_by"`
	}
	list := struct {
		Object string  `json:"object"`
		Data   []model `json:"data"`
	}{Object: "list", Data: []model{}}
	for _, name := range slices.Sorted(slices.Values(names)) {
		list.Data = append(list.Data, model{ID: name, Object: "model", OwnedBy: "atrium"})
	}
	writeJSON(w, http.StatusOK, encoded(list))
}

// WriteOpenAIError answers with an error in OpenAI's shape: what problem.Write is for every other path. The model's own
// words are passed on, except about our credential.
func WriteOpenAIError(w http.ResponseWriter, err error) {
	p := problem.From(err)
	f := failure{Code: p.Code, Message: p.Detail, Type: errorType(p.Status)}
	for _, e := range p.Errors {
		f.Message, f.Param = f.Message+" "+e.Pointer+": "+e.Message, strings.TrimPrefix(e.Pointer, "/")
		break
	}
	quote(&f, err)
	h := w.Header()
	maps.Copy(h, p.Header)
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.RetryAfterSeconds()))
	}
	if call, ok := errors.AsType[*clients.Error](err); ok && refused(call) {
		h.Set("X-Should-Retry", "false") // the SDKs retry what looks like our failure; the model refused the request
	}
	writeJSON(w, p.Status, f.appendOpenAI(nil))
}

// refused reports whether the same request would be refused again.
func refused(e *clients.Error) bool {
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooManyRequests:
		return false
	}
	return e.Kind == clients.Status && e.Status >= 400 && e.Status < 500
}

func errorType(status int) string {
	switch {
	case status == http.StatusUnauthorized:
		return "authentication_error"
	case status == http.StatusForbidden:
		return "permission_error"
	case status == http.StatusTooManyRequests:
		return "rate_limit_error"
	case status < 500:
		return "invalid_request_error"
	}
	return "server_error"
}
