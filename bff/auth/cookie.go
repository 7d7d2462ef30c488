package auth

import (
	"net/http"
	"strings"
)

// The cookies of sign-in. Browsers take a __Host- cookie from its own host over a secure connection only, and count http on localhost
// and its subdomains as one; so a sibling domain can neither read nor plant it.
const (
	sessionCookie = "__Host-session"
	loginCookie   = "__Host-login"
)

// cookie returns a cookie's value; empty when it is not there, or there twice.
func cookie(r *http.Request, name string) string {
	if found := r.CookiesNamed(name); len(found) == 1 {
		return found[0].Value
	}
	return ""
}

// setCookie gives the browser a cookie for some seconds; negative takes it away.
func setCookie(w http.ResponseWriter, name, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: seconds, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// HideCookies takes the cookies of sign-in out of a request: no upstream and no hole may see them.
func HideCookies(h http.Header) {
	lines := h["Cookie"]
	ours := false
	var others []string
	for _, line := range lines {
		for pair := range strings.SplitSeq(line, ";") {
			pair = strings.TrimSpace(pair)
			if name, _, _ := strings.Cut(pair, "="); name == sessionCookie || name == loginCookie {
				ours = true
			} else if pair != "" {
				others = append(others, pair)
			}
		}
	}
	if !ours {
		return
	}
	h.Del("Cookie")
	if len(others) > 0 {
		h.Set("Cookie", strings.Join(others, "; "))
	}
}
