package docspage

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"time"
)

//go:embed assets
var assets embed.FS

// policy lets the page load its own files and call its own origin, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"form-action 'none'; frame-ancestors 'none'; base-uri 'none'"

// mediaTypes are the files of the page. What mime.TypeByExtension answers depends on the machine.
var mediaTypes = map[string]string{
	"index.html": "text/html; charset=utf-8",
	"docs.css":   "text/css; charset=utf-8",
	"docs.js":    "text/javascript; charset=utf-8",
	"schema.js":  "text/javascript; charset=utf-8",
	"try.js":     "text/javascript; charset=utf-8",
	"icon.svg":   "image/svg+xml",
}

// Serve answers with a file of the page; "" is the page itself. It returns false, and has written nothing, when there is no
// such file. Browsers ask each time whether theirs is current, as a new version of the server may have another.
func Serve(w http.ResponseWriter, r *http.Request, name string) bool {
	if name == "" {
		name = "index.html"
	}
	text, err := assets.ReadFile("assets/" + name)
	if err != nil || mediaTypes[name] == "" {
		return false
	}
	sum := sha256.Sum256(text)
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Content-Type", mediaTypes[name])
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", `"`+hex.EncodeToString(sum[:8])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
	return true
}
