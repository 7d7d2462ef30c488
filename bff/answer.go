package bff

import (
	"encoding/base64"
	"encoding/binary"
	"maps"
	"net/http"
	"strconv"
	"strings"

	"github.com/zeebo/xxh3"

	"atrium/cache"
)

// answer writes a view's answer: with its ETag, and as 304 where the client has it already.
func answer(c *call, e *cache.Entry) error {
	h := c.w.Header()
	maps.Copy(h, e.Header)
	read := c.r.Method == http.MethodGet || c.r.Method == http.MethodHead
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
		if read {
			h.Set("Cache-Control", "private, no-cache") // kept by the browser, and asked about each time
		}
	}
	if read && e.Status == http.StatusOK {
		tag := e.ETag
		if tag == "" {
			tag = strongETag(e.Body)
		}
		h.Set("ETag", tag)
		if matchesETag(c.r.Header.Values("If-None-Match"), tag) {
			h.Del("Content-Type")
			c.w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	if e.Body != nil {
		h.Set("Content-Length", strconv.Itoa(len(e.Body)))
	}
	c.w.WriteHeader(e.Status)
	if e.Body != nil && c.r.Method != http.MethodHead {
		_, _ = c.w.Write(e.Body) // a client that has gone needs no answer
	}
	return nil
}

// strongETag is equal for equal bytes (RFC 9110, section 8.8.3).
func strongETag(body []byte) string {
	sum := binary.BigEndian.AppendUint64(nil, xxh3.Hash(body))
	return `"` + base64.RawURLEncoding.EncodeToString(sum) + `"`
}

// matchesETag compares weakly, as If-None-Match does (RFC 9110, section 13.1.2).
func matchesETag(header []string, tag string) bool {
	for _, line := range header {
		for candidate := range strings.SplitSeq(line, ",") {
			candidate = strings.TrimSpace(candidate)
			if candidate == "*" || strings.TrimPrefix(candidate, "W/") == tag {
				return true
			}
		}
	}
	return false
}
