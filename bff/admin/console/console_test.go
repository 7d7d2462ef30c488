package console

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
)

func get(t *testing.T, method, target, ifNoneMatch string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, target, http.NoBody)
	if ifNoneMatch != "" {
		r.Header.Set("If-None-Match", ifNoneMatch)
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w.Result()
}

func TestEveryAnswerIsBoundByThePolicy(t *testing.T) {
	for target, want := range map[string]struct {
		status    int
		mediaType string
	}{
		"/":                     {http.StatusOK, "text/html; charset=utf-8"},
		"/console/app.js":       {http.StatusOK, "text/javascript; charset=utf-8"},
		"/console/base.css":     {http.StatusOK, "text/css; charset=utf-8"},
		"/console/icon.svg":     {http.StatusOK, "image/svg+xml"},
		"/console/":             {http.StatusNotFound, ""},
		"/console/../doc.go":    {http.StatusNotFound, ""},
		"/console/index.html":   {http.StatusNotFound, ""},
		"/console/console.go":   {http.StatusNotFound, ""},
		"/index.html":           {http.StatusNotFound, ""},
		"/console/app.js/extra": {http.StatusNotFound, ""},
	} {
		resp := get(t, http.MethodGet, target, "")
		if resp.StatusCode != want.status || resp.Header.Get("Content-Type") != want.mediaType {
			t.Errorf("%s: got %d %q, want %d %q", target, resp.StatusCode, resp.Header.Get("Content-Type"), want.status, want.mediaType)
		}
		csp := resp.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(csp, "default-src 'none'; ") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: the policy is %q", target, csp)
		}
		if resp.Header.Get("X-Content-Type-Options") != "nosniff" || resp.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: the headers are %v", target, resp.Header)
		}
	}
}

func TestAFileIsSentOnceAVersion(t *testing.T) {
	first := get(t, http.MethodGet, "/console/app.js", "")
	etag := first.Header.Get("ETag")
	if etag == "" || first.Header.Get("Cache-Control") != "no-cache" {
		t.Fatalf("the headers are %v", first.Header)
	}
	if again := get(t, http.MethodGet, "/console/app.js", etag); again.StatusCode != http.StatusNotModified {
		t.Errorf("got %d for a known version, want 304", again.StatusCode)
	}
	if other := get(t, http.MethodGet, "/console/app.js", `"other"`); other.StatusCode != http.StatusOK {
		t.Errorf("got %d for another version, want 200", other.StatusCode)
	}
}

func TestOnlyReading(t *testing.T) {
	if resp := get(t, http.MethodPost, "/", ""); resp.StatusCode != http.StatusMethodNotAllowed ||
		resp.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: got %d, Allow %q", resp.StatusCode, resp.Header.Get("Allow"))
	}
	if resp := get(t, http.MethodHead, "/", ""); resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Length") == "" {
		t.Errorf("HEAD: got %d, %v", resp.StatusCode, resp.Header)
	}
}

// forbidden is what the policy would block or what would put text into the page as HTML.
var forbidden = map[string]*regexp.Regexp{
	"another origin":    regexp.MustCompile(`(https?:)?//[a-z0-9-]+\.[a-z]`),
	"HTML out of text":  regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|srcdoc`),
	"code out of text":  regexp.MustCompile(`\beval\(|new Function|setTimeout\("|javascript:`),
	"an inline handler": regexp.MustCompile(`<[^>]+\son[a-z]+=`),
	"inline code":       regexp.MustCompile(`<script>|<style|\sstyle="`),
}

func TestAssetsNeedNothingElse(t *testing.T) {
	imported := regexp.MustCompile(`(?m)(?:^import .* from |src=|href=)"([^"#$]+)"`)
	err := fs.WalkDir(assets, "assets", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := assets.ReadFile(name)
		if err != nil {
			return err
		}
		if mediaTypes[path.Ext(name)] == "" {
			t.Errorf("%s has no media type", name)
		}
		if path.Ext(name) == ".svg" { // its namespace is an address
			return nil
		}
		for what, pattern := range forbidden {
			if found := pattern.Find(text); found != nil {
				t.Errorf("%s has %s: %s", name, what, found)
			}
		}
		for _, m := range imported.FindAllSubmatch(text, -1) {
			if _, err := assets.ReadFile("assets/" + path.Base(string(m[1]))); err != nil {
				t.Errorf("%s refers to %s: %v", name, m[1], err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
