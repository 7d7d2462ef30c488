package proxy

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"atrium/bff/proxy/httpcache"
)

// cached answers from the target's cache.
func (p *Proxy) cached(w http.ResponseWriter, r *http.Request, t *Target) error {
	sent, personal := p.sent(r, t)
	return t.Cache.Serve(w, r, &httpcache.Exchange{
		Tenant: t.Cache.Tenant, Identity: t.Cache.Identity, Sent: sent, Personal: personal,
		RoundTripper: t.RoundTripper, Clean: p.clean,
		Pass: func(by http.RoundTripper, status string) error {
			if by == nil {
				by = t.RoundTripper
			}
			return p.pass(w, r, t, via{by, status})
		},
	})
}

// unkept are request headers that cross, but make no sense for an answer that others may get.
var unkept = []string{
	"Connection", "Te", "Traceparent", "Tracestate", "If-None-Match", "If-Modified-Since", "Idempotency-Key",
	"Sec-Websocket-Key", "Sec-Websocket-Version", "Sec-Websocket-Protocol", "Sec-Websocket-Extensions",
}

// sent is the GET that asks the upstream for what may be kept. personal: one of its headers says who the client is.
func (p *Proxy) sent(r *http.Request, t *Target) (sent *http.Request, personal bool) {
	h := http.Header{}
	for name, values := range r.Header {
		if p.headers[name] && !slices.Contains(unkept, name) {
			h[name] = slices.Clone(values)
		}
	}
	for name := range strings.SplitSeq(r.Header.Get("Connection"), ",") {
		h.Del(strings.TrimSpace(name))
	}
	for _, name := range httpcache.Credentials {
		_, theirs := h[name]
		_, ours := t.Header[name]
		personal = personal || (theirs && !ours)
	}
	if _, ok := h["User-Agent"]; !ok {
		h.Set("User-Agent", "") // none would let net/http add its own
	}
	maps.Copy(h, t.Header)
	return (&http.Request{
		Method: http.MethodGet, URL: p.address(r, t), Header: h,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(r.Context()), personal
}
