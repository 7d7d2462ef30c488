// Package redistest runs real Redis servers for tests: on free ports of the loopback, stopped by their handles.
package redistest
