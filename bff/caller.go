package bff

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"atrium/bff/view"
	"atrium/cache"
	"atrium/clients"
	"atrium/clients/rest"
)

// caller makes the calls of a view's steps for one request: a span, the step's cache, the typed call.
type caller struct {
	server *Server
	call   *call
	spans  map[*view.Step]stepSpan
}

func (v *viewRoute) caller(c *call) *caller {
	return &caller{server: v.gateway.server, call: c, spans: v.spans}
}

// stepSpan is how the spans of a step start; it is made once, because each call of the step has one.
type stepSpan struct {
	name    string
	options []trace.SpanStartOption
}

func stepSpans(p *view.Program) map[*view.Step]stepSpan {
	spans := make(map[*view.Step]stepSpan, len(p.Steps))
	for _, step := range p.Steps {
		spans[step] = stepSpan{name: "step " + step.Name, options: []trace.SpanStartOption{trace.WithAttributes(
			attribute.String("atrium.step", step.Name), attribute.String("atrium.call", step.Call()))}}
	}
	return spans
}

// Call implements view.Caller.
func (k *caller) Call(ctx context.Context, vc *view.Call) (*view.Answer, error) {
	as := k.spans[vc.Step]
	ctx, span := k.server.tracer.Start(ctx, as.name, as.options...)
	defer span.End()
	a, err := k.answer(ctx, vc)
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
		k.call.rec.partFailed(vc.Step.Name, err)
		return nil, err
	}
	span.SetAttributes(attribute.String("atrium.outcome", a.Outcome.String()))
	return a, nil
}

func (k *caller) answer(ctx context.Context, vc *view.Call) (*view.Answer, error) {
	args := vc.Args
	k.forward(vc.Step, &args)
	req, err := vc.Step.Operation.Request(k.call.runtime.target(vc.Step.Upstream), args)
	if err != nil {
		return nil, err
	}
	if vc.Step.Cache == nil || vc.Step.Write() {
		resp, err := k.server.client.Do(ctx, req)
		if err != nil {
			return nil, err
		}
		return &view.Answer{Body: resp.Body, Status: resp.Status}, nil
	}
	return k.cached(ctx, vc, req)
}

// cached answers a step from the cache. The request is the key: it is every byte that can reach the upstream.
func (k *caller) cached(ctx context.Context, vc *view.Call, req *rest.Request) (*view.Answer, error) {
	key := k.key(vc.Step, req)
	result, err := k.call.runtime.useCache().Fetch(ctx, cache.Request{Key: key, Policy: policyOf(vc.Step.Cache, vc.Tags)},
		func(ctx context.Context, _ *cache.Entry) (cache.Answer, error) {
			resp, err := k.server.client.Do(ctx, req)
			if err != nil {
				return absence(err, vc.Step.Cache)
			}
			return cache.Answer{Entry: cache.Entry{Status: resp.Status, Body: resp.Body}, Shareable: true, Store: true}, nil
		})
	if err != nil {
		return nil, err
	}
	if isAbsent(result.Status) {
		return nil, &clients.Error{
			Kind: clients.Status, Upstream: vc.Step.Upstream, Operation: vc.Step.Operation.ID, Status: result.Status,
		}
	}
	a := &view.Answer{Body: result.Body, Status: result.Status, Age: result.Age}
	switch result.State {
	case cache.Hit:
		a.Outcome = view.Cached
	case cache.Stale:
		a.Outcome = view.Stale
	case cache.Miss, cache.Bypass:
	}
	return a, nil
}

// key says where the answer to a step's request is kept.
func (k *caller) key(step *view.Step, req *rest.Request) cache.Key {
	return scopedKey(step.Cache.Scope, k.call, [][]byte{[]byte("step"), req.Key()})
}

// forward passes on the client headers that the upstream's document lists, and the key of a repeated write.
func (k *caller) forward(step *view.Step, args *rest.Args) {
	gateway := k.call.runtime.gateway
	names := gateway.upstreams[gateway.index[step.Upstream]].forward
	if step.Write() {
		names = gateway.upstreams[gateway.index[step.Upstream]].forwardWrite
	}
	var h http.Header
	for _, name := range names {
		values, ok := k.call.r.Header[name]
		if token := k.call.rec.principal.AccessToken(); name == "Authorization" && token != "" {
			values, ok = []string{"Bearer " + token}, true
		}
		if _, own := args.Header[name]; !ok || own {
			continue
		}
		if h == nil {
			h = args.Header.Clone()
			if h == nil {
				h = http.Header{}
			}
		}
		h[name] = values
		args.Forwarded = args.Forwarded || name == "Authorization" || name == "Cookie"
	}
	if h != nil {
		args.Header = h
	}
}
