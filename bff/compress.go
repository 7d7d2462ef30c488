package bff

import (
	"net/http"

	"github.com/klauspost/compress/gzhttp"
)

// compressible are the types that shrink; event streams are not among them, because a compressor holds events back.
var compressible = []string{
	"application/json", "application/problem+json", "application/yaml", "application/xml", "application/javascript",
	"text/css", "text/csv", "text/html", "text/javascript", "text/plain", "text/xml", "image/svg+xml",
}

// minCompressed is the size from which compressing pays.
const minCompressed = 1024

func compress() func(http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(minCompressed), gzhttp.ContentTypes(compressible), gzhttp.EnableZstd(true),
		gzhttp.SuffixETag("")) // the ETag is of the content: a 304 must match whatever the coding was
	if err != nil {
		panic(err) // constants above: a test would have found it
	}
	return func(h http.Handler) http.Handler { return wrap(h) }
}
