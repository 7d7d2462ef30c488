package bff

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"atrium/bff/api"
	"atrium/bff/chat"
	"atrium/bff/expr"
	"atrium/bff/view"
	"atrium/clients/llm"
	"atrium/clients/rawjson"
	"atrium/clients/schema"
	"atrium/tenants/document"
)

// A model is a compiled model of an API.
type model struct {
	doc     *api.Model
	base    *expr.Value
	literal bool // base is the operator's word
	key     *expr.Value
}

func (g *gateway) addModels() document.Issues {
	var issues document.Issues
	g.models = map[string]*model{}
	for name, doc := range g.doc.Models {
		m := &model{doc: doc}
		m.base, m.literal, issues = g.setting(doc.BaseURL, issues)
		m.key, _, issues = g.setting(doc.APIKey, issues)
		g.models[name] = m
	}
	return issues
}

// A chain is a model and those that are tried after it.
type chain []*chat.Model

// chains builds a tenant's models.
func (g *gateway) chains(rt *Runtime) (map[string]chain, error) {
	own := make(map[string]*chat.Model, len(g.models))
	for name, m := range g.models {
		var err error
		if own[name], err = g.chatModel(name, m, rt); err != nil {
			return nil, fmt.Errorf("model %s: %w", name, err)
		}
	}
	chains := make(map[string]chain, len(own))
	for name, m := range g.models {
		chains[name] = chain{own[name]}
		for _, next := range m.doc.Fallbacks {
			chains[name] = append(chains[name], own[next])
		}
	}
	return chains, nil
}

func (g *gateway) chatModel(name string, m *model, rt *Runtime) (*chat.Model, error) {
	base, err := g.text(m.base, rt.secrets)
	if err != nil {
		return nil, err
	}
	key := ""
	if m.key != nil {
		if key, err = g.text(m.key, rt.secrets); err != nil {
			return nil, err
		}
	}
	var transport http.RoundTripper
	if m.literal && g.server.transport != nil {
		transport = g.server.transport.RoundTripper(false)
	}
	var price *llm.Price
	if p := m.doc.Price; p != nil {
		price = &llm.Price{Currency: p.Currency, Input: p.Input, Output: p.Output}
	}
	return &chat.Model{
		Model: llm.Model{
			Name: name, BaseURL: base, APIKey: key, Model: m.doc.Model, Transport: transport, Price: price,
			Timeouts: llm.Timeouts{
				FirstToken: time.Duration(m.doc.Timeouts.FirstToken), Idle: time.Duration(m.doc.Timeouts.Idle),
				Total: time.Duration(m.doc.Timeouts.Total),
			},
		},
		MaxTokens: m.doc.MaxTokens, Temperature: m.doc.Temperature, OnDisconnect: chat.OnDisconnect(m.doc.OnDisconnect),
	}, nil
}

// A chatRoute is a compiled chat route.
type chatRoute struct {
	*route

	gateway *gateway
	scope   *expr.Scope // of the system prompt
	system  *expr.Value // nil when there is none
	tools   []*viewRoute
}

func (g *gateway) compileChat(r *route) document.Issues {
	c := &chatRoute{route: r, gateway: g, scope: g.promptScope()}
	var issues document.Issues
	if n := r.doc.Chat.System; n != nil && n.Kind != document.Broken {
		c.system, issues = c.scope.Value(n)
	}
	r.chat, r.handler = c, c.serve
	return issues
}

// promptScope is what a system prompt may name. Of what the browser sends that is vars alone, as body.vars.
func (g *gateway) promptScope() *expr.Scope {
	text := schema.Of(schema.String)
	var names []string
	for _, m := range g.needs {
		if m.Root == "vars" {
			names = append(names, m.Name)
		}
	}
	vars := textsCalled(slices.Compact(slices.Sorted(slices.Values(names))))
	return expr.NewScope().
		With("tenant", schema.ObjectOf(
			schema.Field{Name: "id", Type: text, Required: true}, schema.Field{Name: "vars", Type: vars, Required: true})).
		With("vars", vars).
		With("user", view.UserType().OrNull()).
		With("now", view.NowType()).
		With("body", schema.ObjectOf(schema.Field{Name: "vars", Type: schema.MapOf(schema.Of(schema.Any))}))
}

