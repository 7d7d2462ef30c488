package docspage_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"atrium/bff/docspage"
)

func get(t *testing.T, name string, header ...string) (*http.Response, string, bool) {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/-/docs", http.NoBody)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	ok := docspage.Serve(w, r, name)
	return w.Result(), w.Body.String(), ok
}

// TestThePageIsWhole holds that all that the page refers to is there, is its own, and that nothing runs inline.
func TestThePageIsWhole(t *testing.T) {
	res, page, ok := get(t, "")
	if policy := res.Header.Get("Content-Security-Policy"); !ok || !strings.Contains(policy, "default-src 'none'") ||
		strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
		t.Errorf("the policy is %q", policy)
	}
	if strings.Contains(page, "<style") || regexp.MustCompile(`<script[^>]*>[^<]|\son[a-z]+=|\sstyle=`).MatchString(page) {
		t.Error("the page has something inline")
	}
	files := []string{page}
	for _, m := range regexp.MustCompile(`(?:src|href)="/-/docs/([^"]+)"`).FindAllStringSubmatch(page, -1) {
		_, text, ok := get(t, m[1])
		if !ok {
			t.Errorf("the page refers to %s, which is not there", m[1])
		}
		files = append(files, text)
		for _, dep := range regexp.MustCompile(`from "\./([^"]+)"`).FindAllStringSubmatch(text, -1) {
			_, more, ok := get(t, dep[1])
			if !ok {
				t.Errorf("%s imports %s, which is not there", m[1], dep[1])
			}
			files = append(files, more)
		}
	}
	if len(files) < 5 {
		t.Errorf("%d files found: the search is broken", len(files))
	}
	for _, text := range files {
		elsewhere := regexp.MustCompile(`https?://[^"'\s]*|innerHTML|eval\(`).FindAllString(text, -1)
		for _, found := range elsewhere {
			if found != "http://www.w3.org/2000/svg" {
				t.Errorf("a file of the page has %s", found)
			}
		}
	}
}

func TestWhatIsNotThere(t *testing.T) {
	for _, name := range []string{"nothing.js", "../docspage.go", "assets/docs.js", "/", "."} {
		if _, text, ok := get(t, name); ok || text != "" {
			t.Errorf("%q is answered with %q", name, text)
		}
	}
}

func TestTheBrowserKeepsThePage(t *testing.T) {
	first, _, _ := get(t, "docs.js")
	again, text, _ := get(t, "docs.js", "If-None-Match", first.Header.Get("Etag"))
	if again.StatusCode != http.StatusNotModified || text != "" {
		t.Errorf("asked again with the ETag: %d", again.StatusCode)
	}
}
