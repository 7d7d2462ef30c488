package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed assets
var assets embed.FS

// policy lets the page load its own files and call its own origin, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
	"form-action 'none'; frame-ancestors 'none'; base-uri 'none'"

// mediaTypes are fixed here: what mime.TypeByExtension answers depends on the machine.
var mediaTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// A file is an asset with what its answer needs.
type file struct {
	text      []byte
	etag      string
	mediaType string
}

// Handler serves the page at "/" and its files below "/console/". It answers GET and HEAD; anything else is 404 or 405
// without a body. Files may be kept by the browser but are asked about each time, as a new version of the server may
// have changed them.
func Handler() http.Handler {
	files, err := load()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err != nil { // cannot be: the files are part of the program
			http.Error(w, "the console's files cannot be read", http.StatusInternalServerError)
			return
		}
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			header.Set("Allow", "GET, HEAD")
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		f, ok := files[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		header.Set("Content-Type", f.mediaType)
		header.Set("Cache-Control", "no-cache")
		header.Set("ETag", f.etag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.text))
	})
}

// load reads the assets by the paths they are served at.
func load() (map[string]file, error) {
	files := map[string]file{}
	err := fs.WalkDir(assets, "assets", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := assets.ReadFile(name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(text)
		f := file{text: text, etag: `"` + hex.EncodeToString(sum[:12]) + `"`, mediaType: mediaTypes[path.Ext(name)]}
		at := "/console/" + strings.TrimPrefix(name, "assets/")
		if at == "/console/index.html" {
			at = "/"
		}
		files[at] = f
		return nil
	})
	return files, err
}
