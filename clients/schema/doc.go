// Package schema is the type model: what JSON a value holds, as far as anybody declared it.
//
//	OpenAPI 3.0 and 3.1, JSON Schema --Reader, FromNode, FromJSON--> *Type --JSONSchema--> JSON Schema 2020-12
//	                                                                  |--Check, CheckInput--> mistakes in JSON text
//	                                                                  `--AssignableTo--> mismatches between types
//
// Types come from upstreams' documents and flow through views into the API that tenants' frontends see.
package schema
