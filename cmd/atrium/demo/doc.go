// Package demo is what `atrium demo` serves besides the server: documents of two tenants, two upstreams with OpenAPI documents, a small
// file store, the storefront's page, and a model that needs no key.
package demo
