package bff

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"atrium/bff/api"
	"atrium/bff/problem"
	"atrium/bff/view"
	"atrium/cache"
	"atrium/clients"
)

// degradedTTL is how long an answer is kept whose parts are not all there.
const degradedTTL = 2 * time.Second

// serveCached answers from the cache, and runs the view where it must.
func (v *viewRoute) serveCached(ctx context.Context, c *call, in *view.Input) error {
	result, err := v.fetch(ctx, c, in, nil)
	if err != nil {
		return err
	}
	describe(c.w.Header(), result)
	return answer(c, result.Entry)
}

// fetch gets the answer through the cache. send may be nil; else it is given the members of an answer that is made for this request.
func (v *viewRoute) fetch(ctx context.Context, c *call, in *view.Input, send func(view.Piece)) (cache.Result, error) {
	key, policy, err := v.cacheRequest(ctx, c, in)
	if err != nil {
		return cache.Result{}, err
	}
	result, err := c.runtime.useCache().Fetch(ctx, cache.Request{Key: key, Policy: policy, HardTimeout: v.timeout},
		func(ctx context.Context, _ *cache.Entry) (cache.Answer, error) {
			result, err := v.run(ctx, c, in, send)
			if err != nil {
				return absence(err, v.doc.Cache)
			}
			a := cache.Answer{Entry: entryOf(result), Shareable: true, Store: result.Status == http.StatusOK}
			if result.Degraded {
				short := policy
				short.TTL = min(short.TTL, degradedTTL)
				a.Policy = &short
			}
			return a, nil
		})
	if err == nil && isAbsent(result.Status) {
		err = problem.New(result.Status, problem.StatusCode(result.Status), "There is no such thing.")
	}
	return result, err
}

// absence is what a failed fill answers: that there is no such thing, where the document keeps that; else the error. An error that is
// an upstream's answer is marked, because nothing kept stands in for it.
func absence(err error, doc *api.Cache) (cache.Answer, error) {
	status := 0
	if step, ok := errors.AsType[*view.StepError](err); ok {
		status = step.Status()
	} else if call, ok := errors.AsType[*clients.Error](err); ok && call.Kind == clients.Status {
		status = call.Status
	}
	switch {
	case isAbsent(status) && doc.Negative > 0:
		return cache.Answer{Entry: cache.Entry{Status: status}, Shareable: true, Store: true}, nil
	case status >= 400 && status < 500 && status != http.StatusTooManyRequests:
		return cache.Answer{}, cache.Final(err)
	}
	return cache.Answer{}, err
}

// isAbsent reports whether a status says that there is no such thing.
func isAbsent(status int) bool { return status == http.StatusNotFound || status == http.StatusGone }

// cacheRequest says where the answer is kept. Every byte of the request that can change it is in the key, and the document's and the
// tenant's own part too.
func (v *viewRoute) cacheRequest(ctx context.Context, c *call, in *view.Input) (cache.Key, cache.Policy, error) {
	tags, err := v.program.Tags(ctx, in)
	if err != nil {
		return cache.Key{}, cache.Policy{}, err
	}
	parts := [][]byte{[]byte("view"), v.gateway.fingerprint[:], c.runtime.fingerprint[:], []byte(v.key)}
	for _, value := range c.path {
		parts = append(parts, []byte(value))
	}
	query, err := c.query()
	if err != nil {
		return cache.Key{}, cache.Policy{}, err
	}
	for _, p := range v.program.Query {
		parts = append(parts, []byte(p.Name), []byte(strconv.Itoa(len(query[p.Name]))))
		for _, value := range query[p.Name] {
			parts = append(parts, []byte(value))
		}
	}
	for _, name := range v.headers {
		values := c.r.Header[name]
		parts = append(parts, []byte(name), []byte(strconv.Itoa(len(values))))
		for _, value := range values {
			parts = append(parts, []byte(value))
		}
	}
	return scopedKey(v.doc.Cache.Scope, c, parts), policyOf(v.doc.Cache, tags), nil
}

// scopedKey adds whose answer it is. An answer is the user's unless the document says otherwise only where it depends on one.
func scopedKey(scope string, c *call, parts [][]byte) cache.Key {
	switch scope {
	case "global":
		return cache.SharedKey(parts...)
	case "user":
		parts = append(parts, []byte("user"), []byte(c.subject()))
	}
	return cache.NewKey(string(c.runtime.Tenant.ID), parts...)
}

// subject names the user within the tenant; all who have not signed in are one.
func (c *call) subject() string {
	if c.rec.principal == nil {
		return ""
	}
	return c.rec.principal.ID
}

func policyOf(doc *api.Cache, tags []string) cache.Policy {
	return cache.Policy{
		TTL: time.Duration(doc.TTL), Stale: time.Duration(doc.Stale), StaleIfError: time.Duration(doc.StaleIfError),
		Negative: time.Duration(doc.Negative), Tags: tags,
	}
}

// describe writes Cache-Status (RFC 9211) and Age.
func describe(h http.Header, r cache.Result) {
	h.Set("Cache-Status", r.CacheStatus(cacheName))
	if r.State == cache.Hit || r.State == cache.Stale {
		h.Set("Age", strconv.Itoa(int(r.Age/time.Second)))
	}
}

// cacheName is what Cache-Status calls this cache.
const cacheName = "atrium"

// What Cache-Status says where the cache was not asked, and where it is not yet known to have helped (RFC 9211, section 2.2).
const (
	bypassed  = cacheName + "; fwd=bypass"
	forwarded = cacheName + "; fwd=miss"
)
