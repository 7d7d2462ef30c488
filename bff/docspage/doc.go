// Package docspage is the page at /-/docs that shows a tenant's OpenAPI document to a person: routes, parameters, types, and a
// form to try each of them.
//
// The page is part of the program, loads nothing from elsewhere and runs under a policy that would not let it. It holds no
// data of its own: what it shows it reads from /-/openapi.json, with the key that its reader gives.
package docspage
