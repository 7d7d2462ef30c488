// Package api is the API document: what it may say, decoded strictly, and checked for all that needs no types.
// Types are checked where they are used: in bff/view for views, in bff/chat for chats.
//
//	*document.Node --Decode--> *API (valid as far as no types are needed)
//	RouteDocs (typed by the views) --OpenAPI--> the tenant's OpenAPI 3.1 document
//
// Reading order: api.go (the document), decode.go and route.go (what is checked), pattern.go and conflict.go (paths),
// openapi.go (out).
package api