// linkTools finds the views that chat routes offer to their models; all routes are compiled by then.
func (g *gateway) linkTools() document.Issues {
	for _, r := range g.routes {
		if r.chat == nil {
			continue
		}
		for _, key := range r.doc.Chat.Tools {
			for _, other := range g.routes {
				if other.key == key && other.view != nil {
					r.chat.tools = append(r.chat.tools, other.view)
				}
			}
		}
	}
	return nil
}

func (h *chatRoute) serve(c *call) error {
	return h.gateway.server.generations.ServeChat(c.w, c.r, h.call(c))
}

// resume answers useChat's GET <chat route>/{chatId}/stream.
func (h *chatRoute) resume(c *call) error {
	return h.gateway.server.generations.ServeResume(c.w, c.r, h.call(c), c.path[len(c.path)-1])
}

func (h *chatRoute) call(c *call) chat.Call {
	call := chat.Call{
		Tenant: c.runtime.Tenant.ID, Route: h.key, Owner: c.subject(), Models: c.runtime.models[h.doc.Chat.Model],
		Admit: h.gateway.server.admit(c), MaxBody: int64(c.runtime.Tenant.Plan.MaxBody),
	}
	for _, v := range h.tools {
		call.Tools = append(call.Tools, v.tool(c))
	}
	if h.system != nil {
		call.System = func(ctx context.Context, body []byte) ([]byte, error) { return h.prompt(ctx, c, body) }
	}
	return call
}

// prompt makes the system prompt, as the text of a JSON string.
func (h *chatRoute) prompt(ctx context.Context, c *call, body []byte) ([]byte, error) {
	env := make(expr.Env, h.scope.Slots())
	set := func(name string, value []byte) {
		if slot, ok := h.scope.Slot(name); ok {
			env[slot] = value
		}
	}
	set("tenant", c.runtime.Tenant.JSON)
	set("vars", c.runtime.vars)
	set("now", view.Now(time.Now()))
	set("body", body)
	if p := c.rec.principal; p != nil {
		set("user", p.JSON)
	}
	text, err := h.system.AppendText(ctx, nil, env)
	if err != nil {
		return nil, fmt.Errorf("system prompt: %w", err)
	}
	return rawjson.AppendQuoted(nil, string(text)), nil
}

// registerChat adds what belongs to chats besides their routes: where useChat resumes.
func (g *gateway) registerChats(e *gin.Engine) {
	for _, r := range g.routes {
		if r.chat == nil {
			continue
		}
		resume := &route{doc: r.doc, key: r.key, auth: r.auth, handler: r.chat.resume}
		for _, path := range enginePaths(r.doc.Pattern) {
			e.GET(fmt.Sprintf("%s/:p%d/stream", strings.TrimSuffix(path, "/"), len(r.doc.Pattern.Segments)), adapt(resume, g.guarded(resume)))
		}
	}
}

// registerOpenAI adds the routes that the openai packages call.
func (g *gateway) registerOpenAI(e *gin.Engine) {
	names := slices.Sorted(maps.Keys(g.models))
	catalog := func(c *call) chat.Catalog {
		return chat.Catalog{
			Tenant: c.runtime.Tenant.ID, Names: names, Admit: g.server.admit(c), MaxBody: int64(c.runtime.Tenant.Plan.MaxBody),
			Models: func(name string) ([]*chat.Model, bool) {
				models, ok := c.runtime.models[name]
				return models, ok
			},
		}
	}
	g.ownOpenAI(e, http.MethodPost, "/v1/chat/completions", func(c *call) error {
		return g.server.generations.ServeCompletions(c.w, c.r, catalog(c))
	})
	g.ownOpenAI(e, http.MethodPost, "/v1/embeddings", func(c *call) error {
		return g.server.generations.ServeEmbeddings(c.w, c.r, catalog(c))
	})
	g.ownOpenAI(e, http.MethodGet, "/v1/models", func(c *call) error {
		chat.ServeModels(c.w, names)
		return nil
	})
}
