// Package auth says who calls: API keys and JWTs of a tenant become a Principal, and a route's rule lets it pass or not.
//
//	request --Guard.Principal--> *Principal (nil: nobody) --Allow(rule)--> nil, 401 or 403
package auth
