package proxy

import (
	"mime"
	"strings"

	"github.com/gabriel-vasile/mimetype"
)

// sniffLength is how much of a body decides what it looks like.
const sniffLength = 3072

// matches reports whether a media type is one of the patterns: type/subtype or type/*.
func matches(patterns []string, mediaType string) bool {
	base, _, err := mime.ParseMediaType(mediaType)
	if err != nil {
		return false
	}
	for _, pattern := range patterns {
		if pattern == "*/*" || strings.EqualFold(pattern, base) {
			return true
		}
		if kind, ok := strings.CutSuffix(strings.ToLower(pattern), "/*"); ok && strings.HasPrefix(base, kind+"/") {
			return true
		}
	}
	return false
}

// looksLike reports whether bytes look like one of the patterns. A type counts as its more general ones too: SVG is XML is text.
func looksLike(patterns []string, head []byte) bool {
	for m := mimetype.Detect(head); m != nil; m = m.Parent() {
		if matches(patterns, m.String()) {
			return true
		}
	}
	return false
}
