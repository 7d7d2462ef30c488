package document

import (
	"encoding/json"
	"strings"
)

// unquoted is the text between the quotes at start and before the next byte.
func (r *jsonReader) unquoted(pointer string, start int) string {
	inner := r.source[start+1 : r.at-1]
	if !strings.Contains(inner, `\`) {
		return inner
	}
	var text string
	if err := json.Unmarshal([]byte(r.source[start:r.at]), &text); err != nil {
		r.at = start
		r.fail(pointer, `quoted text has an unknown escape; write \\ for a backslash`)
	}
	return text
}
