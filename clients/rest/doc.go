// Package rest calls upstream operations: typed by an OpenAPI document, or declared inline.
//
//	LoadSpec, Inline --> *Operation --Request(target, args)--> *Request --Client.Do--> *Response
//
// An Upstream is shared by all tenants of an API; a Target is one tenant's view of it: address, headers, breaker and
// share. A Request is checked and escaped when it is built, so that no value can leave its place in the URL.
package rest
