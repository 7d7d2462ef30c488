// Package fleet keeps in a Redis what replicas tell each other of their generations: see chat.Shared.
//
// A record is a stream, its entries numbered by who writes it, so that writing one again does nothing. All names of a
// tenant are in one slot of a Cluster. Everything expires.
package fleet
