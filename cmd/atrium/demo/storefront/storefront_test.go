package storefront

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHandler(t *testing.T) {
	h := http.StripPrefix("/site", Handler())
	for path, want := range map[string]struct {
		status          int
		mediaType, text string
	}{
		"/site/":                 {200, "text/html", `<script type="module" src="/assets/app.js">`},
		"/site/assets/app.js":    {200, "text/javascript", "/dashboard/"},
		"/site/assets/style.css": {200, "text/css", "--brand"},
		"/site/assets/icon.svg":  {200, "image/svg+xml", "<svg"},
		"/site/assets/none.js":   {404, "text/plain", ""},
		"/site/../storefront.go": {404, "text/plain", ""},
		"/site/assets/../doc.go": {404, "text/plain", ""},
		"/site/assets/chat.js":   {200, "text/javascript", "/assistant"},
		"/site/assets/sse.js":    {200, "text/javascript", "event-stream"},
		"/site/assets/":          {404, "text/plain", ""},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, http.NoBody))
		if w.Code != want.status || !strings.HasPrefix(w.Header().Get("Content-Type"), want.mediaType) ||
			!strings.Contains(w.Body.String(), want.text) {
			t.Errorf("%s: got %d %s", path, w.Code, w.Header().Get("Content-Type"))
		}
		if csp := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") {
			t.Errorf("%s: the policy is %q", path, csp)
		}
	}
}

func TestThePageLoadsNothingFromElsewhere(t *testing.T) {
	for _, name := range []string{"index.html", "assets/app.js", "assets/chat.js", "assets/dom.js", "assets/sse.js", "assets/style.css"} {
		text, err := embedded.ReadFile("pages/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{
			"https://", "http://", "innerHTML", "insertAdjacentHTML", "document.write", "eval(", "<style", " style=\"",
		} {
			if strings.Contains(string(text), bad) {
				t.Errorf("%s has %s", name, bad)
			}
		}
	}
}
