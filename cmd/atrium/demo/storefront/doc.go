// Package storefront is the demo's frontend: a page that any tenant of the API "storefront" could have.
//
// It is plain HTML, CSS and ES modules, embedded as written. It calls the routes of the host that it is served from and
// knows nothing of tenants: name and colour come from GET /brand, customers from GET /customers, the page's content from
// GET /dashboard/{id}, products from GET /catalog/products, and the assistant streams from POST /assistant.
// Below each answer it shows what the server says of it: parts, cache, limits and the trace's id.
package storefront
