// Package proxy passes requests through to an upstream: streamed both ways, with the headers that may cross and no others,
// and with uploads bounded in size and held to their content types.
package proxy
