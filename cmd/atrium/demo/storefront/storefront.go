package storefront

import (
	"embed"
	"io/fs"
	"net/http"
	"strings"
)

//go:embed pages
var embedded embed.FS

// policy lets the page load its own files and call its own origin, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler serves the page at "/" and its files below "/assets/". Mount it behind http.StripPrefix.
func Handler() http.Handler {
	pages, err := fs.Sub(embedded, "pages")
	if err != nil { // cannot be: the folder is part of the program
		return http.NotFoundHandler()
	}
	files := http.FileServerFS(pages)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Cache-Control", "no-cache") // the next version of the binary has other files at the same addresses
		if strings.HasSuffix(r.URL.Path, "/") && r.URL.Path != "/" {
			http.NotFound(w, r) // a folder is not listed
			return
		}
		files.ServeHTTP(w, r)
	})
}
