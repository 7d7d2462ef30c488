package store

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"atrium/tenants"
)

// A head is what is known of a revision besides its text.
type head struct {
	Revision int64  `json:"revision"`
	Modified int64  `json:"modified"` // Unix milliseconds
	By       string `json:"by"`
	Path     string `json:"path"`
	Deleted  bool   `json:"deleted,omitempty"`
}

func (h head) time() time.Time { return time.UnixMilli(h.Modified).UTC() }

// A redisRecord is one revision of a document as Redis holds it: the head as JSON, a newline, and the text.
type redisRecord struct {
	head

	text  []byte
	fault string // why it makes no sense; empty when it does
}

// parseRecord reads a record. One that makes no sense is a document with a fault.
func parseRecord(record string) redisRecord {
	line, text, ok := strings.Cut(record, "\n")
	if !ok {
		return redisRecord{fault: "is not a record"}
	}
	rec := redisRecord{text: []byte(text)}
	if err := json.Unmarshal([]byte(line), &rec.head); err != nil {
		return redisRecord{fault: fmt.Sprintf("is not a record: %v", err)}
	}
	return rec
}

func (r redisRecord) document(key string) tenants.Document {
	kind, name, _ := strings.Cut(key, "/")
	doc := tenants.Document{
		Kind: tenants.Kind(kind), Name: name, Text: r.text, Revision: r.Revision, Modified: r.time(), Path: r.Path,
		Fault: r.fault,
	}
	if doc.Path == "" {
		doc.Path = key
	}
	return doc
}
