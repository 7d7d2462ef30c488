// Package auth says who calls: API keys, JWTs and browser sessions of a tenant become a Principal, and a route's rule lets it pass or
// not.
//
//	request --Guard.Principal--> *Principal (nil: nobody) --Allow(rule)--> nil, 401 or 403
//
// A browser signs in with OpenID Connect: /-/auth/login (ServeLogin) --> the issuer --> /-/auth/callback (ServeCallback), which starts a
// session. The browser holds the session's id, the store holds it sealed (package sessions), and its tokens go to upstreams only.
package auth
