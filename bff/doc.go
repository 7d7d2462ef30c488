// Package bff is the server: the pipeline of a request, the compiled gateway of an API, the runtime of a tenant,
// and the life of the listeners.
//
//	pipeline:  record -> request id -> trace -> recover -> compress -> resolve tenant -> CORS -> the API's engine
//	engine:    route -> auth -> limits -> handler (view, proxy, chat, webhook)
//	view:      cache -> view program -> per step: cache -> typed call -> splice -> write
//
// Everything a request is served from is an immutable snapshot of the tenants.Directory: a *gateway per API revision,
// shared by its tenants, and a *Runtime per tenant. Errors are returned up and rendered once, at the edge.
package bff
