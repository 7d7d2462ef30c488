// Package admin is the operators' listener: documents with revisions, purges, traces, status, metrics and the console.
//
// A change is parsed strictly, checked whole, compiled, compared with the revision it is based on, persisted and swapped in;
// ?dryRun=true is the same path without the last three. The package knows no route and no gateway: it works on what its
// Options name.
package admin
