package bff

import (
	"context"
	"errors"
	"net/http"
	"time"

	"atrium/bff/expr"
	"atrium/bff/problem"
	"atrium/bff/proxy"
	"atrium/cache"
	"atrium/clients/rawjson"
	"atrium/clients/schema"
	"atrium/tenants/document"
)

// A webhookRoute takes signed calls and purges what they make stale.
type webhookRoute struct {
	gateway *gateway
	scheme  string
	secret  *expr.Value
	scope   *expr.Scope // of the purges: body
	purges  []*expr.Value
}

func (g *gateway) compileWebhook(r *route) document.Issues {
	w := &webhookRoute{
		gateway: g, scheme: r.doc.Webhook.Scheme, scope: expr.NewScope().With("body", schema.Of(schema.Any)),
	}
	var issues, more document.Issues
	w.secret, _, issues = g.setting(r.doc.Webhook.Secret, nil)
	for _, n := range r.doc.Webhook.Purges {
		var v *expr.Value
		v, more = w.scope.Value(n)
		issues = append(issues, more...)
		w.purges = append(w.purges, v)
	}
	r.handler = w.serve
	return issues
}

// serve answers 200 for a delivery that is genuine, also when it is a replay, which does nothing.
func (w *webhookRoute) serve(c *call) error {
	body, err := readAll(c)
	if err != nil {
		return err
	}
	secret, err := w.gateway.text(w.secret, c.runtime.secrets)
	if err != nil {
		return err
	}
	delivery, err := proxy.Verify(w.scheme, secret, c.r.Header, body, time.Now())
	switch {
	case errors.Is(err, proxy.ErrTimestamp):
		return problem.New(http.StatusBadRequest, "webhook-expired", "The webhook was sent too long ago, or too far ahead.").Because(err)
	case err != nil:
		return problem.New(http.StatusUnauthorized, "webhook-signature", "The webhook's signature does not match.").Because(err)
	}
	if err := rawjson.Valid(body); err != nil {
		return problem.New(http.StatusBadRequest, "invalid-request", "The body is not JSON.").Because(err)
	}
	if w.gateway.server.deliveries.once(c.runtime.Tenant.ID, delivery) {
		if err := w.purge(c.r.Context(), c, body); err != nil {
			return err
		}
	}
	c.w.Header().Set("Content-Type", "application/json")
	_, _ = c.w.Write([]byte(`{"received":true}`)) // a sender that has gone sends again
	return nil
}

func (w *webhookRoute) purge(ctx context.Context, c *call, body []byte) error {
	env := make(expr.Env, w.scope.Slots())
	if slot, ok := w.scope.Slot("body"); ok {
		env[slot] = body
	}
	var tags []string
	for _, v := range w.purges {
		tag, err := v.AppendText(ctx, nil, env)
		if err != nil {
			return problem.New(http.StatusUnprocessableEntity, "invalid-request", "The webhook's body lacks what this route reads.").Because(err)
		}
		tags = append(tags, string(tag))
	}
	if len(tags) == 0 {
		return nil
	}
	return w.gateway.server.cache.Purge(ctx, string(c.runtime.Tenant.ID), cache.Purge{Tags: tags})
}
