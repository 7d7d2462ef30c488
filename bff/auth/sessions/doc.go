// Package sessions keeps small secret records with a lifetime, in memory or in Redis: who has signed in, and who is about to.
// What it is given is sealed already; a Store can neither read it nor tell whose it is.
package sessions
