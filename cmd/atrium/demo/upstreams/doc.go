// Package upstreams is the demo's pretend business: a CRM, a shop and a file store, one set of data a tenant.
//
//	/crm/customers      crm.yaml, OpenAPI 3.0; Authorization: Bearer demo-crm-token-{tenant}
//	/shop/orders ...    shop.yaml, OpenAPI 3.1; no token
//	/files/{name}       PUT, GET, HEAD and DELETE of images
//
// The data is made from word lists by a seed that is the tenant's name: 120 customers and 2,400 orders that are the same
// in every run, but differ between tenants. What is ordered or uploaded lives as long as the process.
//
// Operations can be made slow or failing, so that timeouts, defaults and breakers can be watched. For one call by its
// headers X-Demo-Delay: 400ms and X-Demo-Status: 503; for an operation, until it is taken back or has hit so many calls:
//
//	curl -X PUT    'http://UPSTREAMS/acme/shop/-/faults/listOrders?delay=400ms&status=503&times=3'
//	curl -X DELETE 'http://UPSTREAMS/acme/shop/-/faults/listOrders'
package upstreams
