package api

// about says what the members of an API document are for, to people who write one with a form or an editor.
func about() []map[string]string {
	return []map[string]string{aboutUpstreams(), aboutRoutes()}
}

func aboutUpstreams() map[string]string {
	return map[string]string{ //nolint:gosec // words about credentials, none of which is one
		"API.upstreams": "the HTTP APIs that routes call, by name",
		"API.models":    "chat models behind OpenAI-compatible upstreams, by name",
		"API.routes":    `what is served: "GET /dashboard/{id}" -> a view, proxy, chat or webhook`,
		"API.auth":      "who may call, where a route does not say; none when left out",
		"API.openai":    "serve /v1/chat/completions, /v1/embeddings and /v1/models",
		"API.timeout":   "of a view as a whole; 10s when left out",

		"Upstream.spec":       "the OpenAPI document (kind specs) that types this upstream",
		"Upstream.operations": `without a spec: names of calls -> "GET /path/{id}"`,
		"Upstream.baseUrl":    "its address; holes may name vars and secrets",
		"Upstream.timeout":    "of one call; 5s when left out",
		"Upstream.headers":    "sent with every call; holes may name vars and secrets",
		"Upstream.forward":    "request headers of the caller that are passed on",
		"Upstream.maxAnswer":  "answers beyond it fail; 8MiB when left out",
		"Upstream.retry":      "of idempotent calls; off, or attempts",
		"Upstream.breaker":    "stops calls to an upstream that fails; off, or when",
		"Upstream.shared":     "answers may be shared between tenants",
		"Retry.attempts":      "tries in all; 3 when left out",
		"Breaker.failures":    "in a row; 5 when left out",
		"Breaker.open":        "how long before a call probes again; 5s when left out",

		"Model.baseUrl":            "up to and including /v1",
		"Model.apiKey":             "sent to the model's upstream; usually a hole over secrets",
		"Model.model":              "the name the upstream knows it by",
		"Model.fallbacks":          "models tried next when this one fails before its first word",
		"Model.maxTokens":          "of one answer",
		"Model.onDisconnect":       "what becomes of an answer that nobody watches; cancel when left out",
		"Model.price":              "of a million tokens",
		"ModelTimeouts.firstToken": "20s when left out",
		"ModelTimeouts.idle":       "between two tokens; 30s when left out",
		"ModelTimeouts.total":      "5m when left out",
	}
}

func aboutRoutes() map[string]string {
	return map[string]string{
		"Route.summary":  "one line, for the API's documentation and for models that use the route as a tool",
		"Route.auth":     "who may call; the API's when left out",
		"Route.input":    "types of what a caller sends, as JSON Schema",
		"Route.steps":    "the calls of a view; each runs as soon as what it refers to is there",
		"Route.cache":    "keeps answers; nothing is kept when left out",
		"Route.purges":   "cache tags that a success makes stale",
		"Route.timeout":  "of the whole view; the API's when left out",
		"Route.response": "a template of the answer",
		"Route.proxy":    "passes requests through",
		"Route.chat":     "answers with a model",
		"Route.webhook":  "takes signed calls from elsewhere",
		"Auth.roles":     "any one of them is needed",
		"Auth.scopes":    "all of them are needed",
		"Input.path":     "JSON Schemas of the path's parameters",
		"Input.query":    "JSON Schemas of query parameters",
		"Input.body":     "a JSON Schema, or upstream.operation whose body it is",

		"Step.call":        "upstream.operation",
		"Step.with":        "path, query and header parameters by name",
		"Step.body":        "a template of the body",
		"Step.headers":     "sent with this call",
		"Step.each":        `calls once for each element: "o in ${orders.items}"`,
		"Step.concurrency": "calls of each at once; 8 when left out",
		"Step.maxItems":    "elements of each; 100 when left out",
		"Step.optional":    "a failure makes it null",
		"Step.default":     "used when the call fails",
		"Step.timeout":     "of this call; the upstream's when left out",
		"Step.cache":       "keeps this call's answers",

		"Cache.ttl":          "how long an answer is fresh",
		"Cache.stale":        "served for so much longer while one refresh runs",
		"Cache.staleIfError": "served for so much longer while the upstream fails",
		"Cache.scope":        "who shares an answer; tenant when left out",
		"Cache.tags":         "by which it is purged",
		"Cache.vary":         "request headers that are part of the key",
		"Cache.negative":     "how long a 404 or 410 is kept; not at all when left out",

		"Proxy.upstream":     "where requests go",
		"Proxy.strip":        "path prefix taken off",
		"Proxy.maxBody":      "the plan's when left out",
		"Proxy.contentTypes": "allowed for request bodies, such as image/*; any when left out",
		"Proxy.cache":        "http: as the upstream's headers say",
		"Chat.model":         "a model of this document",
		"Chat.system":        "the prompt; callers cannot change it",
		"Chat.tools":         "GET routes that the model may call",
		"Webhook.scheme":     "how calls are signed",
		"Webhook.secret":     "usually a hole that names a secret",
		"Webhook.purges":     "cache tags that a call makes stale; holes may name body",
	}
}
