package bff

import (
	"context"
	"net/http"
	"strings"
	"time"

	"atrium/bff/admin"
	"atrium/bff/problem"
	"atrium/bff/view"
	"atrium/cache"
)

// explanation is what a request would do.
type explanation struct {
	Tenant string           `json:"tenant"`
	API    string           `json:"api"`
	Route  string           `json:"route"`
	Steps  []explainedStep  `json:"steps"`
	Tree   string           `json:"tree,omitempty"`  // the steps, drawn
	Cache  *explainedCache  `json:"cache,omitempty"` // of the route; absent when it keeps nothing
	Limits []explainedLimit `json:"limits"`
}

type explainedStep struct {
	Name  string   `json:"name"`
	Call  string   `json:"call"`
	After []string `json:"after"`
	Each  bool     `json:"each,omitempty"`

	Cache *explainedCache `json:"cache,omitempty"` // absent when it keeps nothing, or its call follows from another one's answer
}

type explainedCache struct {
	Key   string `json:"key"`
	State string `json:"state"` // fresh, stale, miss or bypass
	AgeMs int64  `json:"ageMs"`
}

type explainedLimit struct {
	Name         string `json:"name"`
	Quota        int64  `json:"quota"`
	Remaining    int64  `json:"remaining"`
	ResetSeconds int64  `json:"resetSeconds"`
}

// explain says what a request would do: its tenant, route and steps, whether the cache would answer, and what its limits have left.
// It calls no upstream and counts nothing.
func (s *Server) explain(ctx context.Context, q admin.Question) (any, error) {
	r, err := http.NewRequestWithContext(ctx, strings.ToUpper(q.Method), q.URL, http.NoBody)
	if err != nil {
		p := problem.New(http.StatusBadRequest, "invalid-request", "Send {method, url, headers}.").Because(err)
		p.Errors = []problem.Detail{{Pointer: "/url", Message: "want an absolute URL such as http://acme.localhost/dashboard/17"}}
		return nil, p
	}
	for name, value := range q.Headers {
		r.Header.Set(name, value)
	}
	runtime, tenant, err := s.directory.Resolve(r.URL.Host, r.Header.Get("X-Tenant"))
	if err != nil {
		return nil, err
	}
	rt, params, ok := runtime.gateway.match(r.Method, r.URL.EscapedPath())
	if !ok {
		return nil, notFound(nil)
	}
	c := &call{w: nil, r: r, rec: &record{runtime: runtime}, runtime: runtime, path: params}
	if c.rec.principal, err = runtime.guard.Principal(ctx, r); err != nil {
		return nil, err
	}
	e := &explanation{
		Tenant: string(tenant.ID), API: runtime.gateway.name, Route: rt.key, Steps: []explainedStep{},
		Limits: s.explainLimits(ctx, c),
	}
	if rt.view != nil {
		if err := rt.view.explain(ctx, c, e); err != nil {
			return nil, err
		}
	}
	return e, nil
}

func (v *viewRoute) explain(ctx context.Context, c *call, e *explanation) error {
	in, err := v.bind(c)
	if err != nil && v.doc.Cache != nil {
		return err
	}
	var calls map[*view.Step]*view.Call
	if err == nil { // a body, which nobody explains, may be missing
		calls = v.program.Foresee(ctx, in)
	}
	e.Tree = v.program.Tree()
	for _, step := range v.program.Steps {
		e.Steps = append(e.Steps, explainedStep{
			Name: step.Name, Call: step.Call(), After: append([]string{}, step.After...), Each: step.Each,
			Cache: v.explainStep(ctx, c, calls[step]),
		})
	}
	if v.doc.Cache == nil {
		return nil
	}
	key, _, err := v.cacheRequest(ctx, c, in)
	if err != nil {
		return err
	}
	e.Cache = v.peek(ctx, key)
	return nil
}

// explainStep says what the cache has for a call; nil when nothing is kept, or the call is not known yet.
func (v *viewRoute) explainStep(ctx context.Context, c *call, vc *view.Call) *explainedCache {
	if vc == nil || vc.Step.Cache == nil || vc.Step.Write() {
		return nil
	}
	k := v.caller(c)
	args := vc.Args
	k.forward(vc.Step, &args)
	req, err := vc.Step.Operation.Request(c.runtime.target(vc.Step.Upstream), args)
	if err != nil {
		return nil
	}
	return v.peek(ctx, k.key(vc.Step, req))
}

func (v *viewRoute) peek(ctx context.Context, key cache.Key) *explainedCache {
	state, age := v.gateway.server.cache.Peek(ctx, key)
	return &explainedCache{Key: key.String(), State: state.String(), AgeMs: age.Milliseconds()}
}

func (s *Server) explainLimits(ctx context.Context, c *call) []explainedLimit {
	limits := []explainedLimit{}
	for _, l := range s.limits.Peek(ctx, c.runtime.Tenant.ID, s.limitSubject(c)).Limits {
		limits = append(limits, explainedLimit{
			Name: l.Name, Quota: l.Quota, Remaining: l.Remaining, ResetSeconds: max(0, int64(time.Until(l.Reset).Seconds())),
		})
	}
	return limits
}
