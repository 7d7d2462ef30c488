// Package issuertest is an OpenID Connect issuer for tests: it keeps to the standard until a test makes it do otherwise.
package issuertest
